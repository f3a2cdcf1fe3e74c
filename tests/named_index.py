"""An index of faces at known places in photos, of people with known names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from photoclust.config import IndexSettings
from photoclust.index.store import Clustering, IndexStore
from photoclust.models.cards import ARCFACE_112
from photoclust.records import ASSIGNMENT_SCHEMA, FACE_SCHEMA, MEMBER, OK, PERSON_SCHEMA, PHOTO_SCHEMA, UNSURE


@dataclass(frozen=True)
class NamedPhoto:
    """A photo of `size` when upright, and its faces: the name or ``""``, and the box in pixels."""

    path: str
    faces: Sequence[tuple[str, Sequence[float]]] = field(default=())
    size: tuple[int, int] = (400, 300)
    orientation: int = 1
    photo_id: str = ""


def named_index(folder: Path, photos: Sequence[NamedPhoto], ignored: Sequence[str] = ()) -> IndexStore:
    """Index photos; each name is one person, each face without a name is nobody's.

    A name such as ``#7`` is that of a person without a name.
    """
    store = IndexStore.create(folder, IndexSettings(), "abc")
    rows = [_rows(number, photo) for number, photo in enumerate(photos)]
    faces = [face for _, found, _ in rows for face in found]
    assigned = [one for _, _, of_photo in rows for one in of_photo]
    store.append(
        pa.Table.from_pylist([photo for photo, _, _ in rows], PHOTO_SCHEMA),
        pa.Table.from_pylist(faces, FACE_SCHEMA),
    )
    regroup(store, assigned, ignored)
    return store


def regroup(store: IndexStore, assigned: Sequence[dict[str, object]], ignored: Sequence[str] = ()) -> None:
    """Put a grouping in force: ``face_id`` and the name of its person for each face."""
    names = sorted({str(one["name"]) for one in assigned} - {""})
    people = [_person(name, [one for one in assigned if one["name"] == name], ignored) for name in names]
    rows = [
        {"face_id": one["face_id"], "label": 0, "confidence": 0.9, "person_id": _id(str(one["name"]))}
        | {"status": MEMBER if one["name"] else UNSURE}
        for one in assigned
    ]
    run = f"202601{len(store.clusterings.runs()) + 1:02}T000000"
    assignments = pa.Table.from_pylist(sorted(rows, key=lambda row: str(row["face_id"])), ASSIGNMENT_SCHEMA)
    store.clusterings.write(Clustering(run, assignments, pa.Table.from_pylist(people, PERSON_SCHEMA), {}))
    store.clusterings.put_in_force(run)


def _id(name: str) -> str:
    return name.encode().hex()[:16].ljust(16, "0") if name else ""


def _person(name: str, faces: Sequence[dict[str, object]], ignored: Sequence[str]) -> dict[str, object]:
    row = {"person_id": _id(name), "name": "" if name.startswith("#") else name, "faces": len(faces)}
    row |= {"number": int(name[1:])} if name.startswith("#") else {}
    return row | {"photos": len(faces), "cover_face_id": "", "ignored": name in ignored}


def landmarks(box: Sequence[float]) -> list[float]:
    """Eyes, nose and mouth of a face that looks into the camera."""
    x0, y0, x1, y1 = box
    places = [(x0 + x / 112 * (x1 - x0), y0 + y / 112 * (y1 - y0)) for x, y in ARCFACE_112]
    return [side for place in places for side in place]


def _rows(number: int, photo: NamedPhoto) -> tuple:
    width, height = photo.size
    photo_id = photo.photo_id or f"p{number:04}"
    row = {"photo_id": photo_id, "uri": photo.path, "size": 1, "version": "1", "status": OK}
    row |= {"width": width, "height": height, "orientation": photo.orientation, "attempts": 1}
    faces, assigned = [], []
    for place, (name, box) in enumerate(photo.faces):
        face = {"face_id": f"f{number:04}{place:03}", "photo_id": photo_id, "box": list(box)}
        vector = np.random.default_rng(number * 1000 + place).normal(size=512)
        face |= {"landmarks": landmarks(box), "detection_score": 1, "sharpness": 1, "yaw": 0, "quality": 0.9}
        face |= {"embedding": (vector / np.linalg.norm(vector)).astype(np.float16), "thumbnail": b""}
        faces.append(face)
        assigned.append({"face_id": face["face_id"], "name": name})
    return row, faces, assigned
