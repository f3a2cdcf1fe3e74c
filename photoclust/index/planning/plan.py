"""What of a collection is new, changed, or known under another name: the work a run has to do.

Photos as found are joined with photos as known by uri, then by looks (size and tag), then by picture. Each
join goes part after part, see `photoclust.index.planning.shuffle`, so that memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index.planning import rows
from photoclust.index.planning.known import KnownPhotos, Mask, mask
from photoclust.index.planning.match import Match, like
from photoclust.index.planning.shuffle import Shuffle, Sieve, by, by_order, hashes
from photoclust.index.planning.worklist import Work, copy_row, references, work_of
from photoclust.photo_refs import PhotoRef
from photoclust.records import FAILED, NO_FACE, OK, PHOTO_SCHEMA, PhotoIdentity

READ_AHEAD = 1024
WORK_AT_ONCE = 262_144
"""Photos handed to an engine in one stream: what is known of them is in memory while they are worked on."""

_compute: Any = pc
Row = dict[str, Any]
Identities = Iterator[PhotoIdentity | None]
Identify = Callable[[Iterable[PhotoRef]], Identities]
"""Tells which picture each of some files holds, in their order; None where one cannot be read."""
AreGone = Callable[[pa.Table], Mask]


@dataclass
class Plan:
    """The work of one run.

    Attributes
    ----------
    found
        By uri, ``found`` and ``known`` photos.
    photos
        By photo_id, known photos that are ``unseen``, rows that bring photos ``back`` unopened, and what
        `photoclust.index.planning.absence` adds; see `photoclust.index.planning.rows`.
    waiting
        Photos to be opened and their copies, in order.
    opened, copies, known_copies, returned
        How many photos are to be opened, have the picture of one of these, have that of a known photo, and
        were missing and are back as they were.
    unchanged
        How many photos need nothing.
    unread
        Of those, how many could not be read before and still cannot.
    gone
        How many known photos that were not found are gone.
    """

    found: Shuffle
    photos: Shuffle
    waiting: Shuffle
    opened: int = 0
    copies: int = 0
    known_copies: int = 0
    returned: int = 0
    unchanged: int = 0
    unread: int = 0
    gone: int = 0

    @property
    def total(self) -> int:
        """How many photos were found."""
        return self.to_do + self.unchanged

    @property
    def to_do(self) -> int:
        """How many rows the run will write."""
        return self.opened + self.copies + self.known_copies + self.returned

    def known(self) -> Iterator[KnownPhotos]:
        """All that was known, in parts."""
        return map(KnownPhotos, self.found.parts("known"))

    def work(self) -> Iterator[Work]:
        """Photos to be opened, in the order in which they were found, `WORK_AT_ONCE` and a few at once."""
        some: list[pa.Table] = []
        for part in self.waiting.parts("to_do"):
            some.append(part)
            if sum(map(len, some)) >= WORK_AT_ONCE:
                yield work_of(pa.concat_tables(some))
                some = []
        if any(map(len, some)):
            yield work_of(pa.concat_tables(some))


def plan(
    refs: Iterable[PhotoRef],
    known: Iterable[pa.Table],
    identify: Identify,
    scratch: Path,
    retry_failed: bool = False,
    are_gone: AreGone = lambda unseen: np.zeros(len(unseen), np.bool_),
) -> Plan:
    """Compare what is there with what has been seen.

    Only a file whose size (and etag, where it has one) is that of another is read now, and one that is known
    and not as it was, to see whether it is the same photo. So a folder that was moved or renamed, or whose
    photos got a rating, costs its reading, not its indexing. A file that could not be read before is read to
    see whether it can be now. Many are read at once, each once.

    Parameters
    ----------
    refs
        Photos as found.
    known
        Tables of PHOTO_SCHEMA: all rows that were ever written, the oldest first.
    identify
        Reads files, here or elsewhere, and tells which pictures they hold; not called where there are none.
    scratch
        Folder for what does not fit into memory.
    retry_failed
        Try unchanged photos again that failed before.
    are_gone
        Tells, of a table of known photos that were not found, at which of their uris there is nothing.
    """
    found = Shuffle(scratch, by("uri"), found=rows.FOUND, known=PHOTO_SCHEMA)
    for table in rows.found_rows(refs):
        found.add("found", table)
    for table in known:
        found.add("known", table)
    return _Planner(found, scratch, identify, retry_failed).plan(are_gone)


class _Planner:
    def __init__(self, found: Shuffle, scratch: Path, identify: Identify, retry_failed: bool) -> None:
        self.identify, self.retry_failed = identify, retry_failed
        in_order = by_order("number", found.rows["found"])
        self.last = found.rows["found"]  # what could not be read before comes after all others
        self.by_looks = Shuffle(
            scratch, by("looks"), new=rows.CANDIDATE, like=rows.LIKE, identified=rows.IDENTIFIED
        )
        self.alike = Shuffle(scratch, in_order, new=rows.CANDIDATE)
        self.by_picture = Shuffle(scratch, by("photo_id"), new=rows.IDENTIFIED)
        photos = Shuffle(scratch, by("photo_id"), unseen=rows.UNSEEN, back=rows.BACK, present=rows.PRESENT)
        self.result = Plan(found, photos, Shuffle(scratch, in_order, to_do=rows.TO_DO))

    def plan(self, are_gone: AreGone) -> Plan:
        for part in self.result.found:
            match = Match(KnownPhotos(part["known"]), part["found"], self.retry_failed)
            self._compare(match, are_gone)
        if self.by_looks.rows["new"]:
            self._add_like()
            for part in self.by_looks:
                self._part_alike(part["new"], part["like"])
            for table in self.alike.parts("new"):
                self._identify_all(table)
            for part in self.by_looks:
                self._part_known(part["identified"], part["like"])
            for table in self.by_picture.parts("new"):
                self._part_copies(table)
        for one in (self.by_looks, self.alike, self.by_picture):
            one.close()
        return self.result

    def _compare(self, match: Match, are_gone: AreGone) -> None:
        """Sort photos out by what is known of their uris."""
        result, unseen = self.result, match.unseen()
        result.unchanged += int(match.unchanged.sum())
        result.returned += int(match.returned.sum())
        gone = are_gone(unseen)
        result.gone += int(gone.sum())
        result.photos.add("unseen", rows.with_column(unseen, "gone", pa.array(gone), rows.UNSEEN))
        result.photos.add("back", match.back())
        self.by_looks.add("new", match.candidates(match.opened))
        self._try_unread(match.candidates(match.unread))

    def _try_unread(self, unread: pa.Table) -> None:
        """Add the photos that could not be read before and can be now."""
        found = self.identify(references(unread)) if len(unread) else iter(())
        can_be = np.array([one is not None for one in found], np.bool_)
        self.result.unchanged += int((~can_be).sum())
        self.result.unread += int((~can_be).sum())
        number = pa.array(unread["number"].to_numpy() + self.last)
        self.by_looks.add("new", unread.set_column(0, "number", number).filter(pa.array(can_be)))

    # -- by looks -----------------------------------------------------------------------------------------

    def _add_like(self) -> None:
        """Add the known photos that look like one that may have to be opened, and a few others."""
        sieve = Sieve()
        for table in self.by_looks.tables("new"):
            sieve.want(hashes(table["looks"]))
        for known in self.result.known():
            table = like(known, self.retry_failed)
            self.by_looks.add("like", table.filter(pa.array(sieve(hashes(table["looks"])))))

    def _part_alike(self, new: pa.Table, like_them: pa.Table) -> None:
        """Part the photos that look like another, or are known, from those that are to be opened anyway."""
        seen = new["looks"].combine_chunks().dictionary_encode()
        number = seen.indices.to_numpy()
        times = np.bincount(number, minlength=len(seen.dictionary))
        known = mask(_compute.is_in(new["looks"], value_set=like_them["looks"]))
        alike = (times[number] > 1) | known | mask(new["changed"])
        alike &= new["size"].to_numpy() > 0
        self.alike.add("new", new.filter(pa.array(alike)))
        self._open(new.filter(pa.array(~alike)))

    def _identify_all(self, alike: pa.Table) -> None:
        """Have photos read, in the order in which they were found."""
        alike = alike.sort_by("number")
        pictures = self.identify(references(alike)) if len(alike) else iter(())
        for start in range(0, len(alike), READ_AHEAD):
            some = alike.slice(start, READ_AHEAD)
            found = list(islice(pictures, len(some)))
            known = np.array([one is not None for one in found], np.bool_)
            self._open(some.filter(pa.array(~known)))
            self.by_looks.add("identified", identified(some.filter(pa.array(known)), filter(None, found)))

    def _part_known(self, new: pa.Table, like_them: pa.Table) -> None:
        """Part the photos whose picture is known from others."""
        known = pictures(like_them)
        found = [(row, _same_picture(row, known)) for row in new.to_pylist()]
        back = [_known_again(row, before) for row, before in found if before is not None]
        others = np.array([before is None for _, before in found], np.bool_)
        self.result.known_copies += len(back)
        self.result.photos.add("back", pa.Table.from_pylist(back, rows.BACK))
        self.by_picture.add("new", new.filter(pa.array(others)))

    # -- by picture ---------------------------------------------------------------------------------------

    def _part_copies(self, new: pa.Table) -> None:
        """Part the first photo of each picture from its copies, which have its place in the order."""
        new = new.sort_by("number")
        seen = new["photo_id"].combine_chunks().dictionary_encode()
        _, first, picture = np.unique(seen.indices.to_numpy(), return_index=True, return_inverse=True)
        is_first = np.zeros(len(new), np.bool_)
        is_first[first] = True
        self._open(new.filter(pa.array(is_first)))
        number = pa.array(new["number"].to_numpy()[first[picture]])
        copies = new.set_column(0, "number", number).filter(pa.array(~is_first))
        self.result.copies += len(copies)
        copies = rows.with_column(copies, "copy_of", copies["photo_id"], rows.TO_DO)
        self.result.waiting.add("to_do", copies)

    def _open(self, new: pa.Table) -> None:
        self.result.opened += len(new)
        nobody = pa.nulls(len(new), pa.string())
        self.result.waiting.add("to_do", rows.with_column(new, "copy_of", nobody, rows.TO_DO))


def pictures(like_them: pa.Table) -> dict[str, dict[str, Row]]:
    """Known photos by looks, then by photo_id; of several with one picture the last uri."""
    known: dict[str, dict[str, Row]] = {}
    for row in sorted(like_them.to_pylist(), key=lambda row: row["uri"]):
        known.setdefault(row.pop("looks"), {})[row["photo_id"]] = row
    return known


def _same_picture(new: Row, known: dict[str, dict[str, Row]]) -> Row | None:
    """Row of a known photo with the picture of a new one: of the same path, or of one that looks like it."""
    names, former = (new["photo_id"], new["content_id"]), new["former"]
    if new["changed"] and former["photo_id"] in names and former["status"] != FAILED:
        return former
    alike = known.get(new["looks"], {})
    return next((alike[name] for name in names if name in alike), None)


def _known_again(new: Row, before: Row) -> Row:
    """Row, of rows.BACK, for a file in which a known picture lies; what the file says of it may be new."""
    said = new["said"] if new["said"] and before["status"] in (OK, NO_FACE) else {}
    changed = new["changed"] and before is not new["former"]
    return (
        copy_row(before, PhotoRef.of_row(new)) | said | {"changed_from": new["former"] if changed else None}
    )


def identified(new: pa.Table, found: Iterable[PhotoIdentity]) -> pa.Table:
    """Photos and what they are, of rows.IDENTIFIED."""
    values = [
        {"photo_id": one.photo_id, "content_id": one.content_id, "said": dict(one.said) or None}
        for one in found
    ]
    schema = pa.schema([rows.IDENTIFIED.field(name) for name in ("photo_id", "content_id", "said")])
    what = pa.Table.from_pylist(values, schema)
    return pa.Table.from_arrays([*new.columns, *what.columns], schema=rows.IDENTIFIED)
