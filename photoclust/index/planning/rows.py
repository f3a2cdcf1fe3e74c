"""Columns of the rows that a plan is made of, and what makes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.photo_refs import PhotoRef
from photoclust.records import PHOTO_SCHEMA

Ints = npt.NDArray[np.int64]

_AT_ONCE = 65_536
_FIELDS = [field.with_nullable(True) for field in PHOTO_SCHEMA]
_KNOWN = pa.struct(_FIELDS)

FOUND = pa.schema(
    [("number", pa.int64()), ("uri", pa.string()), ("size", pa.int64()), ("version", pa.string())]
)
"""Photos in the order in which they were found."""

CANDIDATE = pa.schema(
    [
        *FOUND,
        ("attempts", pa.int32()),  # so often it has been tried
        ("former", _KNOWN),  # what is known of the uri; null where that is nothing
        ("changed", pa.bool_()),  # whether a picture is known of it, and the file is not as it was
        ("looks", pa.string()),  # see planning.known
    ]
)
"""Photos that may have to be opened."""

IDENTIFIED = pa.schema(
    [
        *CANDIDATE,
        ("photo_id", pa.string()),  # see PhotoIdentity
        ("content_id", pa.string()),
        ("said", pa.struct([("taken_at", pa.timestamp("ms"))])),  # null where nothing is said
    ]
)
"""Those that look like others, and whose picture is known by now."""

TO_DO = pa.schema(
    [
        *FOUND,  # the number of a copy is that of its photo
        ("attempts", pa.int32()),
        ("former", _KNOWN),
        ("changed", pa.bool_()),
        ("copy_of", pa.string()),  # photo_id; null of a photo to be opened
    ]
)
"""Photos to be opened, and files with the same picture as one of these."""

LIKE = pa.schema([*PHOTO_SCHEMA, ("looks", pa.string())])
"""Known photos that look like candidates."""

UNSEEN = pa.schema(
    [
        *PHOTO_SCHEMA,
        ("named", pa.bool_()),  # whether it was found after all, and could not be looked at
        ("gone", pa.bool_()),  # whether there is nothing at its uri
    ]
)
"""Known photos that were not found."""

BACK = pa.schema([*PHOTO_SCHEMA, ("changed_from", _KNOWN)])
"""Rows to be written for photos that need not be opened, and for those that changed what they were."""

PRESENT = pa.schema([("uri", pa.string()), ("photo_id", pa.string())])
"""Known photos that have a picture which others have lost."""


def found_rows(refs: Iterable[PhotoRef]) -> Iterator[pa.Table]:
    """Photos as found, of FOUND."""
    refs, number = iter(refs), 0
    while some := list(islice(refs, _AT_ONCE)):
        columns = {
            "number": pa.array(np.arange(number, number + len(some))),
            "uri": [ref.uri for ref in some],
            "size": [ref.size for ref in some],
            "version": [str(ref.version) for ref in some],
        }
        yield pa.table(columns, schema=FOUND)
        number += len(some)


def as_structs(table: pa.Table, given: npt.NDArray[np.bool_]) -> pa.Array:
    """Rows of PHOTO_SCHEMA as one column, null where they are not given."""
    columns = [table[name].combine_chunks() for name in PHOTO_SCHEMA.names]
    return pa.StructArray.from_arrays(
        [pa.concat_arrays(c.chunks) if isinstance(c, pa.ChunkedArray) else c for c in columns],
        fields=_FIELDS,
        mask=pa.array(~given),
    )


def with_column(table: pa.Table, name: str, values: object, schema: pa.Schema) -> pa.Table:
    """A table with one more column, its columns those of `schema`."""
    return table.append_column(name, values).select(schema.names).cast(schema)
