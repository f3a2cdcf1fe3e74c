"""What of a collection is new, changed, or known under another name: the work a run has to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from photoclust.records import CONTENT_TAG, FAILED, MISSING, PHOTO_SCHEMA, UNREACHABLE, PhotoRef


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
        rows: list[dict[str, Any]] = known.to_pylist()
        self.missing = {row["uri"] for row in rows if row["status"] == MISSING}
        self.rows = {row["uri"]: _as_it_was(row) for row in rows}
        self.retry_failed = retry_failed
        self.identify = identify
        self.known_alike: dict[tuple[int, str], dict[str, dict[str, Any]]] = {}
        for row in self.rows.values():
            again = row["status"] == FAILED and (retry_failed or row["uri"] in self.missing)
            if row["photo_id"] and not again:
                self.known_alike.setdefault(_looks(row["size"], row["version"]), {})[row["photo_id"]] = row
        self.first_alike: dict[tuple[int, str], PhotoRef] = {}
        self.compared: set[tuple[int, str]] = set()  # looks whose first photo is among the new identities
        self.new_identities: set[str] = set()

    def plan(self, refs: Iterable[PhotoRef]) -> Plan:
        result, found = Plan(), set(self.missing)
        for ref in refs:
            row = self.rows.get(ref.uri)
            if row is not None and row["photo_id"] and ref.version == UNREACHABLE:
                result.unreachable.add(ref.uri)  # what is known of it stands
            else:
                found.add(ref.uri)
                self._compare(result, ref, row)
        result.unseen = [row for uri, row in self.rows.items() if uri not in found]
        return result

    def _compare(self, result: Plan, ref: PhotoRef, row: dict[str, Any] | None) -> None:
        if row is None or (row["size"], row["version"]) != (ref.size, ref.version):
            self._add(result, ref, attempts=0)
        elif row["status"] == FAILED and (self.retry_failed or ref.uri in self.missing):
            self._add(result, ref, row["attempts"])
        elif ref.uri in self.missing:
            result.returned.append(row)
        else:
            result.unchanged += 1

    def _add(self, result: Plan, ref: PhotoRef, attempts: int) -> None:
        looks = _looks(ref.size, ref.version)
        known = self.known_alike.get(looks, {})
        first = self.first_alike.setdefault(looks, ref)
        photo_id = self.identify(ref) if ref.size and (known or first is not ref) else ""
        if photo_id and first is not ref and looks not in self.compared:
            self.compared.add(looks)
            self.new_identities.add(self.identify(first))
        if photo_id and photo_id in known:
            result.known_copies.append(copy_row(known[photo_id], ref))
        elif photo_id and photo_id in self.new_identities:
            result.copies.setdefault(photo_id, []).append(ref)
        else:
            self.new_identities.add(photo_id)
            result.refs.append(ref)
            result.attempts.append(attempts)


def _as_it_was(row: dict[str, Any]) -> dict[str, Any]:
    """Row of a photo before it went missing."""
    return row | {"status": row["stage"], "stage": None} if row["status"] == MISSING else row


def _looks(size: int, version: str) -> tuple[int, str]:
    """What copies have in common, as far as can be said without opening them."""
    return size, version if version.startswith(CONTENT_TAG) else ""


def with_copies(photos: pa.Table, copies: dict[str, list[PhotoRef]]) -> pa.Table:
    """Add the rows of files that have the same bytes as one of `photos`."""
    if not copies:
        return photos
    shared = [row for row in photos.to_pylist() if row["photo_id"] in copies]
    extra = [copy_row(row, ref) for row in shared for ref in copies[row["photo_id"]]]
    return pa.concat_tables([photos, pa.Table.from_pylist(extra, schema=PHOTO_SCHEMA)])
