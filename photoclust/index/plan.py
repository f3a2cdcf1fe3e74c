"""What of a collection is new, changed, or known under another name: the work a run has to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from photoclust.records import FAILED, PHOTO_SCHEMA, PhotoRef


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
    unchanged
        How many photos need nothing.
    """

    refs: list[PhotoRef] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    copies: dict[str, list[PhotoRef]] = field(default_factory=dict)
    known_copies: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0

    @property
    def total(self) -> int:
        """How many photos were found."""
        return self.to_do + self.unchanged

    @property
    def to_do(self) -> int:
        """How many rows the run will write."""
        return len(self.refs) + len(self.known_copies) + sum(map(len, self.copies.values()))


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

    Only a file whose size is that of another is read here, to see whether it is the same photo: a folder
    that was moved or renamed costs its reading, not its indexing.

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
        self.rows: dict[str, dict[str, Any]] = {row["uri"]: row for row in known.to_pylist()}
        self.retry_failed = retry_failed
        self.identify = identify
        self.known_by_size: dict[int, dict[str, dict[str, Any]]] = {}
        for row in self.rows.values():
            if row["photo_id"] and not (retry_failed and row["status"] == FAILED):
                self.known_by_size.setdefault(row["size"], {})[row["photo_id"]] = row
        self.new_by_size: dict[int, list[PhotoRef]] = {}
        self.identities: dict[str, str] = {}

    def plan(self, refs: Iterable[PhotoRef]) -> Plan:
        result = Plan()
        for ref in refs:
            row = self.rows.get(ref.uri)
            if row is None or (row["size"], row["version"]) != (ref.size, ref.version):
                self._add(result, ref, attempts=0)
            elif self.retry_failed and row["status"] == FAILED:
                self._add(result, ref, row["attempts"])
            else:
                result.unchanged += 1
        return result

    def _add(self, result: Plan, ref: PhotoRef, attempts: int) -> None:
        known = self.known_by_size.get(ref.size, {})
        rivals = self.new_by_size.setdefault(ref.size, [])
        photo_id = self._identity(ref) if ref.size and (known or rivals) else ""
        if photo_id and photo_id in known:
            result.known_copies.append(copy_row(known[photo_id], ref))
        elif photo_id and any(self._identity(rival) == photo_id for rival in rivals):
            result.copies.setdefault(photo_id, []).append(ref)
        else:
            rivals.append(ref)
            result.refs.append(ref)
            result.attempts.append(attempts)

    def _identity(self, ref: PhotoRef) -> str:
        if ref.uri not in self.identities:
            self.identities[ref.uri] = self.identify(ref)
        return self.identities[ref.uri]


def with_copies(photos: pa.Table, copies: dict[str, list[PhotoRef]]) -> pa.Table:
    """Add the rows of files that have the same bytes as one of `photos`."""
    if not copies:
        return photos
    shared = [row for row in photos.to_pylist() if row["photo_id"] in copies]
    extra = [copy_row(row, ref) for row in shared for ref in copies[row["photo_id"]]]
    return pa.concat_tables([photos, pa.Table.from_pylist(extra, schema=PHOTO_SCHEMA)])
