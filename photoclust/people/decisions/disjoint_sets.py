"""Links accepted one after another: what is accepted first holds, and says which line stood in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator


class DisjointSets:
    """Sets of faces that belong together, and pairs of sets that are apart.

    A face is a row. Every link carries the number of the line that asked for it. Sets are a forest whose
    roots are joined by size and whose paths stay as they are, so that the path between two faces tells which
    line brought them together.
    """

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._link: dict[int, tuple[int, int]] = {}  # to the parent: how many were before it, and its line
        self._rows: dict[int, list[int]] = {}
        self._apart: dict[int, dict[int, int]] = {}  # root: {root: line}

    def find(self, row: int) -> int:
        """Root of the set a face is in."""
        while row in self._parent:
            row = self._parent[row]
        return row

    def rows(self, row: int) -> list[int]:
        """All faces of the set a face is in."""
        root = self.find(row)
        return self._rows.get(root, [root])

    def sets(self) -> list[list[int]]:
        """All sets of two faces or more."""
        return list(self._rows.values())

    def barrier(self, one: int, other: int) -> int | None:
        """Line that keeps the sets of two faces apart, if one does."""
        return self._apart.get(self.find(one), {}).get(self.find(other))

    def joined_by(self, one: int, other: int) -> int:
        """Line by which two faces of one set came together: the last accepted on the path between them."""
        above = set(self._path(one))
        meet = next(row for row in self._path(other) if row in above)
        links: list[tuple[int, int]] = []
        for row in (one, other):
            while row != meet:
                links.append(self._link[row])
                row = self._parent[row]
        return max(links)[1]

    def _path(self, row: int) -> Iterator[int]:
        yield row
        while row in self._parent:
            row = self._parent[row]
            yield row

    def join(self, rows: Iterable[int], line: int) -> tuple[list[int], int | None]:
        """Put faces together, as many as nothing keeps apart.

        Where some must be apart, those stay that have the fewest others against them.

        Returns
        -------
        The faces that are together now, and the line that kept another out, if one did.
        """
        sets: dict[int, list[int]] = {}
        for row in rows:
            sets.setdefault(self.find(row), []).append(row)
        against = {root: sum(other in sets for other in self._apart.get(root, ())) for root in sets}
        taken: list[int] = []
        refused: int | None = None
        for root in sorted(sets, key=lambda r: (against[r], -len(sets[r]), r)):
            barriers = self._apart.get(root, {})
            blocks = [barriers[other] for other in taken if other in barriers] if barriers else []
            if blocks:
                refused = blocks[0] if refused is None else refused
            else:
                taken.append(root)
        for root in taken[1:]:
            self._unite(taken[0], root, line)
        return [row for root in taken for row in sets[root]], refused

    def part(self, left: Iterable[int], right: Iterable[int], line: int) -> tuple[list[int], list[int]]:
        """Keep two sides apart; what the other side has more of is not this side's.

        Returns
        -------
        The faces of the two sides that are apart now: both lists empty where a side has none left.
        """
        left, right = list(left), list(right)
        balance: Counter[int] = Counter()
        for row in left:
            balance[self.find(row)] += 1
        for row in right:
            balance[self.find(row)] -= 1
        left = [row for row in left if balance[self.find(row)] > 0]
        right = [row for row in right if balance[self.find(row)] < 0]
        if not (left and right):
            return [], []
        for one in {self.find(row) for row in left}:
            for other in {self.find(row) for row in right}:
                self._apart.setdefault(one, {}).setdefault(other, line)
                self._apart.setdefault(other, {}).setdefault(one, line)
        return left, right

    def _unite(self, one: int, other: int, line: int) -> None:
        one, other = self.find(one), self.find(other)
        if len(self.rows(one)) < len(self.rows(other)):
            one, other = other, one
        self._link[other] = len(self._link), line
        self._rows.setdefault(one, [one]).extend(self._rows.pop(other, [other]))
        self._parent[other] = one
        for third, why in self._apart.pop(other, {}).items():
            del self._apart[third][other]
            self._apart.setdefault(one, {}).setdefault(third, why)
            self._apart[third].setdefault(one, why)
