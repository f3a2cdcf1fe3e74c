"""Photos to be opened, as many as there may be, in little memory: columns instead of an object for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.index.planning.known import Lookup
from photoclust.photo_refs import REF_SCHEMA, PhotoRef, Version, ref_table

_AT_ONCE = 65_536


class WorkList:
    """References in the order in which they were added."""

    def __init__(self, table: pa.Table | None = None) -> None:
        self._chunks: list[pa.Table] = [table] if table is not None else []
        self._refs: list[PhotoRef] = []
        self._attempts: list[int] = []

    def add(self, ref: PhotoRef, attempts: int) -> None:
        """Add a photo that has been tried so often before."""
        self._refs.append(ref)
        self._attempts.append(attempts)
        if len(self._refs) == _AT_ONCE:
            self._pack()

    def _pack(self) -> None:
        if self._refs:
            self._chunks.append(ref_table(self._refs, self._attempts))
            self._refs, self._attempts = [], []

    @property
    def table(self) -> pa.Table:
        """All of it, of REF_SCHEMA."""
        self._pack()
        return pa.concat_tables([REF_SCHEMA.empty_table(), *self._chunks])

    def __len__(self) -> int:
        return sum(map(len, self._chunks)) + len(self._refs)

    def __iter__(self) -> Iterator[PhotoRef]:
        return references(self.table)


def references(table: pa.Table) -> Iterator[PhotoRef]:
    """The photos of a table of REF_SCHEMA, one after another."""
    for batch in table.select(["uri", "size", "version"]).to_batches(_AT_ONCE):
        uris, sizes, versions = (column.to_pylist() for column in batch.columns)
        yield from map(PhotoRef, uris, sizes, map(Version.parse, versions))


class Unanswered:
    """Which photos of a table of REF_SCHEMA have given no row yet."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._waits = np.ones(len(table), np.bool_)
        self._by_uri = Lookup((ref.uri for ref in references(table)), len(table))

    def answered(self, uris: Iterable[str]) -> None:
        """Take note of rows that came."""
        for uri in uris:
            for row in self._by_uri.rows(uri):
                self._waits[row] &= self._table["uri"][row].as_py() != uri

    def __len__(self) -> int:
        return int(np.count_nonzero(self._waits))

    @property
    def table(self) -> pa.Table:
        """Those that have given none."""
        return _chosen(self._table, self._waits)


def without(work: WorkList, rows: npt.NDArray[np.int64]) -> WorkList:
    """A list without some of its rows."""
    stays = np.ones(len(work), np.bool_)
    stays[rows] = False
    return WorkList(_chosen(work.table, stays))


def _chosen(table: pa.Table, rows: npt.NDArray[np.bool_]) -> pa.Table:
    return table if rows.all() else table.filter(pa.array(rows))
