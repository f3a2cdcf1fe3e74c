"""Erasing faces and photos from an index, so that no byte of them is left in it.

::

    INDEX/forgetting.json        what is being erased: written first, removed last

Once the journal is there, the erasure will be finished: by this process, or, when it is killed, by the next
that takes the lock. Every step may be repeated. Old versions of photos, which nobody looks at any more, are
left out of each part of the index that is rewritten, and their faces with them: the person may be on those.

What cannot be reached: the photos themselves, exports outside the index, backups and snapshots of the disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust import __version__
from photoclust.errors import IndexCorruptError
from photoclust.index import files
from photoclust.index.erasure.keep_out import FOLDER, FORGOTTEN_PHOTO, add_keep_out, keyed
from photoclust.index.erasure.recount import recount
from photoclust.index.erasure.scrub import Gone, among, scrub_file
from photoclust.index.parts import Parts
from photoclust.index.photo_rows import from_disk, to_disk
from photoclust.index.prepared import FOLDER as PREPARED
from photoclust.index.remote import hooks
from photoclust.records import FACE_SCHEMA, FORGOTTEN, MISSING, OK, local_path
from photoclust.storage.writers import is_abandoned

Row = dict[str, Any]

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

_JOURNAL = "forgetting.json"
_OWN = frozenset({"index.json", "current.json", _JOURNAL, ".lock"})
_EXPORT_MARK = ".photoclust-export"  # in every folder of links that an export made


@dataclass(frozen=True)
class Erasure:
    """What is to be erased.

    Attributes
    ----------
    faces
        Ids of faces.
    photos
        Ids of photos that are to be forgotten whole, their faces among `faces`.
    people, names
        Ids of people all of whose faces go, and names that nobody bears who stays.
    keep_out
        Keep keyed hashes, so that the same photos do not bring the faces back.
    """

    faces: frozenset[str]
    photos: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    keep_out: bool = False


@dataclass(frozen=True)
class _Changes:
    rewritten: set[Path] = field(default_factory=set)
    removed: set[Path] = field(default_factory=set)


def erase(folder: Path, erasure: Erasure) -> dict[str, Any]:
    """Erase faces and photos of the index in a folder; the caller holds its lock.

    Returns
    -------
    dict
        The receipt, as it lies in the folder ``forgotten`` of the index. It holds no id and no name, only
        keyed hashes (`photoclust.index.erasure.keep_out`).

    Raises
    ------
    IndexWriteError
        The disk is full, say. What was begun is finished by the next command that writes to the index.
    """
    faces = stored_faces(folder, ["face_id", "photo_id", "box"]).filter(among("face_id", erasure.faces))
    journal = {
        "at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "faces": sorted(erasure.faces),
        "photos": sorted(erasure.photos),
        "people": sorted(erasure.people),
        "names": sorted(erasure.names),
        "keep_out": _kept_out(folder, faces, erasure) if erasure.keep_out else {},
    }
    files.write_json(folder / _JOURNAL, journal)
    hooks.written(folder)
    receipt = finish(folder)
    assert receipt is not None, "the journal was just written"
    return receipt


def _kept_out(folder: Path, faces: pa.Table, erasure: Erasure) -> dict[str, Any]:
    boxes: dict[str, Any] = {}
    for face in faces.to_pylist():
        boxes.setdefault(keyed(folder, face["photo_id"]), []).append(np.rint(face["box"]).tolist())
    return boxes | dict.fromkeys((keyed(folder, photo) for photo in erasure.photos), None)


def not_erased(folder: Path) -> list[str]:
    """What an erasure cannot reach; stands in every receipt."""
    return [*_NOT_ERASED, *(_NOT_ERASED_ELSEWHERE if hooks.elsewhere(folder) else ())]


def pending(folder: Path) -> set[str]:
    """Ids and names that an interrupted erasure was about; none where there was none."""
    if not (folder / _JOURNAL).is_file():
        return set()
    journal = files.read_json(folder / _JOURNAL)
    return {word for name in ("faces", "photos", "people", "names") for word in journal[name]}


def finish(folder: Path) -> dict[str, Any] | None:
    """Finish what `erase` began; the caller holds the index's lock. None where there is nothing to do."""
    if not (folder / _JOURNAL).is_file():
        return None
    journal = files.read_json(folder / _JOURNAL)
    add_keep_out(folder, journal["keep_out"])
    ids = {name: frozenset(journal[name]) for name in ("faces", "photos", "people", "names")}
    gone = Gone(**ids, thumbnails=_thumbnails(folder, ids["faces"]))
    changes, parts = _Changes(), Parts(folder)
    photo_of = _photo_of(folder)
    _remove_derived(folder, gone, _links_to(parts, gone, photo_of), changes)
    _scrub_files(folder, gone, changes)
    for run in sorted((folder / "clusterings").glob("*/run.json")):
        changes.rewritten.update(recount(run.parent, photo_of))
    _rewrite_faces(parts, gone, changes)
    _rewrite_photos(folder, gone, _bare(parts, gone, photo_of), changes)
    receipt = _receipt(folder, journal, changes)
    files.write_json(folder / receipt["receipt"], receipt)
    (folder / _JOURNAL).unlink()
    return receipt


def _receipt(folder: Path, journal: dict[str, Any], changes: _Changes) -> dict[str, Any]:
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
        "not_erased": not_erased(folder),
    }


def _stamp(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y%m%dT%H%M%S%f}Z"


# -- what to look for ---------------------------------------------------------------------------------


def _photo_of(folder: Path) -> dict[str, str]:
    """Photo of every face that is stored, those of missing photos too."""
    faces = stored_faces(folder, ["face_id", "photo_id"])
    return dict(zip(faces["face_id"].to_pylist(), faces["photo_id"].to_pylist(), strict=True))


def stored_faces(folder: Path, columns: list[str]) -> pa.Table:
    """Read some columns of every face that is stored, those of missing and changed photos too."""
    empty = pa.schema([FACE_SCHEMA.field(name) for name in columns]).empty_table()
    return pa.concat_tables([empty, *(files.read_table(part, columns) for part in _parts(folder, "faces"))])


def _parts(folder: Path, kind: str) -> list[Path]:
    return sorted((folder / kind).glob("part-*.parquet"))


def _thumbnails(folder: Path, faces: frozenset[str]) -> frozenset[bytes]:
    found: set[bytes] = set()
    for part in _parts(folder, "faces"):
        table = files.read_table(part, ["face_id", "thumbnail"]).filter(among("face_id", faces))
        found.update(table["thumbnail"].to_pylist())
    return frozenset(found - {b""})


def _links_to(parts: Parts, gone: Gone, photo_of: dict[str, str]) -> set[str]:
    """Paths of the photos concerned, as an export's links name them."""
    photos = gone.photos | {photo for face, photo in photo_of.items() if face in gone.faces}
    concerned = parts.known_photos().filter(among("photo_id", photos))
    return {local_path(uri) for uri in concerned["uri"].to_pylist()}


def _bare(parts: Parts, gone: Gone, photo_of: dict[str, str]) -> frozenset[str]:
    """Photos whose faces are all gone."""
    had = (pc.field("status") == OK) | (pc.field("former_status") == OK)
    held = frozenset(parts.known_photos().filter(had)["photo_id"].to_pylist())
    return held - {photo for face, photo in photo_of.items() if face not in gone.faces}


# -- steps --------------------------------------------------------------------------------------------


def _remove_derived(folder: Path, gone: Gone, targets: set[str], changes: _Changes) -> None:
    """Remove what is made anew when it is next needed, and what a killed run left behind."""
    marked = (mark.parent for mark in folder.rglob(_EXPORT_MARK))
    exports = [export for export in marked if targets.intersection(_link_targets(export))]
    leftovers = [path for path in folder.rglob(".tmp-*") if not path.is_symlink() and is_abandoned(path)]
    graph = [folder / "neighbours"] if _graph_holds(folder, gone) else []
    for place in (folder / "review", folder / PREPARED, *graph, *exports, *leftovers):
        with files.writing(place):
            if place.is_dir():
                changes.removed.update(path for path in place.rglob("*") if not path.is_dir())
                shutil.rmtree(place)
            elif place.exists():
                changes.removed.add(place)
                place.unlink()


def _graph_holds(folder: Path, gone: Gone) -> bool:
    """Tell whether the neighbour graph knows a face that goes, or cannot be asked."""
    for path in (folder / "neighbours").rglob("*"):
        try:
            if path.suffix != ".parquet" or gone.faces.intersection(
                files.read_table(path, ["face_id"])["face_id"].to_pylist()
            ):
                return True
        except (IndexCorruptError, KeyError):
            return True
    return False


def _link_targets(folder: Path) -> Iterator[str]:
    return (str(path.readlink()) for path in folder.rglob("*") if path.is_symlink())


def _scrub_files(folder: Path, gone: Gone, changes: _Changes) -> None:
    """Rewrite everything else that speaks of what is gone: clusterings, decisions, exports."""
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        known = place.parts[0] in ("photos", "faces", FOLDER) or place.name in _OWN
        if known or path.is_symlink() or not path.is_file():
            continue
        done = scrub_file(path, gone)
        if done:
            (changes.rewritten if done == "rewritten" else changes.removed).add(path)


def _rewrite_faces(parts: Parts, gone: Gone, changes: _Changes) -> None:
    """Leave the faces out of every part that holds any, and those of photos that nobody looks at any more."""
    photos = parts.known_photos()["photo_id"].unique()
    stays = pc.field("photo_id").isin(photos) & ~among("face_id", gone.faces)
    for mark in parts.marks():
        ids = parts.read_faces(mark, ["face_id", "photo_id"])
        if len(ids.filter(stays)) < len(ids):
            kept = parts.read_faces(mark).filter(stays)
            changes.rewritten.update((parts.replace_faces(mark, kept), mark))
    _remove_orphans(parts, gone, changes)


def _remove_orphans(parts: Parts, gone: Gone, changes: _Changes) -> None:
    """Remove parts of faces that count for nothing and hold one that goes: a killed erasure left them."""
    for orphan in parts.orphans():
        held = files.read_table(orphan, ["face_id"])["face_id"].to_pylist()
        if gone.faces.intersection(held):
            orphan.unlink()
            changes.removed.add(orphan)


def _rewrite_photos(folder: Path, gone: Gone, bare: frozenset[str], changes: _Changes) -> None:
    """Mark photos as forgotten; their names stay, so that they are not new the next time."""
    for part in _parts(folder, "photos"):
        stored = files.read_table(part)
        photos = from_disk(stored)
        rows = [_marked(row, gone, bare) for row in photos.to_pylist()]
        marked = pa.Table.from_pylist(rows, schema=photos.schema)
        if not marked.equals(photos):
            files.write_table(part, to_disk(marked).replace_schema_metadata(stored.schema.metadata))
            changes.rewritten.add(part)


def _marked(row: Row, gone: Gone, bare: frozenset[str]) -> Row:
    """Row of PHOTO_SCHEMA, forgotten if need be; a missing photo stays so, and comes back forgotten."""
    if row["photo_id"] in gone.photos:
        forgotten = row | FORGOTTEN_PHOTO
    elif row["photo_id"] in bare:
        forgotten = row | {"status": FORGOTTEN, "stage": None}
    else:
        return row
    return forgotten | ({"status": MISSING, "former_status": FORGOTTEN} if row["status"] == MISSING else {})
