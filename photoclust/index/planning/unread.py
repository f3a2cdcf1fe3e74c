"""Photos that could not be read in a run: that is no fact about them, and nobody loses a face by it.

- What is known of a photo stands as long as it cannot be read.
- A photo that is no longer there has been deleted or moved since it was found, and gives no row.
- Any other gets a row that says why; every run tries it again.
- No row is given out before it is known that the place it was read from is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import chain
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from photoclust.photo_refs import UNREACHABLE, PhotoRef
from photoclust.records import FAILED, PHOTO_SCHEMA, container_of

Row = dict[str, Any]

READ = "read"


class Reach(Protocol):
    """What knows whether a place can still be read: see `photoclust.photos.sources.reach.Roots`."""

    def root(self, uri: str) -> str:
        """Name the place that a photo is read from."""
        ...

    def was_read(self, uri: str) -> None:
        """Take note of a photo that could be read."""
        ...

    def require(self, uri: str, in_succession: int, reason: str) -> None:
        """Raise where not only this photo cannot be read."""
        ...


class Unread:
    """Sorts out the rows of photos that could not be read.

    Parameters
    ----------
    is_gone
        Tells whether there is nothing at a uri; false when in doubt.
    reach
        Knows the places that photos are read from.

    Attributes
    ----------
    kept, failed, vanished
        How many photos could not be read, those of which what is known stands and all others, and how
        many were gone before they were read.
    """

    def __init__(self, is_gone: Callable[[str], bool], reach: Reach) -> None:
        self._is_gone, self._reach = is_gone, reach
        self._held: dict[str, list[tuple[Row, bool]]] = {}  # by the place they were read from; if it is known
        self.kept = self.failed = self.vanished = 0

    def sort(self, photos: pa.Table, known: Collection[str] = ()) -> pa.Table:
        """Take rows as they come; gives those to be written now.

        Parameters
        ----------
        photos
            Of PHOTO_SCHEMA.
        known
            Uris, among others, of those of which a picture is known.

        Raises
        ------
        SourceLostError
            A whole place can no longer be read.
        """
        unread: Any = (pc.field("status") == FAILED) & (pc.field("stage") == READ)
        failures = photos.filter(unread).to_pylist()
        read = photos.filter(~unread) if failures else photos
        uris = read["uri"].to_pylist()
        released: list[Row] = []
        for uri in uris if self._held else uris[-1:]:
            self._reach.was_read(uri)
            released += self._release(self._reach.root(uri))
        for row in failures:
            self._held.setdefault(self._reach.root(row["uri"]), []).append((row, row["uri"] in known))
        for root in {self._reach.root(row["uri"]) for row in failures}:
            last = self._held[root][-1][0]
            self._reach.require(last["uri"], len(self._held[root]), last["error"])
        return _with(read, released)

    def rest(self) -> pa.Table:
        """Rows that stand at the end of the run.

        Raises
        ------
        SourceLostError
            As in `sort`.
        """
        rows = chain.from_iterable(map(self._release, list(self._held)))
        return _with(PHOTO_SCHEMA.empty_table(), list(rows))

    def _release(self, root: str) -> list[Row]:
        """Rows held back that may be written, once each is seen to be about its photo alone."""
        rows = self._held.pop(root, [])
        if rows:
            last = rows[-1][0]
            self._reach.require(last["uri"], len(rows), last["error"])
        return [row for row, is_known in rows if self._stands(row, is_known)]

    def _stands(self, row: Row, is_known: bool) -> bool:
        """Tell whether the failure is all that can be said of a photo."""
        version = PhotoRef.of_row(row).version
        was_found = version != UNREACHABLE and not version.is_refused
        if was_found and self._is_gone(container_of(row["uri"]) or row["uri"]):
            self.vanished += 1
            return False
        if is_known:
            self.kept += 1
            return False
        self.failed += 1
        return True


def _with(photos: pa.Table, rows: list[Row]) -> pa.Table:
    return pa.concat_tables([photos, pa.Table.from_pylist(rows, schema=PHOTO_SCHEMA)]) if rows else photos
