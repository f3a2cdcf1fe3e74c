"""Photos in a column of a Parquet table, as data sets are often published.

The column holds the bytes of one photo a row, or structs with a field ``bytes``, as the ``datasets`` library
of Hugging Face writes them. Listing reads no more than the table's footer. A row is read by the process that
decodes it; rows of one group come in order, so one reader is kept for the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from photoclust.errors import PhotoError, UsageError
from photoclust.photo_refs import PhotoRef, Version
from photoclust.photos.sources.containers import open_container, refusing, size_of
from photoclust.records import member_uri

_NAMES = ("image", "img", "jpg", "jpeg", "png", "webp", "photo", "picture", "image_bytes", "bytes", "content")
_ROWS_AT_ONCE = 4
_MOST_EXPANSION = 100  # photos are compressed already


def table_rows(table: PhotoRef, column: str | None, named: bool) -> Iterator[PhotoRef]:
    """Photos in a Parquet table, in its order.

    Parameters
    ----------
    table
        The file.
    column
        Name of the column; None finds it.
    named
        Whether somebody asked for this very file. One that lies in a folder and has no such column is
        something else, and passed over.

    Raises
    ------
    UsageError
        When a table that was asked for has no such column.
    """
    try:
        with refusing(), open_container(table.uri, table.size) as file:
            parquet = pq.ParquetFile(file)
            chosen = _column(parquet.schema_arrow, column)
            if chosen is not None:
                yield from _rows(table, parquet.metadata, chosen)
            elif named or column:
                raise UsageError(
                    _unknown_column(table.uri, column, parquet.schema_arrow),
                    python="Name one with PhotoOptions.image_column.",
                    cli="Name one with --image-column.",
                )
    except PhotoError as error:
        yield PhotoRef(table.uri, table.size, Version.refused(error.reason))


def _unknown_column(uri: str, column: str | None, schema: pa.Schema) -> str:
    names = ", ".join(schema.names[:20])
    missing = f"no column {column!r} of image bytes" if column else "no column that looks like images"
    return f"{uri} has {missing}; it has {names}."


def _column(schema: pa.Schema, wanted: str | None) -> str | None:
    """Path of the leaf that holds the bytes of photos."""
    leaves = {field.name: _leaf(field) for field in schema}
    if wanted is not None:
        return leaves.get(wanted)
    structs = [name for name, leaf in leaves.items() if leaf and leaf != name]
    known = [name for name in schema.names if name.lower() in _NAMES and leaves[name]]
    return leaves[(known + structs)[0]] if known or structs else None


def _leaf(field: pa.Field) -> str | None:
    if _is_bytes(field.type):
        return field.name
    if pa.types.is_struct(field.type) and (at := field.type.get_field_index("bytes")) >= 0:
        return f"{field.name}.bytes" if _is_bytes(field.type.field(at).type) else None
    return None


def _is_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _rows(table: PhotoRef, metadata: pq.FileMetaData, column: str) -> Iterator[PhotoRef]:
    version = Version.content(table.version.value)
    row = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunk = _chunk(group, column)
        if chunk.total_uncompressed_size > _MOST_EXPANSION * max(1, chunk.total_compressed_size):
            reason = f"row group {number} expands more than {_MOST_EXPANSION}-fold, as no photos do"
            yield PhotoRef(member_uri(table.uri, f"{column}/group {number}"), 0, Version.refused(reason))
            continue
        mean = chunk.total_uncompressed_size // max(1, group.num_rows)
        for inside in range(group.num_rows):
            uri = member_uri(table.uri, f"{column}/{row + inside}")
            yield PhotoRef(uri, mean, version.at(f"{number}.{inside}"))
        row += group.num_rows


def _chunk(group: pq.RowGroupMetaData, column: str) -> pq.ColumnChunkMetaData:
    chunks = (group.column(i) for i in range(group.num_columns))
    return next(chunk for chunk in chunks if chunk.path_in_schema == column)


def read_row(container: str, ref: PhotoRef) -> bytes:
    """Bytes of the photo in a row.

    Raises
    ------
    PhotoError
        Stage ``read``.
    """
    group, inside = map(int, ref.version.place.split("."))
    column = ref.uri.partition("!/")[2].partition("/")[0]
    with refusing():
        content = _reader(container, ref.version.value, column).read(group, inside)
    if content is None:
        raise PhotoError("read", "the row holds no bytes")
    return content


class _Reader:
    """Rows of one column, read forwards."""

    def __init__(self, parquet: pq.ParquetFile, column: str) -> None:
        self.parquet, self.column = parquet, column
        self.group, self.next = -1, 0
        self.rows: Iterator[bytes | None] = iter(())

    def read(self, group: int, row: int) -> bytes | None:
        if group != self.group or row < self.next:
            self.group, self.next, self.rows = group, 0, self._values(group)
        skipped, self.next = row - self.next, row + 1
        try:
            return next(islice(self.rows, skipped, None))
        except StopIteration as error:
            self.group = -1  # the rows ended with an error, and the next attempt begins anew
            raise ValueError("the table is damaged") from error

    def _values(self, group: int) -> Iterator[bytes | None]:
        # in this thread: those of Arrow let go of a file of Python's too late, see `photoclust.index.sealed`
        batches = self.parquet.iter_batches(
            _ROWS_AT_ONCE, row_groups=[group], columns=[self.column], use_threads=False
        )
        for batch in batches:
            values = batch.column(0)
            yield from (values.field("bytes") if pa.types.is_struct(values.type) else values).to_pylist()


@lru_cache(maxsize=1)
def _reader(container: str, _: str, column: str) -> _Reader:
    file = open_container(container, size_of(container))
    return _Reader(pq.ParquetFile(file, pre_buffer=False), column)
