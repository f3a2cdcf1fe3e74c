"""What of a collection is new, changed, or known under another name: the work a run has to do."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.index.planning.known import KnownPhotos, Looks, looks
from photoclust.index.planning.worklist import WorkList, references, without
from photoclust.photo_refs import UNREACHABLE, PhotoRef
from photoclust.records import NO_FACE, OK, PHOTO_SCHEMA, PhotoIdentity

READERS = 8  # threads: reading and hashing hold no lock of Python's, and an object store answers late
READ_AHEAD = 1024


@dataclass
class Plan:
    """The work of one run.

    Attributes
    ----------
    refs
        Photos to be opened.
    copies
        By photo_id, files with the same picture as a photo in `refs`: they share its row when it comes.
    known_copies
        Rows of PHOTO_SCHEMA for files with the same picture as a photo that is in the index already.
    changed
        By uri, rows of known photos whose file is not as it was, and which may be of another picture now.
    returned
        Rows of PHOTO_SCHEMA for photos that were missing and are back as they were.
    unchanged
        How many photos need nothing.
    unread
        Of those, how many could not be read before and still cannot.
    unseen
        Rows of known photos that were not found.
    unreachable
        Uris of those that were named all the same, and could not be looked at.
    """

    refs: WorkList = field(default_factory=WorkList)
    copies: dict[str, list[PhotoRef]] = field(default_factory=dict)
    known_copies: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    returned: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0
    unread: int = 0
    unseen: list[dict[str, Any]] = field(default_factory=list)
    unreachable: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """How many photos were found."""
        return self.to_do + self.unchanged

    @property
    def to_do(self) -> int:
        """How many rows the run will write."""
        rows = len(self.refs) + len(self.known_copies) + len(self.returned)
        return rows + sum(map(len, self.copies.values()))


def copy_row(row: dict[str, Any], ref: PhotoRef) -> dict[str, Any]:
    """Row of PHOTO_SCHEMA for `ref`, which holds the same picture as the photo of `row`."""
    return row | ref.row()


def _known_again(row: dict[str, Any], ref: PhotoRef, found: PhotoIdentity) -> dict[str, Any]:
    """Row for `ref`, in which a known picture lies; what its file says of it may be new."""
    said = dict(found.said) if row["status"] in (OK, NO_FACE) else {}
    return copy_row(row, ref) | said


Identify = Callable[[PhotoRef], PhotoIdentity | None]


def plan(
    refs: Iterable[PhotoRef],
    known: pa.Table,
    identify: Identify,
    retry_failed: bool = False,
) -> Plan:
    """Compare what is there with what has been seen.

    Only a file whose size (and etag, where it has one) is that of another is read here, and one that is known
    and not as it was, to see whether it is the same photo. So a folder that was moved or renamed, or whose
    photos got a rating, costs its reading, not its indexing. A file that could not be read before is read to
    see whether it can be now. Many are read at once, each once.

    Parameters
    ----------
    refs
        Photos as found.
    known
        Table of PHOTO_SCHEMA: the rows in force.
    identify
        Tells which picture a file holds; None when it cannot be read. Called from several threads.
    retry_failed
        Try unchanged photos again that failed before.
    """
    return _Planner(known, identify, retry_failed).plan(refs)


class _Planner:
    def __init__(self, known: pa.Table, identify: Identify, retry_failed: bool) -> None:
        self.known = KnownPhotos(known)
        self.again = self.known.failed & (self.known.missing | retry_failed)
        self.identify = identify
        self.unread: list[tuple[PhotoRef, int]] = []  # photos that could not be read, and their rows
        self.looks = array("q")  # hash of the looks of each photo that may have to be opened
        self.like_known = array("b")
        self.changed: dict[str, int] = {}  # rows of known photos whose file is not as it was, by uri

    def plan(self, refs: Iterable[PhotoRef]) -> Plan:
        result, found = Plan(), self.known.missing.copy()
        for ref in refs:
            at = self.known.at(ref.uri)
            if at is not None and ref.version == UNREACHABLE and self.known.photo_id(at):
                result.unreachable.add(ref.uri)  # what is known of it stands
                continue
            if at is not None:
                found[at] = True
            self._compare(result, ref, at)
        self._try_unread(result)
        self._part_copies(result)
        result.changed = {uri: self.known.row(at) for uri, at in self.changed.items()}
        result.unseen = self.known.table.filter(pa.array(~found)).to_pylist()
        return result

    def _compare(self, result: Plan, ref: PhotoRef, at: int | None) -> None:
        if at is None or not self.known.is_same(at, ref):
            if at is not None and self.known.photo_id(at):
                self.changed[ref.uri] = at
            self._add(result, ref, attempts=0)
        elif self.again[at]:
            self._add(result, ref, self.known.row(at)["attempts"])
        elif self.known.unread[at] and not ref.version.is_refused:
            self.unread.append((ref, at))
        elif self.known.missing[at]:
            result.returned.append(self.known.row(at))
        else:
            result.unchanged += 1

    def _try_unread(self, result: Plan) -> None:
        """Add the photos that could not be read before and can be now."""
        with ThreadPoolExecutor(READERS) as readers:
            found = readers.map(self.identify, (ref for ref, _ in self.unread))
            for (ref, at), photo_id in zip(self.unread, found, strict=True):
                if photo_id:
                    self._add(result, ref, self.known.row(at)["attempts"])
                else:
                    result.unchanged += 1
                    result.unread += 1

    def _add(self, result: Plan, ref: PhotoRef, attempts: int) -> None:
        seen = looks(ref.size, ref.version)
        result.refs.add(ref, attempts)
        self.looks.append(hash(seen))
        self.like_known.append(ref.uri in self.changed or bool(self._known(seen)))

    def _known(self, seen: Looks) -> dict[str, int]:
        """Rows of known photos with these looks, by photo_id; those that are to be opened anyway left out."""
        found = {self.known.photo_id(row): row for row in self.known.like(seen) if not self.again[row]}
        found.pop("", None)
        return found

    def _part_copies(self, result: Plan) -> None:
        """Take out of the photos to be opened what is a copy of one of them, or of a known one."""
        rows = self._alike(result.refs.table["size"].to_numpy())
        new: set[str] = set()
        copies: list[int] = []
        identified = self._identified(result.refs.table, rows)
        for row, (ref, found) in zip(rows.tolist(), identified, strict=True):
            if found is None:
                continue
            known = self._same_picture(ref, found)
            if known is not None:
                result.known_copies.append(_known_again(known, ref, found))
            elif found.photo_id in new:
                result.copies.setdefault(found.photo_id, []).append(ref)
            else:
                new.add(found.photo_id)
                continue
            copies.append(row)
        result.refs = without(result.refs, np.array(copies, np.int64))

    def _same_picture(self, ref: PhotoRef, found: PhotoIdentity) -> dict[str, Any] | None:
        """Row of a known photo of this picture: that of the same path, or of one with the same looks."""
        names = (found.photo_id, found.content_id)
        before = self.changed.get(ref.uri)
        if before is not None and self.known.photo_id(before) in names and not self.known.failed[before]:
            del self.changed[ref.uri]
            return self.known.row(before)
        known = self._known(looks(ref.size, ref.version))
        row = next((known[name] for name in names if name in known), None)
        return None if row is None else self.known.row(row)

    def _alike(self, size: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Rows of photos to be opened that look like another of them, or like a known one."""
        _, number, times = np.unique(np.array(self.looks), return_inverse=True, return_counts=True)
        return np.flatnonzero((size > 0) & ((times[number] > 1) | (np.array(self.like_known) > 0)))

    def _identified(
        self, table: pa.Table, rows: npt.NDArray[np.int64]
    ) -> Iterator[tuple[PhotoRef, PhotoIdentity | None]]:
        """Some photos and what they are, a bounded number of them read at once."""
        with ThreadPoolExecutor(READERS) as readers:
            for start in range(0, len(rows), READ_AHEAD):
                refs = list(references(table.take(rows[start : start + READ_AHEAD])))
                yield from zip(refs, readers.map(self.identify, refs), strict=True)


def with_copies(photos: pa.Table, copies: dict[str, list[PhotoRef]]) -> pa.Table:
    """Add the rows of files that hold the same picture as one of `photos`, and take them out of `copies`."""
    if not copies:
        return photos
    shared = [row for row in photos.to_pylist() if row["photo_id"] in copies]
    extra = [copy_row(row, ref) for row in shared for ref in copies.pop(row["photo_id"], ())]
    return pa.concat_tables([photos, pa.Table.from_pylist(extra, schema=PHOTO_SCHEMA)])
