"""Keeping an index up to date as files arrive: which are whole, and when grouping again pays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photoclust.records import PhotoRef

GROUPING_SHARE = 0.1
"""Share of the time that may go into grouping while photos keep arriving."""


@dataclass
class Settling:
    """Tells files that are still being written: between two looks their size or version changes."""

    _before: dict[str, PhotoRef] = field(default_factory=dict)

    def look(self, refs: Iterable[PhotoRef]) -> tuple[list[PhotoRef], int]:
        """Take what is there now.

        Returns
        -------
        tuple
            The photos that are as they were at the last look, and the number of the others.
        """
        now = {ref.uri: ref for ref in refs}
        settled = [ref for ref in now.values() if self._before.get(ref.uri) == ref]
        self._before = now
        return settled, len(now) - len(settled)


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
