"""Photos to be opened: as many as are handed to an engine in one go, and what is known of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.photo_refs import REF_SCHEMA, PhotoRef, Version
from photoclust.records import PHOTO_SCHEMA

_AT_ONCE = 65_536

Row = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """Photos to be opened, and what is said of them when they have been.

    Attributes
    ----------
    refs
        Of REF_SCHEMA, in the order in which they were found.
    copies
        By photo_id, files with the same picture as one of them: they share its row when it comes.
    changed
        By uri, rows of known photos whose file is not as it was, and which may be of another picture now.
    known
        Uris of those of which a picture is known.
    """

    refs: pa.Table
    copies: dict[str, list[PhotoRef]]
    changed: dict[str, Row]
    known: frozenset[str]


def work_of(rows: pa.Table) -> Work:
    """What is to be done, of rows.TO_DO, in any order."""
    opened = rows.filter(pc.field("copy_of").is_null()).sort_by("number")
    copies: defaultdict[str, list[PhotoRef]] = defaultdict(list)
    shared = rows.filter(pc.field("copy_of").is_valid())
    for photo, ref in zip(shared["copy_of"].to_pylist(), references(shared), strict=True):
        copies[photo].append(ref)
    former = rows.filter(pc.field("former").is_valid()).select(["uri", "former", "changed"]).to_pylist()
    return Work(
        opened.select(REF_SCHEMA.names).cast(REF_SCHEMA),
        dict(copies),
        {row["uri"]: row["former"] for row in former if row["changed"]},
        frozenset(row["uri"] for row in former if row["former"]["photo_id"]),
    )


def references(table: pa.Table) -> Iterator[PhotoRef]:
    """The photos of a table with the columns of REF_SCHEMA, one after another."""
    for batch in table.select(["uri", "size", "version"]).to_batches(_AT_ONCE):
        uris, sizes, versions = (column.to_pylist() for column in batch.columns)
        yield from map(PhotoRef, uris, sizes, map(Version.parse, versions))


def copy_row(row: Mapping[str, Any], ref: PhotoRef) -> Row:
    """Row of PHOTO_SCHEMA for `ref`, which holds the same picture as the photo of `row`."""
    return {**row, **ref.row()}


def with_copies(photos: pa.Table, copies: dict[str, list[PhotoRef]]) -> pa.Table:
    """Add the rows of files that hold the same picture as one of `photos`, and take them out of `copies`."""
    if not copies:
        return photos
    shared = [row for row in photos.to_pylist() if row["photo_id"] in copies]
    extra = [copy_row(row, ref) for row in shared for ref in copies.pop(row["photo_id"], ())]
    return pa.concat_tables([photos, pa.Table.from_pylist(extra, schema=PHOTO_SCHEMA)])


class Lookup:
    """Finds rows by a key of theirs, or of another whose hash is the same: 16 bytes a row."""

    def __init__(self, keys: Iterable[Hashable], count: int) -> None:
        hashes = np.fromiter(map(hash, keys), np.int64, count)
        self.order = np.argsort(hashes, kind="stable")
        self.hashes = hashes[self.order]

    def rows(self, key: Hashable) -> list[int]:
        """Rows that may have this key, in order."""
        wanted = np.int64(hash(key))
        first, last = (np.searchsorted(self.hashes, wanted, side) for side in ("left", "right"))
        return self.order[first:last].tolist()


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
        return self._table if self._waits.all() else self._table.filter(pa.array(self._waits))
