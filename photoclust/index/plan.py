"""What of a collection is new, changed, or known under another name: the work a run has to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from photoclust.index.known import KnownPhotos, Looks, looks
from photoclust.records import PHOTO_SCHEMA, UNREACHABLE, PhotoRef


@dataclass
class Plan:
    """The work of one run.

    Attributes
    ----------
    refs, attempts
        Photos to be opened, and how often each has been tried before.
    copies
        By photo_id, files with the same bytes as a photo in `refs`: they share its row when it comes.
    known_copies
        Rows of PHOTO_SCHEMA for files with the same bytes as a photo that is in the index already.
    returned
        Rows of PHOTO_SCHEMA for photos that were missing and are back as they were.
    unchanged
        How many photos need nothing.
    unseen
        Rows of known photos that were not found.
    unreachable
        Uris of those that were named all the same, and could not be looked at.
    """

    refs: list[PhotoRef] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    copies: dict[str, list[PhotoRef]] = field(default_factory=dict)
    known_copies: list[dict[str, Any]] = field(default_factory=list)
    returned: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0
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
    """Row of PHOTO_SCHEMA for `ref`, which has the same bytes as the photo of `row`."""
    return row | {"uri": ref.uri, "size": ref.size, "version": ref.version}


def plan(
    refs: Iterable[PhotoRef],
    known: pa.Table,
    identify: Callable[[PhotoRef], str],
    retry_failed: bool = False,
) -> Plan:
    """Compare what is there with what has been seen.

    Only a file whose size (and etag, where it has one) is that of another is read here, to see whether it is
    the same photo: a folder that was moved or renamed costs its reading, not its indexing.

    Parameters
    ----------
    refs
        Photos as found.
    known
        Table of PHOTO_SCHEMA: the rows in force.
    identify
        Gives the photo_id of a file; ``""`` when it cannot be read.
    retry_failed
        Try unchanged photos again that failed before.
    """
    return _Planner(known, identify, retry_failed).plan(refs)


class _Planner:
    def __init__(self, known: pa.Table, identify: Callable[[PhotoRef], str], retry_failed: bool) -> None:
        self.known = KnownPhotos(known)
        self.again = self.known.failed & (self.known.missing | retry_failed)
        self.identify = identify
        self.first_alike: dict[Looks, PhotoRef] = {}
        self.compared: set[Looks] = set()  # looks whose first photo is among the new identities
        self.new_identities: set[str] = set()

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
        result.unseen = self.known.table.filter(pa.array(~found)).to_pylist()
        return result

    def _compare(self, result: Plan, ref: PhotoRef, at: int | None) -> None:
        if at is None or not self.known.is_same(at, ref):
            self._add(result, ref, attempts=0)
        elif self.again[at]:
            self._add(result, ref, self.known.row(at)["attempts"])
        elif self.known.missing[at]:
            result.returned.append(self.known.row(at))
        else:
            result.unchanged += 1

    def _add(self, result: Plan, ref: PhotoRef, attempts: int) -> None:
        seen = looks(ref.size, ref.version)
        known = {self.known.photo_id(row): row for row in self.known.like(seen) if not self.again[row]}
        known.pop("", None)
        first = self.first_alike.setdefault(seen, ref)
        photo_id = self.identify(ref) if ref.size and (known or first is not ref) else ""
        if photo_id and first is not ref and seen not in self.compared:
            self.compared.add(seen)
            self.new_identities.add(self.identify(first))
        if photo_id and photo_id in known:
            result.known_copies.append(copy_row(self.known.row(known[photo_id]), ref))
        elif photo_id and photo_id in self.new_identities:
            result.copies.setdefault(photo_id, []).append(ref)
        else:
            self.new_identities.add(photo_id)
            result.refs.append(ref)
            result.attempts.append(attempts)


def with_copies(photos: pa.Table, copies: dict[str, list[PhotoRef]]) -> pa.Table:
    """Add the rows of files that have the same bytes as one of `photos`."""
    if not copies:
        return photos
    shared = [row for row in photos.to_pylist() if row["photo_id"] in copies]
    extra = [copy_row(row, ref) for row in shared for ref in copies[row["photo_id"]]]
    return pa.concat_tables([photos, pa.Table.from_pylist(extra, schema=PHOTO_SCHEMA)])
