"""Erasing faces and photos from an index, so that no byte of them is left in it.

::

    INDEX/forgetting.json        what is being erased: written first, removed last

Once the journal is there, the erasure will be finished: by this process, or, when it is killed, by the next
that takes the lock. Every step may be repeated. Old versions of photos, which nobody looks at any more, are
left out of each part of the index that is rewritten, and their faces with them: the person may be on those.

What cannot be reached: the photos themselves, exports outside the index, backups and snapshots of the disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index import decisions, files, migration
from photoclust.index.erasure.derived import remove_derived
from photoclust.index.erasure.keep_out import FOLDER, FORGOTTEN_PHOTO, add_keep_out, keyed
from photoclust.index.erasure.receipt import Changes, receipt_of
from photoclust.index.erasure.recount import recount
from photoclust.index.erasure.scrub import Gone, among, scrub_file
from photoclust.index.parts import Parts
from photoclust.index.photo_rows import from_disk, to_disk
from photoclust.index.place import IndexPlace
from photoclust.records import FACE_SCHEMA, FORGOTTEN, MISSING, OK, local_path

Row = dict[str, Any]

_JOURNAL = "forgetting.json"
_OWN = frozenset({"index.json", "current.json", _JOURNAL, ".lock", decisions.LOCK})


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


def erase(place: IndexPlace, erasure: Erasure) -> dict[str, Any]:
    """Erase faces and photos of the index at a place; the caller holds its lock.

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
    folder = place.folder
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
    place.written()
    receipt = finish(place)
    assert receipt is not None, "the journal was just written"
    return receipt


def _kept_out(folder: Path, faces: pa.Table, erasure: Erasure) -> dict[str, Any]:
    boxes: dict[str, Any] = {}
    for face in faces.to_pylist():
        boxes.setdefault(keyed(folder, face["photo_id"]), []).append(np.rint(face["box"]).tolist())
    return boxes | dict.fromkeys((keyed(folder, photo) for photo in erasure.photos), None)


def pending(folder: Path) -> set[str]:
    """Ids and names that an interrupted erasure was about; none where there was none."""
    if not (folder / _JOURNAL).is_file():
        return set()
    journal = files.read_json(folder / _JOURNAL)
    return {word for name in ("faces", "photos", "people", "names") for word in journal[name]}


def finish(place: IndexPlace) -> dict[str, Any] | None:
    """Finish what `erase` began; the caller holds the index's lock. None where there is nothing to do."""
    folder = place.folder
    if not (folder / _JOURNAL).is_file():
        return None
    journal = files.read_json(folder / _JOURNAL)
    migration.drop(folder)  # not accepted; it can be made again, of what is left
    add_keep_out(folder, journal["keep_out"])
    ids = {name: frozenset(journal[name]) for name in ("faces", "photos", "people", "names")}
    gone = Gone(**ids, thumbnails=_thumbnails(folder, ids["faces"]))
    changes, parts = Changes(), Parts(folder)
    photo_of = _photo_of(folder)
    remove_derived(folder, gone, _links_to(parts, gone, photo_of), changes)
    _scrub_files(folder, gone, changes)
    for run in sorted((folder / "clusterings").glob("*/run.json")):
        changes.rewritten.update(recount(run.parent, photo_of))
    _rewrite_faces(parts, gone, changes)
    _rewrite_photos(folder, gone, _bare(parts, gone, photo_of), changes)
    receipt = receipt_of(place, journal, changes)
    files.write_json(folder / receipt["receipt"], receipt)
    (folder / _JOURNAL).unlink()
    return receipt


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


def _scrub_files(folder: Path, gone: Gone, changes: Changes) -> None:
    """Rewrite everything else that speaks of what is gone: clusterings, decisions, exports."""
    with decisions.alone(folder):
        for path in sorted(folder.rglob("*")):
            place = path.relative_to(folder)
            known = place.parts[0] in ("photos", "faces", FOLDER) or place.name in _OWN
            if known or path.is_symlink() or not path.is_file():
                continue
            done = scrub_file(path, gone)
            if done:
                (changes.rewritten if done == "rewritten" else changes.removed).add(path)


def _rewrite_faces(parts: Parts, gone: Gone, changes: Changes) -> None:
    """Leave the faces out of every part that holds any, and those of photos that nobody looks at any more."""
    photos = parts.known_photos()["photo_id"].unique()
    stays = pc.field("photo_id").isin(photos) & ~among("face_id", gone.faces)
    for mark in parts.marks():
        ids = parts.read_faces(mark, ["face_id", "photo_id"])
        if len(ids.filter(stays)) < len(ids):
            kept = parts.read_faces(mark).filter(stays)
            changes.rewritten.update((parts.replace_faces(mark, kept), mark))
    _remove_orphans(parts, gone, changes)


def _remove_orphans(parts: Parts, gone: Gone, changes: Changes) -> None:
    """Remove parts of faces that count for nothing and hold one that goes: a killed erasure left them."""
    for orphan in parts.orphans():
        held = files.read_table(orphan, ["face_id"])["face_id"].to_pylist()
        if gone.faces.intersection(held):
            orphan.unlink()
            changes.removed.add(orphan)


def _rewrite_photos(folder: Path, gone: Gone, bare: frozenset[str], changes: Changes) -> None:
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
