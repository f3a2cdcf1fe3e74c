"""What decisions ask of n faces, as arrays that verification obeys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.people.exclusions import Exclusions, Rows


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
    exclusions
        What never meets.
    """

    start: Rows
    part_of: Rows
    members: npt.NDArray[np.bool_]
    exclusions: Exclusions

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def none(cls, n: int) -> Constraints:
        """Nothing decided about n faces."""
        return cls(np.arange(n), np.full(n, -1), np.zeros(n, bool), Exclusions.none())

    def person(self) -> Rows:
        """The lowest row of all faces that must end with each face, int64, shape (n,)."""
        return np.where(self.part_of >= 0, self.part_of, self.start)
