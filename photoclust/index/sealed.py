"""Parquet files that say when a bit of them has changed.

Parquet's own page checksums cover neither the footer nor the headers of pages, and most readers do not look
at them. So a file of the index carries a seal as well, between its last column and its footer, where other
readers do not look::

    PAR1 | columns | CRC-32 of each column chunk | CRC-32 of the footer, of the seal | mark | footer | PAR1

The mark stands right before the footer. Every byte of the file is covered, and whoever reads some columns
verifies these and the footer, not the rest. Files without a seal, of an earlier photoclust or of another
program, are read as they are; one whose footer says that it has a seal must have it.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

_SEALED = b"photoclust.sealed"
_MARK = b"PHCLSEAL"
_PARQUET = b"PAR1"
_SUMS = struct.Struct("<II")  # of the footer, and of the seal up to here
_AT_ONCE = 8 * 1024**2


class SealError(Exception):
    """The bytes are not those that were written: says which."""


@dataclass(frozen=True)
class _Ends:
    """Where the seal and the footer of a file are: the footer begins at `footer_at` and is `footer` bytes."""

    footer_at: int
    footer: bytes
    seal: bytes  # empty where there is none

    @property
    def digest(self) -> str:
        return blake2b(self.seal + self.footer, digest_size=16).hexdigest()


def write_sealed(table: pa.Table, file: BinaryIO) -> str:
    """Write a Parquet file of `table` to an empty file that can be read; gives a digest of all of its bytes.

    In memory are a row group of a column at once, and the footer.

    Dictionary encoding is off for everything but repeated words: on 512 float16 values it costs a factor
    of fifteen in writing speed and saves nothing.
    """
    words: Any = [field.name for field in table.schema if _is_text(field.type)]
    marked = table.replace_schema_metadata({**(table.schema.metadata or {}), _SEALED: b"1"})
    pq.write_table(marked, file, compression="zstd", use_dictionary=words, write_page_checksum=True)
    unsealed = _ends(file)
    chunks = list(_chunks(pq.read_metadata(pa.BufferReader(_PARQUET + unsealed.footer))))
    assert not chunks or chunks[-1][2] == unsealed.footer_at, "columns lie one behind the other"
    sums = [_crc(file, start, end) for _, start, end in chunks]
    ends = replace(unsealed, seal=_seal(sums, zlib.crc32(unsealed.footer)))
    file.seek(ends.footer_at)
    file.write(ends.seal + ends.footer)
    return ends.digest


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _seal(sums: Sequence[int], footer: int) -> bytes:
    start = struct.pack(f"<{len(sums)}II", *sums, footer)
    return start + struct.pack("<I", zlib.crc32(start)) + _MARK


def read_sealed(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a Parquet file, or some of its columns, and verify what is read.

    Raises
    ------
    SealError
        When a byte of what was read is not as it was written.
    """
    path.open("rb").close()  # where that fails, Python says why
    # A file of Arrow's own: its threads let go of it some time after the read, and when they let go of one of
    # Python's while Python ends, the process is aborted.
    with pa.OSFile(os.fsencode(path)) as file:
        ends = _ends(file)
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        metadata = parquet.schema_arrow.metadata or {}
        if ends.seal:
            _verify(file, parquet.metadata, ends, columns)
        elif _SEALED in metadata:
            raise SealError("its seal is missing")
        table = parquet.read(columns=columns)
    rest = {key: value for key, value in metadata.items() if key != _SEALED}
    return table.replace_schema_metadata(rest or None)


def digest_of(path: Path) -> str:
    """Digest of a file as `sealed` gave it; empty where it has no seal. Reads its end only."""
    with path.open("rb") as file:
        ends = _ends(file)
    return ends.digest if ends.seal else ""


def metadata_of(path: Path) -> dict[bytes, bytes]:
    """Metadata of a file's schema, verified; reads its end only."""
    return dict(schema_of(path).metadata or {})


def schema_of(path: Path) -> pa.Schema:
    """Schema of a file, verified; reads its end only."""
    with path.open("rb") as file:
        footer = _ends(file).footer
    return pq.read_schema(pa.BufferReader(_PARQUET + footer))


def _ends(file: BinaryIO) -> _Ends:
    """Find the footer and the seal, and verify both."""
    size = file.seek(0, io.SEEK_END)
    tail = _range(file, max(0, size - 8), size)
    length = int.from_bytes(tail[:4], "little")
    footer_at = size - 8 - length
    if len(tail) < 8 or tail[4:] != _PARQUET or footer_at < 4:
        raise SealError("it is cut off, or no Parquet file")
    if _range(file, 0, 4) != _PARQUET:
        raise SealError("its first bytes have changed")
    footer = _range(file, footer_at, size)
    if _range(file, max(0, footer_at - len(_MARK)), footer_at) != _MARK:
        return _Ends(footer_at, footer, b"")
    return _Ends(footer_at, footer, _verified_seal(file, footer_at, footer))


def _verified_seal(file: BinaryIO, footer_at: int, footer: bytes) -> bytes:
    at = footer_at - len(_MARK) - _SUMS.size
    of_footer, _ = _SUMS.unpack(_range(file, at, at + _SUMS.size))
    if zlib.crc32(footer) != of_footer:
        raise SealError("its footer has changed")
    metadata = pq.read_metadata(pa.BufferReader(_PARQUET + footer))
    start = at - 4 * metadata.num_columns * metadata.num_row_groups
    seal = _range(file, max(0, start), footer_at)
    if seal != _seal(_sums_of(seal), of_footer):
        raise SealError("its seal has changed")
    return seal


def _sums_of(seal: bytes) -> tuple[int, ...]:
    count = (len(seal) - len(_MARK) - _SUMS.size) // 4
    return struct.unpack(f"<{count}I", seal[: 4 * count])


def _verify(file: BinaryIO, metadata: pq.FileMetaData, ends: _Ends, columns: list[str] | None) -> None:
    wanted = None if columns is None else set(columns)
    for (name, start, end), there in zip(_chunks(metadata), _sums_of(ends.seal), strict=True):
        if (wanted is None or name in wanted) and _crc(file, start, end) != there:
            raise SealError(f"its column {name!r} has changed")


def _chunks(metadata: pq.FileMetaData) -> Iterator[tuple[str, int, int]]:
    """Top-level column, first byte and end of every column chunk; they lie one behind the other."""
    start = len(_PARQUET)
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for number in range(row_group.num_columns):
            chunk = row_group.column(number)
            yield chunk.path_in_schema.partition(".")[0], start, start + chunk.total_compressed_size
            start += chunk.total_compressed_size


def _crc(file: BinaryIO, start: int, end: int) -> int:
    file.seek(start)
    found = 0
    while start < end:
        content = file.read(min(_AT_ONCE, end - start))
        if not content:
            break
        found = zlib.crc32(content, found)
        start += len(content)
    return found


def _range(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)
