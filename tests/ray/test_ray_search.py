"""Comparing and clustering on the nodes of a cluster gives what one process gives."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from photoclust.config import ClusterConfig, IndexSettings
from photoclust.grouping import neighbour_graph
from photoclust.index.store import IndexStore
from photoclust.people.blocks import QUERIES
from photoclust.people.calibration import calibration_of
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    """Slightly more faces than a block holds, each in a photo of its own, five of a person."""
    store = IndexStore.create(tmp_path / "index", IndexSettings(), "sha")
    n = QUERIES + 100
    names = [f"{i:06d}" for i in range(n)]
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(n // 5 + 1, EMBEDDING_SIZE)), 5, axis=0)[:n]
    rows += 0.5 * rng.normal(size=rows.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    photo = {"size": 1, "version": "1", "status": "ok", "attempts": 1}
    plain: dict[str, Any] = {"box": [0, 0, 9, 9], "landmarks": [0.0] * 10, "thumbnail": b""}
    plain |= dict.fromkeys(("detection_score", "sharpness", "yaw", "quality"), 1.0)
    photos = [photo | {"photo_id": name, "uri": name} for name in names]
    faces = [
        plain | {"face_id": name, "photo_id": name, "embedding": row}
        for name, row in zip(names, rows.astype(np.float16), strict=True)
    ]
    store.append(pa.Table.from_pylist(photos, PHOTO_SCHEMA), pa.Table.from_pylist(faces, FACE_SCHEMA))
    return store


def test_a_cluster_finds_the_graph_of_one_process(store: IndexStore, cluster: Any) -> None:
    place = ["--index", store.folder, "--address", cluster.address]
    done = cluster.photoclust("cluster", *place, "--divide-search-from", "100", "--progress", "lines")
    assert done.returncode == 0, done.stderr
    assert f"{QUERIES + 100} of {QUERIES + 100} faces" in done.stderr
    found = store.read_graph()
    assert found is not None
    calibration = calibration_of(store.settings.embed.model)
    (store.folder / "neighbours" / "graph.parquet").unlink()
    _, graph = neighbour_graph(store, store.faces(), calibration, ClusterConfig.k)
    np.testing.assert_array_equal(found.indices.flatten().to_numpy(), graph.indices.ravel())
    np.testing.assert_array_equal(found.distances.flatten().to_numpy(), graph.distances.ravel())


def test_a_cluster_makes_the_people_of_one_process(store: IndexStore, cluster: Any) -> None:
    apart = ["--index", store.folder, "--max-component", "1000"]
    people = []
    for place in (["--address", cluster.address], []):
        done = cluster.photoclust("cluster", *apart, *place)
        assert done.returncode == 0, done.stderr
        clustering = store.current_clustering()
        assert clustering is not None
        people.append(clustering.assignments)
        (store.folder / "current.json").unlink()
        shutil.rmtree(store.folder / "clusterings")
    assert people[0].equals(people[1])
    assert len(people[0]["person_id"].unique()) > 1000
