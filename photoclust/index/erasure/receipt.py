"""The receipt of an erasure: how much went, and what an erasure cannot reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from photoclust import __version__
from photoclust.index.erasure.keep_out import FOLDER, keyed
from photoclust.index.place import IndexPlace

_NOT_ERASED = (
    "the photos themselves",
    "exports and copies outside the index folder",
    "backups and snapshots of the disk",
    "logs and job lists of Ray clusters that worked on the index, and what their nodes spilled to disk",
    "faces of the same person that were never recognised as theirs",
)
_NOT_ERASED_ELSEWHERE = (
    "earlier versions of objects, where the store keeps them",
    "working copies on other machines, until the next command there",
)


@dataclass(frozen=True)
class Changes:
    """Files of the index that an erasure has written anew, and those it has removed."""

    rewritten: set[Path] = field(default_factory=set)
    removed: set[Path] = field(default_factory=set)


def not_erased(place: IndexPlace) -> list[str]:
    """What an erasure cannot reach; stands in every receipt."""
    return [*_NOT_ERASED, *(_NOT_ERASED_ELSEWHERE if place.original else ())]


def receipt_of(place: IndexPlace, journal: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """Say what an erasure has done; `journal` is what it was about. Ids are there as keyed hashes only."""
    folder = place.folder
    return {
        "at": journal["at"],
        "photoclust": __version__,
        "receipt": f"{FOLDER}/receipt-{_stamp(journal['at'])}.json",
        "faces": len(journal["faces"]),
        "photos": len(journal["photos"]),
        "files_rewritten": len(changes.rewritten),
        "files_removed": len(changes.removed),
        "keyed_faces": sorted(keyed(folder, face) for face in journal["faces"]),
        "keyed_photos": sorted(keyed(folder, photo) for photo in journal["photos"]),
        "kept_out": bool(journal["keep_out"]),
        "not_erased": not_erased(place),
    }


def _stamp(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y%m%dT%H%M%S%f}Z"
