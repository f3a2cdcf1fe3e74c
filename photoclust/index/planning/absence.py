"""Photos that are known and no longer there: what a run may say of them, and when it had better ask.

A run vouches for the folders it was given and for the photos it was given by name; of others it knows
nothing. A photo that is missing keeps its faces and their embeddings: it is only out of the grouping, and
when the file comes back as it was, nothing is detected again. A photo whose picture is still there under
another name was moved and is not lost: the name that leads nowhere goes missing, wherever it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.errors import MissingPhotosError
from photoclust.index.planning import rows
from photoclust.index.planning.known import Mask, mask
from photoclust.index.planning.plan import Plan
from photoclust.index.planning.shuffle import Sieve, Tables, hashes
from photoclust.records import MISSING, PHOTO_SCHEMA

Row = dict[str, Any]
_compute: Any = pc

_ASKED_AT_ONCE = 8
_ROWS_AT_ONCE = 16_384  # that are dictionaries: each takes some kilobytes

MANY = 20
"""Photos known in a folder from which losing more than half is no longer everyday."""


def gone_from(folders: Sequence[str], is_gone: Callable[[str], bool]) -> Callable[[pa.Table], Mask]:
    """What tells which known photos a run that did not find them finds missing.

    Parameters
    ----------
    folders
        What uris in the folders that were searched begin with.
    is_gone
        Tells whether there is nothing, or no file, at a uri; false when in doubt.
    """
    begins = tuple(folders)

    def are_gone(unseen: pa.Table) -> Mask:
        asked = zip(unseen["uri"].to_pylist(), unseen["named"].to_pylist(), strict=True)
        answers = ((named or uri.startswith(begins)) and is_gone(uri) for uri, named in asked)
        return np.fromiter(answers, np.bool_, len(unseen))

    return are_gone


class Absence:
    """What becomes of the known photos that were not found.

    Parameters
    ----------
    work
        What was and was not found.
    folders
        As in `gone_from`.

    Attributes
    ----------
    left_out
        How many are still there, and the search no longer takes: known when `rows` have been gone through.
    moved
        How many known names of photos that were met lead nowhere.
    """

    def __init__(self, work: Plan, folders: Sequence[str]) -> None:
        self._work, self._folders = work, tuple(folders)
        self.left_out = self.moved = 0
        self._lost = self._found_again = 0
        self._met: set[str] = set()  # pictures under another name that no looks told
        self._unseen = Sieve()
        for table in work.photos.tables("unseen"):
            self._unseen.want(hashes(table["photo_id"]))
        if work.gone:
            self._add_present()
            self._lost = sum(map(len, self._lost_photos()))
        self._part: tuple[int, Tables] | None = None

    def _add_present(self) -> None:
        """Add the known photos with a picture that was somewhere else."""
        sieve = Sieve()
        for table in self._work.photos.tables("unseen"):
            sieve.want(hashes(table["photo_id"].filter(table["gone"])))
        for known in self._work.known():
            there = known.table.filter(pa.array(~known.missing)).select(rows.PRESENT.names)
            present = there.filter(pa.array(sieve(hashes(there["photo_id"])))).cast(rows.PRESENT)
            self._work.photos.add("present", present)

    @property
    def lost(self) -> int:
        """How many photos are gone whose picture is under no other name."""
        return self._lost - self._found_again

    def _lost_photos(self) -> Iterator[pa.Table]:
        for part in self._work.photos:
            yield part["unseen"].filter(pa.array(_are_lost(part)))

    def rows(self, reason: Callable[[str], str]) -> Iterator[pa.Table]:
        """Rows to append for photos that are missing, and for those that are still there and left out now.

        Both keep their faces, are out of the grouping, and come back when they are taken again.

        Parameters
        ----------
        reason
            Tells why the photo at a uri is left out; ``""`` where it is not.
        """
        for table in self._work.photos.tables("unseen"):
            inside = np.fromiter(
                (uri.startswith(self._folders) for uri in table["uri"].to_pylist()), np.bool_
            )
            some = table.filter(pa.array(inside | mask(table["gone"])))
            for start in range(0, len(some), _ROWS_AT_ONCE):
                made = [self._row(row, reason) for row in some.slice(start, _ROWS_AT_ONCE).to_pylist()]
                yield pa.Table.from_pylist(list(filter(None, made)), schema=PHOTO_SCHEMA)

    def _row(self, row: Row, reason: Callable[[str], str]) -> Row | None:
        if row["gone"]:
            return _missing(row)
        why = reason(row["uri"])
        self.left_out += bool(why)
        return _missing(row) | {"left_out": why, "error": None} if why else None

    # -- photos that have another name now ----------------------------------------------------------------

    def moves_back(self, is_gone: Callable[[str], bool]) -> Iterator[pa.Table]:
        """Rows to append before those that are ``back``, for what these were called before and are no longer.

        Parameters
        ----------
        is_gone
            As in `gone_from`; called from several threads.
        """
        for part in self._work.photos:
            yield self._leave(part, set(part["back"]["photo_id"].to_pylist()), is_gone)

    def moves_of(self, photos: pa.Table, is_gone: Callable[[str], bool]) -> pa.Table:
        """The same for photos that were opened, before whose rows they are appended."""
        wanted = photos["photo_id"].filter(pa.array(self._unseen(hashes(photos["photo_id"])))).to_pylist()
        made = [PHOTO_SCHEMA.empty_table()]
        of = self._work.photos.part_of
        for number, some in groupby(sorted(set(wanted) - self._met, key=of), of):
            if self._part is None or self._part[0] != number:
                self._part = number, self._work.photos.part(number)
            part = self._part[1]
            met = set(some).intersection(part["unseen"]["photo_id"].to_pylist())
            made.append(self._leave(part, met.difference(part["back"]["photo_id"].to_pylist()), is_gone))
            self._met |= met
        return pa.concat_tables(made)

    def _leave(self, part: Tables, photos: set[str], is_gone: Callable[[str], bool]) -> pa.Table:
        """Rows for what some photos were called and are no longer."""
        among = pa.array(sorted(photos - {""}), pa.string())
        chosen = mask(_compute.is_in(part["unseen"]["photo_id"], value_set=among))
        if not chosen.any():
            return PHOTO_SCHEMA.empty_table()
        self._found_again += int((_are_lost(part) & chosen).sum())
        known = part["unseen"].filter(pa.array(chosen)).to_pylist()
        new = [row for row in known if not row["gone"]]
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
            gone = pool.map(is_gone, (row["uri"] for row in new))
            made = [_missing(row) for row, is_gone in zip(new, gone, strict=True) if is_gone]
        self.moved += len(made) + len(known) - len(new)
        return pa.Table.from_pylist(made, schema=PHOTO_SCHEMA)

    # -- whether to ask -----------------------------------------------------------------------------------

    def require_plausible(self, folders: Sequence[str]) -> None:
        """Make sure that photos are missing because somebody took them away.

        Parameters
        ----------
        folders
            What uris in the folders that were searched begin with.

        Raises
        ------
        MissingPhotosError
            A folder is empty in which photos are known, or has lost more than half of at least `MANY`.
        """
        if not self._lost:
            return
        for folder in folders:
            gone = _count(self._lost_photos(), folder)
            if gone:
                self._require_plausible(folder, gone)

    def _require_plausible(self, folder: str, gone: int) -> None:
        work = self._work
        count = _count((known.table.filter(pa.array(~known.missing)) for known in work.known()), folder)
        away = _count((table.filter(table["gone"]) for table in work.photos.tables("unseen")), folder)
        new = (table.filter(pc.field("copy_of").is_null()) for table in work.waiting.tables("to_do"))
        is_empty = count == away and not _count(new, folder)
        if is_empty or (count >= MANY and gone > count / 2):
            place = folder.rstrip("/") or folder
            raise MissingPhotosError(
                f"{gone} of the {count} photos known in {place} are not there; is a drive "
                "not connected? Connect it and try again.",
                python="If they are gone for good, say PhotoOptions(missing='drop'), and they leave the "
                "grouping; with missing='keep' everything stays.",
                cli="If they are gone for good, add --missing drop, and they leave the grouping; with "
                "--missing keep everything stays.",
            )


def _are_lost(part: Tables) -> Mask:
    """Which unseen photos are gone and have a picture that is nowhere else."""
    unseen, gone = part["unseen"], mask(part["unseen"]["gone"])
    if not gone.any():
        return gone
    away = unseen["uri"].filter(pa.array(gone)).combine_chunks()
    stays = ~mask(_compute.is_in(part["present"]["uri"], value_set=away))
    there = part["present"]["photo_id"].filter(pa.array(stays)).to_pylist()
    pictures = pa.array([*there, *part["back"]["photo_id"].to_pylist()], pa.string())
    return gone & ~mask(_compute.is_in(unseen["photo_id"], value_set=pictures))


def _count(tables: Iterable[pa.Table], folder: str) -> int:
    """How many photos have a uri in a folder."""
    return sum(int(mask(_compute.starts_with(table["uri"], folder)).sum()) for table in tables)


def _missing(row: Row) -> Row:
    own = {name: row[name] for name in PHOTO_SCHEMA.names}
    return own | {"status": MISSING, "former_status": row["status"], "stage": None}
