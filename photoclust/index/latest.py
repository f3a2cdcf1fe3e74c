"""The rows in force among all that were ever written, however many bytes their columns have.

Arrow counts the bytes of a text or binary array in 32 bits, and reads past its end where a step needs more in
one array: 24 million paths of 96 bytes are 2.3 GB. So rows are put in order in arrays that count in 64 bits,
and given back in chunks, each of which is small.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_compute: Any = pc
_ROWS_A_CHUNK = 65_536
_WIDE = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}


def last_of_each(table: pa.Table, key: str) -> pa.Table:
    """Keep the last row of each `key`, ordered by it, in chunks of the same types."""
    wide = table.cast(pa.schema([_widened(field) for field in table.schema])).combine_chunks()
    last = _last_rows(wide[key])
    chunks = [
        wide.take(last.slice(start, _ROWS_A_CHUNK)).cast(table.schema)
        for start in range(0, len(last), _ROWS_A_CHUNK)
    ]
    return pa.concat_tables([table.schema.empty_table(), *chunks])


def _last_rows(keys: pa.ChunkedArray) -> pa.Array:
    """Rows of the last of equal keys, in their order; grouping by keys of more than 2 GB ends the process."""
    numbered = pa.table({"key": keys, "row": pa.array(range(len(keys)), pa.int64())})
    order = numbered.sort_by([("key", "ascending"), ("row", "ascending")])
    rows = order["row"].combine_chunks()
    if len(rows) < 2:
        return rows
    different = _compute.not_equal(order["key"].slice(1), order["key"].slice(0, len(rows) - 1))
    return rows.filter(pa.concat_arrays([*different.chunks, pa.array([True])]))


def _widened(field: pa.Field) -> pa.Field:
    return field.with_type(_WIDE.get(field.type, field.type))
