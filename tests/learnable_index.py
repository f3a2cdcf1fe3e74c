"""An index of made-up people from whom something can be learned: their photos vary in the same ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from labelled_index import thumbnail
from PIL import Image

from photoclust.config import IndexSettings
from photoclust.index.store import IndexStore
from photoclust.models import MODELS
from photoclust.photos.identity import picture_id
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA

LANDMARKS = [40.0, 40.0, 60.0, 40.0, 50.0, 50.0, 42.0, 62.0, 58.0, 62.0]


def learnable_vectors(people: int, photos: int, seed: int = 0, nuisance: float = 0.5) -> np.ndarray:
    """Unit rows, person by person: an identity, and noise in 12 directions, the same for everybody."""
    rng = np.random.default_rng(seed)
    identity = np.repeat(rng.normal(size=(people, EMBEDDING_SIZE)) / 16, photos, axis=0)
    directions = np.linalg.qr(np.random.default_rng(99).normal(size=(EMBEDDING_SIZE, 12)))[0]
    rows = identity + nuisance * rng.normal(size=(people * photos, 12)) @ directions.T
    rows += 0.02 * rng.normal(size=rows.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def picture_index(folder: Path, people: int = 12, photos: int = 4) -> IndexStore:
    """The same with photos that are there: of each person a pattern of colours, and noise."""
    rng = np.random.default_rng(0)
    for person in range(people):
        pattern = rng.uniform(0, 255, (5, 5, 3))
        for number in range(photos):
            pixels = np.clip(pattern + rng.normal(0, 20, pattern.shape), 0, 255).astype(np.uint8)
            path = folder / "photos" / f"person-{person:03}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).resize((100, 100), Image.Resampling.BICUBIC).save(path)
    return learnable_index(folder / "index", people, photos, place=folder / "photos")


def learnable_index(
    folder: Path,
    people: int = 60,
    photos: int = 4,
    shuffled: bool = False,
    nuisance: float = 0.5,
    place: Path = Path("/photos"),
) -> IndexStore:
    """Index ``/photos/PERSON/NUMBER.jpg``; if `shuffled`, photos lie in the folders of other people."""
    store = IndexStore.create(folder, IndexSettings(), MODELS["casia-webface"].sha256 or "")
    vectors, picture = learnable_vectors(people, photos, nuisance=nuisance), thumbnail()
    order = np.random.default_rng(1).permutation(len(vectors)) if shuffled else np.arange(len(vectors))
    kind = "jpg" if place == Path("/photos") else "png"
    found, faces = [], []
    for number, row in enumerate(order.tolist()):
        name = f"person-{number // photos:03}/{number % photos}"
        path = place / f"{name}.{kind}"
        photo_id = picture_id(path.read_bytes()) if path.exists() else f"p{number:05}"
        found.append({"photo_id": photo_id, "uri": str(path), "size": 1, "version": "1"})
        found[-1] |= {"width": 100, "height": 100, "status": "ok", "attempts": 1}
        face = {"face_id": f"f{number:05}", "photo_id": photo_id, "box": [20, 20, 80, 80]}
        face |= {"landmarks": LANDMARKS, "detection_score": 1, "sharpness": 1, "yaw": 0, "quality": 0.9}
        faces.append(face | {"embedding": vectors[row].astype(np.float16), "thumbnail": picture})
    store.append(pa.Table.from_pylist(found, PHOTO_SCHEMA), pa.Table.from_pylist(faces, FACE_SCHEMA))
    return store
