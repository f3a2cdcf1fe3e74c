"""Known photos in columns: the rows in force, and what copies of them look like."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.photo_refs import VersionKind
from photoclust.records import FAILED, MISSING

_compute: Any = pc
Mask = npt.NDArray[np.bool_]


def looks(photos: pa.Table) -> pa.ChunkedArray:
    """What copies have in common, as far as can be said without opening them: the size, and a tag."""
    version = photos["version"]
    tag = _compute.if_else(_compute.starts_with(version, VersionKind.CONTENT.value), version, "")
    return _compute.binary_join_element_wise(photos["size"].cast(pa.string()), tag, " ")


class KnownPhotos:
    """Rows of PHOTO_SCHEMA in force, as they were before any of them went missing.

    Parameters
    ----------
    written
        All rows of some photos that were ever written, the oldest first.

    Attributes
    ----------
    table
        The last of each photo.
    missing, failed, unread
        bool, shape (n,): which rows are of missing photos, which photos could not be used, and which of those
        could not even be read.
    """

    def __init__(self, written: pa.Table) -> None:
        rows = last_rows(written)
        self.missing = mask(_compute.equal(rows["status"], MISSING))
        self.table = _as_they_were(rows) if self.missing.any() else rows
        self.failed = mask(_compute.equal(self.table["status"], FAILED))
        self.unread = self.failed & mask(_compute.equal(self.table["stage"], "read"))

    def __len__(self) -> int:
        return len(self.table)

    def rows_of(self, uris: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        """Rows of some photos, int64, -1 where nothing is known."""
        found = _compute.index_in(uris, value_set=self.table["uri"])
        return _compute.fill_null(found, -1).to_numpy().astype(np.int64)


def last_rows(written: pa.Table) -> pa.Table:
    """The last row of each uri."""
    uris = written["uri"].combine_chunks()
    places = np.arange(len(uris))
    backwards = uris.take(pa.array(places[::-1].copy()))
    last = len(uris) - 1 - _compute.index_in(uris, value_set=backwards).to_numpy()
    return written if (last == places).all() else written.filter(pa.array(last == places))


def mask(condition: pa.ChunkedArray) -> Mask:
    """Whether a condition holds, and is known."""
    return _compute.fill_null(condition, False).to_numpy().astype(np.bool_)


def _as_they_were(known: pa.Table) -> pa.Table:
    """Give missing photos the status they had."""
    nothing = pa.nulls(len(known), pa.string())
    status = _compute.coalesce(known["former_status"], known["status"])
    for name, column in (("status", status), ("former_status", nothing), ("left_out", nothing)):
        at = known.schema.get_field_index(name)
        known = known.set_column(at, known.schema.field(at), column)
    return known
