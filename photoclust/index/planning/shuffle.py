"""Rows by the hundred million, brought together by a key: a join in parts, each of which fits into memory.

Few rows stay in memory. What is more is divided by the key and written to a file without a name, which is
gone when this process is, however it ends; then one part after another is read. So memory does not grow with
the number of rows, up to some hundred million.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.index import files
from photoclust.storage.local_files import TEMPORARY

PARTS = 256
ROWS_IN_MEMORY = 262_144
"""Rows of a few hundred bytes; a part of them is a thousand rows, long enough to be written at once."""

Ints = npt.NDArray[np.int64]
Tables = dict[str, pa.Table]
Place = Callable[[pa.Table], Ints]


def hashes(column: pa.ChunkedArray) -> Ints:
    """Hashes of text, int64, shape (n,); others in the next process."""
    return np.fromiter(map(hash, column.to_pylist()), np.int64, len(column))


def by(column: str) -> Place:
    """Places rows by the hash of a column of text."""
    return lambda table: hashes(table[column]) % PARTS


def by_order(column: str, total: int) -> Place:
    """Places rows by a number from 0 to `total`, so that parts are in order; larger ones are in the last."""
    return lambda table: np.minimum(table[column].to_numpy() * (PARTS - 1) // max(1, total), PARTS - 1)


class Shuffle:
    """Rows of several kinds, all that are of one key in one part.

    Parameters
    ----------
    folder
        Where the file is, if one is needed.
    place
        Tells the part of each row, from 0 to `PARTS` - 1.
    schemas
        Of each kind.

    Attributes
    ----------
    rows
        How many there are of each kind.
    """

    def __init__(self, folder: Path, place: Place, **schemas: pa.Schema) -> None:
        self._folder, self._place, self._schemas = folder, place, schemas
        self._waiting: dict[str, list[pa.Table]] = {kind: [] for kind in schemas}
        self._runs: dict[str, list[Ints]] = {kind: [] for kind in schemas}  # where the parts of each begin
        self._file: IO[bytes] | None = None
        self.rows: Counter[str] = Counter()

    def add(self, kind: str, table: pa.Table) -> None:
        """Add rows; not while parts are gone through."""
        if len(table):
            self.rows[kind] += len(table)
            self._waiting[kind].append(table)
            if sum(len(one) for tables in self._waiting.values() for one in tables) > ROWS_IN_MEMORY:
                self._write()

    def _write(self) -> None:
        with files.writing(self._folder):
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, prefix=TEMPORARY)  # noqa: SIM115
            for kind, tables in self._waiting.items():
                if tables:
                    self._runs[kind].append(self._write_run(self._file, pa.concat_tables(tables)))
                    tables.clear()
            self._file.flush()

    def _write_run(self, file: IO[bytes], table: pa.Table) -> Ints:
        place = self._place(table)
        order = np.argsort(place, kind="stable")
        table = table.combine_chunks().take(pa.array(order))
        bounds = np.searchsorted(place[order], np.arange(PARTS + 1))
        begins = [file.tell()]
        for first, last in pairwise(bounds.tolist()):
            if last > first:
                _write_stream(file, table.slice(first, last - first))
            begins.append(file.tell())
        return np.array(begins)

    def _all_written(self) -> None:
        if self._file is not None:
            self._write()

    def __len__(self) -> int:
        """How many parts there are."""
        self._all_written()
        return 1 if self._file is None else PARTS

    def part(self, number: int) -> Tables:
        """Rows of one part, by kind, in the order in which they were added."""
        return {kind: self._read(kind, number) for kind in self._schemas}

    def part_of(self, key: str) -> int:
        """Number of the part that has the rows of a text, where rows are placed by their hashes."""
        return hash(key) % PARTS % len(self)

    def __iter__(self) -> Iterator[Tables]:
        return map(self.part, range(len(self)))

    def parts(self, kind: str) -> Iterator[pa.Table]:
        """Rows of one kind, part after part."""
        return (self._read(kind, number) for number in range(len(self)))

    def tables(self, kind: str) -> Iterator[pa.Table]:
        """Rows of one kind, in tables of at most `ROWS_IN_MEMORY`, whatever their part."""
        self._all_written()
        yield from (pa.concat_tables(self._pieces(run[0], run[-1])) for run in self._runs[kind])
        if self._waiting[kind]:
            yield pa.concat_tables(self._waiting[kind])

    def _read(self, kind: str, number: int) -> pa.Table:
        self._all_written()
        pieces = [piece for run in self._runs[kind] for piece in self._pieces(run[number], run[number + 1])]
        return pa.concat_tables([self._schemas[kind].empty_table(), *self._waiting[kind], *pieces])

    def _pieces(self, start: np.int64, end: np.int64) -> Iterator[pa.Table]:
        """Tables that were written between two places of the file."""
        if end > start:
            assert self._file is not None
            content = pa.BufferReader(os.pread(self._file.fileno(), int(end - start), int(start)))
            while content.tell() < end - start:
                yield pa.ipc.open_stream(content).read_all()

    def close(self) -> None:
        """Give the room on the disk back."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()


def _write_stream(file: IO[bytes], table: pa.Table) -> None:
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    sink: Any = file
    with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
        stream.write_table(table)


class Sieve:
    """Keeps most rows out whose key is not wanted, in the same few bytes however many keys there are."""

    _BITS = 25

    def __init__(self) -> None:
        self._wanted = np.zeros(1 << self._BITS, np.bool_)

    def want(self, keys: Ints) -> None:
        """Let the rows of some hashes through."""
        self._wanted[self._slots(keys)] = True

    def __call__(self, keys: Ints) -> npt.NDArray[np.bool_]:
        """Which hashes are let through: all that are wanted, and a few others."""
        return self._wanted[self._slots(keys)]

    def _slots(self, keys: Ints) -> Ints:
        return (keys >> 8) & ((1 << self._BITS) - 1)  # the lowest bits tell the part
