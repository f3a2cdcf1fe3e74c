"""Columns of the faces that are large, read part by part: vectors and thumbnails of a million faces are 4 GB.

All of such a column at once would be twice that while it is put in order, and a thumbnail column of 2 GB
cannot be put in order at all: Arrow counts the bytes of binary arrays in 32 bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index import files

Piece = tuple[npt.NDArray[np.int64], pa.Array]
"""Where some values belong, int64, shape (n,), and the values."""


def pieces(parts: Sequence[Path], column: str, face_ids: pa.ChunkedArray) -> Iterator[Piece]:
    """Read a column of some faces in pieces; of a face that is there several times, the last value.

    Parameters
    ----------
    parts
        Files of faces, the oldest first.
    column
        Name of the column.
    face_ids
        The faces; where a value belongs is a place in it.
    """
    ids = [files.read_table(part, ["face_id"])["face_id"].combine_chunks() for part in parts]
    found = pc.index_in(  # pyright: ignore[reportAttributeAccessIssue]
        pa.chunked_array(ids, pa.string()), value_set=face_ids
    )
    place = pc.fill_null(found, -1).to_numpy().astype(np.int64)
    last = np.full(len(face_ids) + 1, -1)
    last[place] = np.arange(len(place))  # of rows with one place, the last is assigned last
    place[last[place] != np.arange(len(place))] = -1
    start = 0
    for part, own in zip(parts, ids, strict=True):
        rows = place[start : start + len(own)]
        start += len(own)
        wanted = np.flatnonzero(rows >= 0)
        if len(wanted):
            values = files.read_table(part, [column])[column].take(pa.array(wanted))
            yield rows[wanted], pa.concat_arrays(values.chunks)


def in_order(found: Iterable[Piece], face_ids: pa.ChunkedArray) -> list[Any]:
    """Values of not too many faces, each in its place."""
    values: list[Any] = [None] * len(face_ids)
    for place, piece in found:
        for row, value in zip(place.tolist(), piece.to_pylist(), strict=True):
            values[row] = value
    return values
