"""Small albums, drawn by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from photoclust.records import (
    ASSIGNMENT_SCHEMA,
    EMBEDDING_SIZE,
    FACE_SCHEMA,
    FAILED,
    MEMBER,
    OK,
    PERSON_SCHEMA,
    PHOTO_SCHEMA,
)
from photoclust.report.album import Album

MakeAlbum = Callable[..., Album]


def build_album(
    faces: list[tuple[str, str]] | list[tuple[str, str, str]] = (),
    names: dict[str, str] | None = None,
    failed: dict[str, str] | None = None,
    copies: dict[str, str] | None = None,
    thumbnail: bytes = b"\xff\xd8thumbnail",
    bursts: list[int | None] | None = None,
) -> Album:
    """`faces` are (uri, person_id) or (uri, person_id, status); `copies` map another uri to one of these.

    Faces of one number in `bursts` are near-identical, and the later of them the clearer.
    """
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(len(faces), EMBEDDING_SIZE))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    photo_ids = {uri: f"photo{number:04}" for number, uri in enumerate(dict.fromkeys(f[0] for f in faces))}
    photos = [photo_row(uri, photo_id) for uri, photo_id in photo_ids.items()]
    photos += [photo_row(uri, photo_ids[original]) for uri, original in (copies or {}).items()]
    photos += [
        photo_row(uri, "", status=FAILED, stage="decode", error=why) for uri, why in (failed or {}).items()
    ]
    face_rows, assignments = [], []
    for number, (uri, person_id, *status) in enumerate(faces):
        face_rows.append(
            {
                "face_id": f"face{number:04}",
                "photo_id": photo_ids[uri],
                "box": [-1.5, 2.25, 30.1, 40 + number],
                "landmarks": [0.0] * 10,
                "detection_score": 0.1,
                "sharpness": 1.0,
                "yaw": 0.0,
                "quality": 0.7 + number / 1000,
                "embedding": vectors[number].astype(np.float16),
                "thumbnail": thumbnail,
            }
        )
        assignments.append(
            {
                "face_id": f"face{number:04}",
                "label": 0,
                "person_id": person_id,
                "status": status[0] if status else MEMBER,
                "confidence": 1 - number / 1000,
                "burst": bursts[number] if bursts else None,
            }
        )
    people = [
        {
            "person_id": person,
            "name": (names or {}).get(person, ""),
            "faces": 0,
            "photos": 0,
            "cover_face_id": "",
        }
        for person in dict.fromkeys(face[1] for face in faces)
        if person
    ]
    return Album(
        pa.Table.from_pylist(photos, PHOTO_SCHEMA),
        pa.Table.from_pylist(face_rows, FACE_SCHEMA),
        pa.Table.from_pylist(assignments, ASSIGNMENT_SCHEMA),
        pa.Table.from_pylist(people, PERSON_SCHEMA),
    )


def photo_row(uri: str, photo_id: str, **values: object) -> dict[str, object]:
    row = {"photo_id": photo_id, "uri": uri, "size": 1, "version": "1", "status": OK, "attempts": 1}
    return row | {"taken_at": datetime(2024, 5, 1, 12)} | values


@pytest.fixture
def make_album() -> MakeAlbum:
    return build_album
