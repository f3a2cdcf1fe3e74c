"""Which files of an index are stored, and in which order."""

from __future__ import annotations

from pathlib import Path

from photoclust.index.decisions import LOCK
from photoclust.index.prepared import FOLDER as PREPARED
from photoclust.index.remote.lease import FOLDER as LEASES

HEAD, JOURNAL, DECISIONS = "index.json", "forgetting.json", "decisions.csv"
DELETE_AFTER, MARKS, RANKS = 2, 4, 6


def is_ours(name: str) -> bool:
    """Tell names of an index's files from locks, what is half written, and ways out of the folder."""
    parts = name.split("/")
    strange = any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts)
    here_alone = parts[0] == PREPARED or name in (".lock", LOCK)
    return not (strange or here_alone or name.startswith(LEASES) or parts[-1].startswith(".tmp-"))


def rank(name: str) -> int:
    """Place in the order of storing.

    0 the head, 1 the journal of an erasure, 2 what counts for itself or not yet (after it, what is gone is
    deleted), 3 faces, 4 what makes others count, 5 the receipt of an erasure, then the journal's end.
    """
    if name in (HEAD, JOURNAL):
        return 0 if name == HEAD else 1
    if name.startswith("forgotten/receipt-"):
        return 5
    if name.startswith(("faces/", "successors/")):
        return 3
    return MARKS if name.startswith("photos/") or name == "current.json" else DELETE_AFTER


def delete_rank(name: str) -> int:
    """After which rank a file that is gone is deleted: faces when no photos name them any more."""
    if name == JOURNAL:
        return RANKS
    return MARKS if name.startswith("faces/") else DELETE_AFTER


def stamp(path: Path) -> list[int] | None:
    """Size in bytes and time of change in nanoseconds; None where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]
