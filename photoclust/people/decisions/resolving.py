"""From decisions to what must be together and apart, free of contradictions.

The rules:

- The latest decision is taken first, and an older one is taken as far as those taken before allow. What
  cannot be taken at all is reported together with the line that stands against it.
- Faces put together inherit from one another what they are kept apart from; so do near-identical faces.
- Faces that stand for a person give way to a later line about themselves: "not her" said of one of them
  leaves the rest of them her. A later split leaves of a name the faces it says stay: the others go where they
  look to belong.
- One name is one person: who is named like another is joined with them, unless said to be different.
- What is said of a finding that is no face, or of a drawn face that is not there yet, waits without a word.
- A person who was named, merged or ignored is never joined with another such person on evidence alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from photoclust.people.clustering.constraints import Constraints
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.decisions.disjoint_sets import DisjointSets
from photoclust.people.decisions.file import Decisions
from photoclust.people.decisions.line import (
    COVER,
    DIFFERENT,
    DRAW,
    IGNORE,
    MERGE,
    NAME,
    NOT_A_FACE,
    SAME,
    SPLIT,
    UNDONE,
    Decision,
)
from photoclust.people.decisions.which_faces import which_faces
from photoclust.types import Rows


@dataclass(frozen=True)
class Resolution:
    """What the decisions come to.

    Attributes
    ----------
    constraints
        For verification.
    names
        Row of a face: the name of the person who ends up with it.
    ignored
        Rows of faces whose person is ignored.
    covers
        Rows of faces that stand for their person, the latest choice first.
    problems
        One sentence for each decision that could not be applied, or not to all of its faces.
    """

    constraints: Constraints
    names: Mapping[int, str] = field(default_factory=dict[int, str])
    ignored: frozenset[int] = frozenset()
    covers: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()


def resolve(decisions: Decisions, face_ids: Sequence[str], near_duplicates: Rows) -> Resolution:
    """Resolve decisions to the rows of the faces they speak of.

    Parameters
    ----------
    decisions
        As read.
    face_ids
        Id of each of n faces.
    near_duplicates
        int64, shape (n,): burst of each, equal for near-identical faces.
    """
    if not decisions.lines:
        return Resolution(Constraints.none(len(face_ids)))
    spoken_of = {face for line in decisions.lines for side in (line.faces, line.others) for face in side}
    position = {face: row for row, face in enumerate(face_ids) if face in spoken_of}
    which = which_faces(decisions)
    resolver = _Resolver(near_duplicates, which.not_faces.union(which.drawn).difference(position))
    for decision in reversed(decisions.lines):
        if decision.kind in (NOT_A_FACE, DRAW):
            continue
        faces, others = (
            [position[face] for face in side if face in position]
            for side in (decision.faces, decision.others)
        )
        if resolver.understood(decision, faces, others):
            resolver.take(decision, faces, others)
    resolver.join_namesakes()
    return resolver.resolution(len(face_ids))


class _Resolver:
    """Takes decisions, latest first."""

    def __init__(self, near_duplicates: Rows, absent: frozenset[str] = frozenset()) -> None:
        self.near_duplicates = near_duplicates
        self.absent = absent  # faces of which it is known why they are not there
        self.burst = _bursts(near_duplicates)
        self.links = DisjointSets()
        self.starts = DisjointSets()
        self.apart: list[tuple[list[int], list[int]]] = []
        self.alone: set[int] = set()  # a person, even if there is no other face of theirs
        self.certain: set[int] = set()
        self.split: dict[int, list[int]] = {}  # a face that was taken out: who stays
        self.names: dict[int, Decision] = {}  # by a face of the person
        self.ignored: dict[int, Decision] = {}
        self.merged: list[int] = []
        self.covers: list[int] = []
        self.problems: list[tuple[int, str]] = []

    # -- one decision ---------------------------------------------------------------------------------

    def understood(self, decision: Decision, faces: list[int], others: list[int]) -> bool:
        """Report faces that are not in the index; tell whether enough are."""
        lost = len(decision.faces) - len(faces) - len(self.absent.intersection(decision.faces))
        enough = bool(faces) and (bool(others) or not decision.others)
        if not enough and self.absent.issuperset(decision.others if faces else decision.faces):
            return False
        if not enough:
            whose = "its faces" if not faces else "its other faces"
            self._report(decision, f"none of {whose} is in this index", applied=False)
        elif lost and decision.kind not in (NAME, MERGE, IGNORE):
            self._report(decision, f"{lost} of its {len(decision.faces)} faces are not in this index")
        return enough

    def take(self, decision: Decision, faces: list[int], others: list[int]) -> None:
        """Apply a decision as far as those taken before allow."""
        kind, line = decision.kind, decision.line
        if kind == COVER:
            self.covers.append(faces[0])
        elif kind == MERGE:
            self._merge(decision, faces, others)
        elif kind in (NAME, IGNORE):
            kept, _ = self._together(self._unsplit(faces), line)
            self.alone.add(kept[0])
            (self.names if kind == NAME else self.ignored).setdefault(kept[0], decision)
        elif kind == SAME:
            kept, barrier = self._together([*faces, *others], line)
            if not set(faces) <= set(kept) or (others and not set(others) & set(kept)):
                self._contradicts(decision, barrier, applied=len(kept) > 1)
            self.certain.update(set(faces) & set(kept) if len(kept) > 1 else ())
        else:
            self._part(decision, faces, others)

    def _together(self, rows: list[int], line: int) -> tuple[list[int], int | None]:
        kept, barrier = self.links.join(rows, line)
        self.starts.join(kept, line)
        return kept, barrier

    def _unsplit(self, faces: list[int]) -> list[int]:
        """Faces of a person without those a later split may have meant to go along with what it took out."""
        stay = {row for face in faces for row in self.split.get(face, ())}
        return [face for face in faces if face in stay] or faces

    def _merge(self, decision: Decision, faces: list[int], others: list[int]) -> None:
        one, _ = self._together(faces, decision.line)
        other, _ = self._together(others, decision.line)
        both, barrier = self.links.join([one[0], other[0]], decision.line)
        if len(both) == 2:
            self.merged += both
            self.alone.update(both)
        else:
            self._contradicts(decision, barrier, applied=False)

    def _part(self, decision: Decision, faces: list[int], others: list[int]) -> None:
        if decision.kind == SPLIT:
            faces, barrier = self._together(faces, decision.line)
            self.alone.update(faces)
            self.certain.update(faces)
            if barrier is not None:
                self._contradicts(decision, barrier)
        near = self._twins_of(faces)
        others = [row for row in others if row not in near] or others
        left, right = self.links.part(faces, others, decision.line)
        if len(left) < len(faces) and (decision.kind != DIFFERENT or not left):
            lost = next(row for row in faces if row not in left)
            self._contradicts(decision, self._tie(lost, others), applied=bool(left))
        far = self._twins_of(right) if decision.kind == DIFFERENT else set[int]()
        left, right = left + self._free(near - far, right), right + self._free(far - near, left)
        if left and right:
            self.links.part(left, right, decision.line)
            self.apart.append((left, right))
            if decision.kind == SPLIT:
                self.split |= dict.fromkeys(faces, right)

    def _twins_of(self, rows: Iterable[int]) -> set[int]:
        return {twin for row in rows for twin in self.burst.get(int(self.near_duplicates[row]), ())} - set(
            rows
        )

    def _free(self, near_duplicates: set[int], against: list[int]) -> list[int]:
        """Twins that no decision has put anywhere yet."""
        taken = {*against}
        return sorted(twin for twin in near_duplicates - taken if len(self.links.rows(twin)) == 1)

    def _tie(self, face: int, others: list[int]) -> int | None:
        """Line that put a face together with one of the others."""
        root = self.links.find(face)
        other = next((row for row in others if self.links.find(row) == root and row != face), None)
        return None if other is None else self.links.joined_by(face, other)

    # -- all of them ----------------------------------------------------------------------------------

    def join_namesakes(self) -> None:
        """Join the people of one name, as they were named; those said to be different stay apart."""
        named: dict[str, list[int]] = {}
        for row, decision in reversed(self._of_people(self.names).values()):
            earlier = named.setdefault(decision.value, []) if decision.value else []
            same = {self.links.find(one): one for one in earlier if self.links.barrier(one, row) is None}
            if len(same) == 1:
                self.links.join([*same.values(), row], decision.line)
            elif same:
                self._report(decision, f"{len(same)} people have that name, it joined neither")
            earlier.append(row)

    def _of_people(self, said: Mapping[int, Decision]) -> dict[int, tuple[int, Decision]]:
        """Latest decision about each person, by the root of their faces, latest first."""
        latest: dict[int, tuple[int, Decision]] = {}
        for row, decision in said.items():
            latest.setdefault(self.links.find(row), (row, decision))
        return latest

    def resolution(self, n: int) -> Resolution:
        """Sum up."""
        names = {row: said.value for row, said in self._of_people(self.names).values() if said.value}
        ignored = [row for row, said in self._of_people(self.ignored).values() if said.value != UNDONE]
        settled = {self.links.find(row) for row in (*names, *ignored, *self.merged)}
        return Resolution(
            self._constraints(n, sorted(settled)),
            names,
            frozenset(ignored),
            tuple(self.covers),
            tuple(text for _, text in sorted(self.problems)),
        )

    def _constraints(self, n: int, settled: list[int]) -> Constraints:
        start, part_of, members = np.arange(n), np.full(n, -1), np.zeros(n, bool)
        members[list(self.alone)] = True
        for own in self.starts.sets():
            start[own], members[own] = min(own), True
        for own in self.links.sets():
            if len(np.unique(start[own])) > 1:
                part_of[own] = min(own)
        certain = np.zeros(n, bool)
        certain[list(self.certain)] = True
        return Constraints(start, part_of, members, certain, self._exclusions(settled))

    def _exclusions(self, settled: list[int]) -> Exclusions:
        """Token 0 for settled people, two more for each decision that keeps two sides apart."""
        holds: list[tuple[int, int]] = [(row, 0) for root in settled for row in self.links.rows(root)]
        bars = list(holds)
        for number, sides in enumerate(self.apart):
            left, right = ({row for own in side for row in self.links.rows(own)} for side in sides)
            holds += [(row, 2 * number + 1) for row in left] + [(row, 2 * number + 2) for row in right]
            bars += [(row, 2 * number + 2) for row in left] + [(row, 2 * number + 1) for row in right]
        held, barred = (np.array(pairs, np.int64).reshape(-1, 2).T for pairs in (holds, bars))
        return Exclusions(held[0], held[1], barred[0], barred[1])

    # -- what could not be done -----------------------------------------------------------------------

    def _contradicts(self, decision: Decision, line: int | None, applied: bool = True) -> None:
        against = f"line {line}, which is later and holds" if line else "itself"
        self._report(decision, f"it contradicts {against}", applied)

    def _report(self, decision: Decision, reason: str, applied: bool = True) -> None:
        end = "the rest was applied" if applied else "it was not applied"
        text = f"Line {decision.line} of the decisions ({decision.kind}): {reason}; {end}."
        self.problems.append((decision.line, text))


def _bursts(near_duplicates: Rows) -> dict[int, list[int]]:
    """Rows of each burst of two faces or more."""
    times = np.bincount(near_duplicates, minlength=1)
    bursts: dict[int, list[int]] = {}
    for row in np.flatnonzero(times[near_duplicates] > 1).tolist():
        bursts.setdefault(int(near_duplicates[row]), []).append(row)
    return bursts
