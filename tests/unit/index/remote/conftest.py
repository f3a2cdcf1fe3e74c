"""Machines with caches of their own, and an index in a bucket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from remote_indexes import (
    parts_of,
    tables,
)

from photoclust.config import ClusterConfig
from photoclust.index.remote.at import at
from photoclust.index.store import IndexStore
from photoclust.workflows.cluster import group_faces


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Be on the machine of that name, which has a cache folder of its own."""

    def be(name: str) -> Path:
        monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / name))
        return tmp_path / name

    be("first")
    return be


@pytest.fixture
def uri(bucket) -> str:
    return f"{bucket.uri}/indexes/family"


@pytest.fixture
def stored(uri: str, album_index: IndexStore, machine) -> str:
    """The index of `album_index`, written to the store from the first machine."""
    with at(uri) as place:
        store = IndexStore.create(place, album_index.settings, album_index.model_sha256)
        with store.lock():
            for name in parts_of(album_index):
                store.append(*tables(album_index, name))
            group_faces(store, ClusterConfig(k=10))
    return uri
