"""Keeping an index up to date as photos arrive: which are whole, and when grouping again pays.

Of a photo that was looked at 8 bytes are kept, a hash of its uri, size and version, so that a bucket of ten
million objects can be watched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import numpy.typing as npt

from photoclust.records import CONTENT_TAG, PhotoRef

Marks = npt.NDArray[np.int64]
_NONE: Marks = np.empty(0, np.int64)

GROUPING_SHARE = 0.1
"""Share of the time that may go into grouping while photos keep arriving."""


@dataclass(frozen=True, eq=False)
class Sight:
    """What one look came to.

    Attributes
    ----------
    marks
        int64, sorted, each once: hashes of the photos that are whole.
    waiting
        Number of the others.
    """

    marks: Marks = field(default_factory=lambda: _NONE)
    waiting: int = 0

    def __contains__(self, ref: PhotoRef) -> bool:
        """Tell whether a photo is whole and was there as it is now."""
        mark = hash(ref)
        at = int(np.searchsorted(self.marks, mark))
        return at < len(self.marks) and int(self.marks[at]) == mark

    def is_as(self, other: Sight) -> bool:
        """Tell whether the same photos were whole."""
        return np.array_equal(self.marks, other.marks)

    def more_than(self, other: Sight) -> int:
        """How many photos were not whole in `other`."""
        return len(np.setdiff1d(self.marks, other.marks, assume_unique=True))


class Settling:
    """Tells files that are still being written: between two looks their size or version changes.

    An object appears in its store whole or not at all; there one look is enough.
    """

    def __init__(self) -> None:
        self._before = _NONE

    def look(self, refs: Iterable[PhotoRef]) -> Sight:
        """Take what is there now; `refs` may be a stream."""
        marks = np.fromiter(chain.from_iterable(map(_mark, refs)), np.int64).reshape(-1, 2)
        now, at_once = np.unique(marks[:, 0]), marks[marks[:, 1] > 0, 0]
        settled = np.union1d(np.intersect1d(now, self._before, assume_unique=True), at_once)
        self._before = now
        return Sight(settled, len(now) - len(settled))


def _mark(ref: PhotoRef) -> tuple[int, bool]:
    return hash(ref), ref.version.startswith(CONTENT_TAG)


@dataclass
class Pacing:
    """Tells when grouping pays: in a quiet moment at once, otherwise for a tenth of the time.

    The cost of a grouping grows with the collection, so that a fixed interval is wrong for most. While photos
    keep arriving, ten times as long passes between two groupings as the last one took.

    Parameters
    ----------
    pending
        Something has changed since the last grouping.
    """

    pending: bool = True
    _ended: float = float("-inf")
    _cost: float = 0.0

    def is_due(self, now: float, quiet: bool) -> bool:
        """Tell whether to group at `now`, in seconds of any clock; `quiet` if nothing has just arrived."""
        return self.pending and (quiet or now - self._ended >= self._cost / GROUPING_SHARE)

    def grouped(self, began: float, ended: float) -> None:
        """Take note of a grouping."""
        self.pending, self._ended, self._cost = False, ended, ended - began
