"""Rows of photos as they are worked with, and as they lie on disk.

On disk a photo that is missing has in the column ``stage`` the status it had before, and where it is still
there but left out, in ``error`` the reason behind the words "left out: ". Working rows (PHOTO_SCHEMA) have
columns of their own for both. Indexes of every version look the same on disk, and read the same.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from photoclust.records import MISSING, PHOTO_SCHEMA

_compute: Any = pc
_WORKING_ONLY = ("former_status", "left_out")
_LEFT_OUT = "left out: "
_NONE = pa.nulls(1, pa.string())[0]  # pa.scalar would import pandas, which takes 0.3 s

STORED_SCHEMA = pa.schema([field for field in PHOTO_SCHEMA if field.name not in _WORKING_ONLY])
"""Columns of a file of photos."""


def to_disk(photos: pa.Table) -> pa.Table:
    """Working rows, of PHOTO_SCHEMA, as they are written."""
    missing = _compute.equal(photos["status"], MISSING)
    reason = photos["left_out"]
    left_out = _compute.binary_join_element_wise(_LEFT_OUT, reason, "")
    stage = _compute.if_else(missing, photos["former_status"], photos["stage"])
    error = _compute.if_else(reason.is_valid(), left_out, photos["error"])
    return _with(photos.select(STORED_SCHEMA.names), stage=stage, error=error).cast(STORED_SCHEMA)


def from_disk(stored: pa.Table) -> pa.Table:
    """Rows as they were written, as working rows of PHOTO_SCHEMA; the metadata of the table is left out."""
    missing = _compute.equal(stored["status"], MISSING)
    former = _compute.if_else(missing, stored["stage"], _NONE)
    stage = _compute.if_else(missing, _NONE, stored["stage"])
    is_left_out = _compute.fill_null(
        _compute.and_(missing, _compute.starts_with(stored["error"], _LEFT_OUT)), False
    )
    reason = _compute.utf8_slice_codeunits(stored["error"], len(_LEFT_OUT))
    left_out = _compute.if_else(is_left_out, reason, _NONE)
    error = _compute.if_else(is_left_out, _NONE, stored["error"])
    working = _with(stored.select(STORED_SCHEMA.names), stage=stage, error=error)
    working = working.append_column("former_status", former).append_column("left_out", left_out)
    return working.select(PHOTO_SCHEMA.names).cast(PHOTO_SCHEMA)


def _with(table: pa.Table, **columns: pa.ChunkedArray) -> pa.Table:
    for name, column in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table
