"""What must be together and what apart among n faces, and who they were known to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.people.clustering.exclusions import Exclusions
from photoclust.types import Rows


@dataclass(frozen=True)
class Constraints:
    """What must be together and what must be apart, free of contradictions.

    Attributes
    ----------
    start
        int64, shape (n,): the lowest row of the faces that each face starts together with; its own for most.
    part_of
        int64, shape (n,): where a person was put together from several such sets, the lowest row of them all;
        −1 for all other faces.
    members
        bool, shape (n,): faces that are somebody's because the user said so.
    certain
        bool, shape (n,): of these, faces the user pointed at, rather than at the person they are of.
    exclusions
        What never meets.
    known
        int64, shape (n,): number of the person that each face was known to be before the model changed, −1
        for none; see `photoclust.people.clustering.known`. None where nobody is.
    """

    start: Rows
    part_of: Rows
    members: npt.NDArray[np.bool_]
    certain: npt.NDArray[np.bool_]
    exclusions: Exclusions
    known: Rows | None = None

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def none(cls, n: int) -> Constraints:
        """Nothing decided about n faces."""
        return cls(np.arange(n), np.full(n, -1), np.zeros(n, bool), np.zeros(n, bool), Exclusions.none())

    def among(self, rows: Rows, position: Rows) -> Constraints:
        """What is decided about some rows, numbered anew; what must be together is among them, or none of it.

        Parameters are those of `Exclusions.among`.
        """
        part_of = self.part_of[rows]
        return Constraints(
            position[self.start[rows]],
            np.where(part_of >= 0, position[part_of], -1),
            self.members[rows],
            self.certain[rows],
            self.exclusions.among(rows, position),
            None if self.known is None else self.known[rows],
        )

    def person(self) -> Rows:
        """The lowest row of all faces that must end with each face, int64, shape (n,)."""
        return np.where(self.part_of >= 0, self.part_of, self.start)
