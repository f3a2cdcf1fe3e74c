"""Known photos, found by their uri or by their looks, in little memory.

Sorted 64-bit hashes stand in for dictionaries; what they point to is compared before it is believed. For each
photo that is 32 bytes beside the table, where dictionaries of rows took over a kilobyte.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.photo_refs import PhotoRef, Version
from photoclust.records import FAILED, MISSING

Looks = tuple[int, str]
_ROWS_AT_ONCE = 65536


def looks(size: int, version: Version) -> Looks:
    """What copies have in common, as far as can be said without opening them."""
    return size, str(version) if version.names_content else ""


class KnownPhotos:
    """Rows of PHOTO_SCHEMA as they were before any of them went missing.

    Attributes
    ----------
    missing, failed, unread
        bool, shape (n,): which rows are of missing photos, which photos could not be used, and which of those
        could not even be read.
    """

    def __init__(self, known: pa.Table) -> None:
        missing: Any = pc.field("status") == MISSING
        self.missing = _mask(known, missing)
        self.table = _as_they_were(known) if self.missing.any() else known
        failed: Any = pc.field("status") == FAILED
        self.failed = _mask(self.table, failed)
        self.unread = _mask(self.table, failed & (pc.field("stage") == "read"))
        self._sizes = known["size"].to_numpy()
        self._by_uri = Lookup(_values(known["uri"]), len(known))
        versions = map(Version.parse, _values(known["version"]))
        self._by_looks = Lookup(map(looks, self._sizes.tolist(), versions), len(known))

    def __len__(self) -> int:
        return len(self.table)

    def at(self, uri: str) -> int | None:
        """Position of a uri."""
        column = self.table["uri"]
        return next((row for row in self._by_uri.rows(uri) if column[row].as_py() == uri), None)

    def like(self, wanted: Looks) -> Iterator[int]:
        """Positions of photos with these looks, in order."""
        for row in self._by_looks.rows(wanted):
            if self._looks(row) == wanted:
                yield row

    def _looks(self, row: int) -> Looks:
        return looks(int(self._sizes[row]), Version.parse(self.table["version"][row].as_py()))

    def photo_id(self, row: int) -> str:
        """Name of the content of a photo."""
        return self.table["photo_id"][row].as_py()

    def is_same(self, row: int, ref: PhotoRef) -> bool:
        """Tell whether a file is as it was."""
        return bool(self._sizes[row] == ref.size) and self.table["version"][row].as_py() == str(ref.version)

    def row(self, row: int) -> dict[str, Any]:
        """All values of one photo."""
        return self.table.slice(row, 1).to_pylist()[0]


class Lookup:
    """Finds rows by a key of theirs, or of another whose hash is the same."""

    def __init__(self, keys: Iterable[Hashable], count: int) -> None:
        hashes = np.fromiter(map(hash, keys), np.int64, count)
        self.order = np.argsort(hashes, kind="stable")
        self.hashes = hashes[self.order]

    def rows(self, key: Hashable) -> list[int]:
        """Rows that may have this key, in order."""
        wanted = np.int64(hash(key))
        first, last = (np.searchsorted(self.hashes, wanted, side) for side in ("left", "right"))
        return self.order[first:last].tolist()


def _values(column: pa.ChunkedArray) -> Iterator[str]:
    for start in range(0, len(column), _ROWS_AT_ONCE):
        yield from column.slice(start, _ROWS_AT_ONCE).to_pylist()


def _mask(table: pa.Table, condition: Any) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(len(table), np.bool_)
    rows = table.select(["status", "stage"]).append_column("row", pa.array(np.arange(len(table))))
    chosen[rows.filter(condition)["row"].to_numpy()] = True
    return chosen


def _as_they_were(known: pa.Table) -> pa.Table:
    """Give missing photos the status they had."""
    away: Any = pc
    nothing = pa.nulls(len(known), pa.string())
    status = away.coalesce(known["former_status"], known["status"])
    for name, column in (("status", status), ("former_status", nothing), ("left_out", nothing)):
        at = known.schema.get_field_index(name)
        known = known.set_column(at, known.schema.field(at).with_nullable(True), column)
    return known
