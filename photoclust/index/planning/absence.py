"""Photos that are known and no longer there: what a run may say of them, and when it had better ask.

A run vouches for the folders it was given and for the photos it was given by name; of others it knows
nothing. A photo that is missing keeps its faces and their embeddings: it is only out of the grouping, and
when the file comes back as it was, nothing is detected again. A photo whose picture is still there under
another name was moved and is not lost: the name that leads nowhere goes missing, wherever it was.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from photoclust.errors import MissingPhotosError
from photoclust.index.planning.plan import Plan
from photoclust.records import MISSING, PHOTO_SCHEMA

Row = dict[str, Any]

_ASKED_AT_ONCE = 8

MANY = 20
"""Photos known in a folder from which losing more than half is no longer everyday."""


def missing_rows(work: Plan, folders: Sequence[str], is_gone: Callable[[str], bool]) -> list[Row]:
    """Rows to append for photos that this run finds missing.

    Parameters
    ----------
    work
        What was and was not found.
    folders
        What uris in the folders that were searched begin with.
    is_gone
        Tells whether there is nothing, or no file, at a uri; false when in doubt.
    """
    begins = tuple(folders)
    candidates = (
        row for row in work.unseen if row["uri"] in work.unreachable or row["uri"].startswith(begins)
    )
    return [_missing(row) for row in candidates if is_gone(row["uri"])]


class Moves:
    """Finds out which known names of the photos that a run meets lead nowhere any more.

    Parameters
    ----------
    work
        What was and was not found.
    missing
        From `missing_rows`: known already to be gone.
    is_gone
        As in `missing_rows`; called from several threads.
    """

    def __init__(self, work: Plan, missing: Sequence[Row], is_gone: Callable[[str], bool]) -> None:
        self.uris: set[str] = set()  # names that were left
        self._is_gone = is_gone
        self._away = {row["uri"] for row in missing}
        self._unseen: dict[str, list[Row]] = {}
        for row in work.unseen:
            if row["photo_id"]:
                self._unseen.setdefault(row["photo_id"], []).append(row)

    def of(self, photos: pa.Table) -> pa.Table:
        """Rows to append before those of `photos`, for what these were called before and are no longer."""
        met = set(photos["photo_id"].to_pylist()) & self._unseen.keys()
        known = [row for photo in sorted(met) for row in self._unseen.pop(photo)]
        new = [row for row in known if row["uri"] not in self._away]
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
            gone = pool.map(self._is_gone, (row["uri"] for row in new))
            rows = [_missing(row) for row, is_gone in zip(new, gone, strict=True) if is_gone]
        self.uris |= {row["uri"] for row in rows} | self._away.intersection(row["uri"] for row in known)
        return pa.Table.from_pylist(rows, schema=PHOTO_SCHEMA)


def _missing(row: Row) -> Row:
    return row | {"status": MISSING, "former_status": row["status"], "stage": None}


def left_out_rows(
    work: Plan, missing: Sequence[Row], folders: Sequence[str], reason: Callable[[str], str]
) -> list[Row]:
    """Rows to append for photos that are still there and that this run leaves out.

    Like missing ones they keep their faces, are out of the grouping, and come back when they are taken again.

    Parameters
    ----------
    work, folders
        As in `missing_rows`.
    missing
        From `missing_rows`.
    reason
        Tells why the photo at a uri is left out; ``""`` where it is not.
    """
    begins, gone = tuple(folders), {row["uri"] for row in missing}
    there = (row for row in work.unseen if row["uri"].startswith(begins) and row["uri"] not in gone)
    return [_missing(row) | {"left_out": why, "error": None} for row in there if (why := reason(row["uri"]))]


def lost_photos(work: Plan, missing: Sequence[Row], known: pa.Table) -> list[str]:
    """Uris of missing photos whose picture is under no other name.

    Parameters
    ----------
    work
        What was and was not found.
    missing
        From `missing_rows`.
    known
        Table of PHOTO_SCHEMA: the rows in force.
    """
    away = {row["uri"] for row in missing}
    there = known.filter(pc.field("status") != MISSING)
    rows = zip(there["uri"].to_pylist(), there["photo_id"].to_pylist(), strict=True)
    present = {photo for uri, photo in rows if uri not in away}
    present |= {row["photo_id"] for row in (*work.known_copies, *work.returned)}
    return [row["uri"] for row in missing if row["photo_id"] not in present]


def require_plausible(work: Plan, missing: Sequence[Row], known: pa.Table, folders: Sequence[str]) -> None:
    """Make sure that photos are missing because somebody took them away.

    Parameters
    ----------
    work, missing, known
        As in `lost_photos`; `known` is ordered by uri.
    folders
        What uris in the folders that were searched begin with.

    Raises
    ------
    MissingPhotosError
        A folder is empty in which photos are known, or has lost more than half of at least `MANY`.
    """
    lost = lost_photos(work, missing, known)
    uris = known.filter(pc.field("status") != MISSING)["uri"].to_pylist() if lost else []
    for folder in folders:
        gone = sum(uri.startswith(folder) for uri in lost)
        count = bisect_left(uris, folder[:-1] + chr(ord(folder[-1]) + 1)) - bisect_left(uris, folder)
        left = count - sum(row["uri"].startswith(folder) for row in missing)
        empty = not left and not any(ref.uri.startswith(folder) for ref in work.refs)
        if gone and (empty or (count >= MANY and gone > count / 2)):
            place = folder.rstrip("/") or folder
            raise MissingPhotosError(
                f"{gone} of the {count} photos known in {place} are not there; is a drive "
                "not connected? Connect it and try again.",
                python="If they are gone for good, say PhotoOptions(missing='drop'), and they leave the "
                "grouping; with missing='keep' everything stays.",
                cli="If they are gone for good, add --missing drop, and they leave the grouping; with "
                "--missing keep everything stays.",
            )
