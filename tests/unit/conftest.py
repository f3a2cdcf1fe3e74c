"""A small index of made-up people, grouped, for tests that need one whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from photoclust.config import ClusterConfig, IndexSettings
from photoclust.index.store import IndexStore
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.stages import face_id
from photoclust.workflows.cluster import group_faces

PEOPLE = {"ada": 6, "bea": 5, "cleo": 4, "dora": 3}


@pytest.fixture(autouse=True)
def _environment_as_it_was() -> Iterator[None]:
    """Options of a command are told to its worker processes by the environment; not to the next test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def photo_id(name: str) -> str:
    """32 hex digits, as content ids are."""
    return name.encode().hex().zfill(32)[-32:]


def build_index(folder: Path, people: Mapping[str, int] = PEOPLE, seed: int = 0) -> IndexStore:
    """Index a folder of made-up portraits ``PERSON/NUMBER.jpg``, one part for each person, and group them.

    The last portrait of each person shows the first person of `people` too, in a second box.
    """
    store = IndexStore.create(folder, IndexSettings(), "abc123")
    rng = np.random.default_rng(seed)
    centres = {name: rng.normal(size=EMBEDDING_SIZE) for name in people}
    first = next(iter(people))
    for person, count in people.items():
        photos, faces = [], []
        for number in range(count):
            name = f"{person}/{number}"
            photos.append(
                {"photo_id": photo_id(name), "uri": f"/photos/{name}.jpg", "size": 1000 + number}
                | {"version": "1", "status": "ok", "attempts": 1, "width": 300, "height": 200}
            )
            faces.append(_face(name, centres[person], 0, rng))
            if person != first and number == count - 1:
                faces.append(_face(name, centres[first], 150, rng))
        store.append(pa.Table.from_pylist(photos, PHOTO_SCHEMA), pa.Table.from_pylist(faces, FACE_SCHEMA))
    group_faces(store, ClusterConfig(k=10))
    return store


def _face(name: str, centre: np.ndarray, left: int, rng: np.random.Generator) -> dict[str, object]:
    vector = centre + 0.5 * rng.normal(size=EMBEDDING_SIZE)
    box = np.array([left, 0, left + 100, 100], np.float32)
    return {
        "face_id": face_id(photo_id(name), box),
        "photo_id": photo_id(name),
        "box": box,
        "landmarks": [0.0] * 10,
        "detection_score": 1.0,
        "sharpness": 1.0,
        "yaw": 0.0,
        "quality": 1.0,
        "embedding": (vector / np.linalg.norm(vector)).astype(np.float16),
        "thumbnail": b"\xff\xd8" + rng.bytes(400),
    }


@pytest.fixture(scope="session")
def _album_index(tmp_path_factory: pytest.TempPathFactory) -> IndexStore:
    return build_index(tmp_path_factory.mktemp("album") / "index")


@pytest.fixture
def album_index(_album_index: IndexStore, tmp_path: Path) -> IndexStore:
    """Four people, named in order of size nowhere: Ada (9 faces), Bea, Cleo and Dora."""
    return IndexStore.open(shutil.copytree(_album_index.folder, tmp_path / "index"))


@pytest.fixture(scope="session")
def build() -> Callable[[Path], IndexStore]:
    """Make the index of `album_index` in any folder."""
    return build_index


@pytest.fixture(scope="session")
def people_of() -> Callable[[IndexStore], dict[str, str]]:
    """Person id of each of the made-up people, by name."""

    def find(store: IndexStore) -> dict[str, str]:
        clustering = store.current_clustering()
        assert clustering is not None
        person = dict(
            zip(
                clustering.assignments["face_id"].to_pylist(),
                clustering.assignments["person_id"].to_pylist(),
                strict=True,
            )
        )
        box = np.array([0, 0, 100, 100], np.float32)
        return {name: person[face_id(photo_id(f"{name}/0"), box)] for name in PEOPLE}

    return find
