"""A small index of made-up people, grouped, for tests that need one whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from made_up import PEOPLE, build_index, photo_id

from photoclust.index.store import IndexStore
from photoclust.stages import face_id


@pytest.fixture(autouse=True)
def _environment_as_it_was() -> Iterator[None]:
    """Options of a command are told to its worker processes by the environment; not to the next test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


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
