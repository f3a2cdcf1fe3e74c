"""An index of made-up faces that says what it is told to: who is with whom, and how sure that is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from photoclust.config import IndexSettings
from photoclust.index.store import Clustering, IndexStore
from photoclust.records import ASSIGNMENT_SCHEMA, FACE_SCHEMA, MEMBER, PERSON_SCHEMA, PHOTO_SCHEMA, UNSURE

Labelled = tuple[str, str, float]
"""Person whom a face shows, the group it is in or ``""``, and what was said of that."""


def thumbnail(colour: str = "teal") -> bytes:
    jpeg = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(jpeg, "JPEG")
    return jpeg.getvalue()


def labelled_index(folder: Path, faces: Sequence[Labelled], photos: str = "/photos") -> IndexStore:
    """Index ``PHOTOS/PERSON/NUMBER.jpg`` for each face, in its order, as if it had been grouped so."""
    store = IndexStore.create(folder, IndexSettings(), "abc")
    rng, picture = np.random.default_rng(0), thumbnail()
    rows = [_rows(number, face, photos, rng, picture) for number, face in enumerate(faces)]
    store.append(
        pa.Table.from_pylist([photo for photo, _, _ in rows], PHOTO_SCHEMA),
        pa.Table.from_pylist([face for _, face, _ in rows], FACE_SCHEMA),
    )
    people = [_person(group, faces) for group in sorted({group for _, group, _ in faces} - {""})]
    assignments = pa.Table.from_pylist([assigned for _, _, assigned in rows], ASSIGNMENT_SCHEMA)
    run_id = "20260101T000000"
    store.clusterings.write(Clustering(run_id, assignments, pa.Table.from_pylist(people, PERSON_SCHEMA), {}))
    store.clusterings.put_in_force(run_id)
    return store


def _rows(number: int, face: Labelled, photos: str, rng: np.random.Generator, picture: bytes) -> tuple:
    person, group, said = face
    vector = rng.normal(size=512)
    photo = {"photo_id": f"p{number:04}", "uri": f"{photos}/{person}/{number}.jpg", "size": 1, "version": "1"}
    photo |= {"width": 100, "height": 100, "status": "ok", "attempts": 1}
    found = {"face_id": f"f{number:04}", "photo_id": f"p{number:04}", "box": [20, 20, 80, 80]}
    found |= {"landmarks": [0.0] * 10, "detection_score": 1, "sharpness": 1, "yaw": 0, "quality": 0.9}
    found |= {"embedding": (vector / np.linalg.norm(vector)).astype(np.float16), "thumbnail": picture}
    assigned = {"face_id": f"f{number:04}", "label": 0, "person_id": group, "confidence": said}
    return photo, found, assigned | {"status": MEMBER if group else UNSURE}


def _person(group: str, faces: Sequence[Labelled]) -> dict[str, object]:
    said = [sure for _, own, sure in faces if own == group]
    row = {"person_id": group, "name": "", "faces": len(said), "photos": len(said), "cover_face_id": ""}
    return row | {"confidence": float(np.mean(said))}
