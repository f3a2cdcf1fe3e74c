"""A small index of made-up people, grouped: faces are vectors, photos coloured squares or none at all."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from photoclust.config import ClusterConfig, IndexSettings
from photoclust.index.store import IndexStore
from photoclust.photos.identity import picture_id
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.stages import face_id
from photoclust.workflows.cluster import group_faces

PEOPLE = {"ada": 6, "bea": 5, "cleo": 4, "dora": 3}
HOSTILE = '"><img src=x onerror=alert(1)>.jpg'
"""Name of the first photo of everybody who is in photos that can be opened."""


def photo_id(name: str) -> str:
    """32 hex digits, as content ids are."""
    return name.encode().hex().zfill(32)[-32:]


def build_index(
    folder: Path,
    people: Mapping[str, int] = PEOPLE,
    seed: int = 0,
    photos: Path | None = None,
    noise: float = 0.5,
    k: int = 10,
    sha256: str = "abc123",
) -> IndexStore:
    """Index a folder of made-up portraits ``PERSON/NUMBER.jpg``, one part for each person, and group them.

    The last portrait of each person shows the first person of `people` too, in a second box. With `photos`,
    a folder, there are photos of that name that can be opened. The greater the `noise`, the less alike the
    faces of a person are. `sha256` is that of the model.
    """
    store = IndexStore.create(folder, IndexSettings(), sha256)
    rng = np.random.default_rng(seed)
    centres = {name: rng.normal(size=EMBEDDING_SIZE) for name in people}
    first = next(iter(people))
    for person, count in people.items():
        rows, faces = [], []
        for number in range(count):
            name = f"{person}/{number}"
            photo, uri, jpeg = photo_id(name), f"/photos/{name}.jpg", b""
            if photos:
                photo, uri, jpeg = _written(photos, person, number, rng)
            rows.append(
                {"photo_id": photo, "uri": uri, "size": len(jpeg) or 1000 + number}
                | {"version": "1", "status": "ok", "attempts": 1, "width": 300, "height": 200}
            )
            faces.append(_face(photo, centres[person], 0, rng, noise, jpeg))
            if person != first and number == count - 1:
                faces.append(_face(photo, centres[first], 150, rng, noise, jpeg))
        store.append(pa.Table.from_pylist(rows, PHOTO_SCHEMA), pa.Table.from_pylist(faces, FACE_SCHEMA))
    group_faces(store, ClusterConfig(k=k))
    return store


def _written(folder: Path, person: str, number: int, rng: np.random.Generator) -> tuple[str, str, bytes]:
    """Id, uri and content of a photo of coloured squares."""
    place = folder / person / (f"{number}.jpg" if number else HOSTILE)
    place.parent.mkdir(parents=True, exist_ok=True)
    colours = rng.integers(0, 256, (2, 3, 3)).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(colours).resize((300, 200), Image.Resampling.BICUBIC).save(content, "JPEG")
    place.write_bytes(content.getvalue())
    return picture_id(content.getvalue()), str(place), content.getvalue()


def _face(
    photo: str, centre: np.ndarray, left: int, rng: np.random.Generator, noise: float, jpeg: bytes
) -> dict[str, object]:
    vector = centre + noise * rng.normal(size=EMBEDDING_SIZE)
    box = np.array([left, 0, left + 100, 100], np.float32)
    return {
        "face_id": face_id(photo, box),
        "photo_id": photo,
        "box": box,
        "landmarks": [0.0] * 10,
        "detection_score": 1.0,
        "sharpness": 1.0,
        "yaw": 0.0,
        "quality": 1.0,
        "embedding": (vector / np.linalg.norm(vector)).astype(np.float16),
        "thumbnail": jpeg or b"\xff\xd8" + rng.bytes(400),
    }
