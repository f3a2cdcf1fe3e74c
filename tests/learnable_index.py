"""An index of made-up people from whom something can be learned: their photos vary in the same ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from labelled_index import thumbnail

from photoclust.config import IndexSettings
from photoclust.index.store import IndexStore
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA


def learnable_vectors(people: int, photos: int, seed: int = 0, nuisance: float = 0.5) -> np.ndarray:
    """Unit rows, person by person: an identity, and noise in 12 directions, the same for everybody."""
    rng = np.random.default_rng(seed)
    identity = np.repeat(rng.normal(size=(people, EMBEDDING_SIZE)) / 16, photos, axis=0)
    directions = np.linalg.qr(np.random.default_rng(99).normal(size=(EMBEDDING_SIZE, 12)))[0]
    rows = identity + nuisance * rng.normal(size=(people * photos, 12)) @ directions.T
    rows += 0.02 * rng.normal(size=rows.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def learnable_index(
    folder: Path, people: int = 60, photos: int = 4, shuffled: bool = False, nuisance: float = 0.5
) -> IndexStore:
    """Index ``/photos/PERSON/NUMBER.jpg``; if `shuffled`, photos lie in the folders of other people."""
    store = IndexStore.create(folder, IndexSettings(), "abc")
    vectors, picture = learnable_vectors(people, photos, nuisance=nuisance), thumbnail()
    order = np.random.default_rng(1).permutation(len(vectors)) if shuffled else np.arange(len(vectors))
    found, faces = [], []
    for place, row in enumerate(order.tolist()):
        name = f"person-{place // photos:03}/{place % photos}"
        found.append({"photo_id": f"p{place:05}", "uri": f"/photos/{name}.jpg", "size": 1, "version": "1"})
        found[-1] |= {"width": 100, "height": 100, "status": "ok", "attempts": 1}
        face = {"face_id": f"f{place:05}", "photo_id": f"p{place:05}", "box": [20, 20, 80, 80]}
        face |= {"landmarks": [0.0] * 10, "detection_score": 1, "sharpness": 1, "yaw": 0, "quality": 0.9}
        faces.append(face | {"embedding": vectors[row].astype(np.float16), "thumbnail": picture})
    store.append(pa.Table.from_pylist(found, PHOTO_SCHEMA), pa.Table.from_pylist(faces, FACE_SCHEMA))
    return store
