"""Comparing and clustering on the nodes of a cluster gives what one process gives."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from photoclust.config import ClusterConfig, IndexSettings
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.graph.blocks import QUERIES
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.workflows.snapshot.extending import neighbour_graph

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]


def index_of(n: int, folder: Path) -> IndexStore:
    """So many faces, each in a photo of its own, five of a person."""
    store = IndexStore.create(folder, IndexSettings(), "sha")
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


def test_a_cluster_finds_the_graph_of_one_process(tmp_path: Path, cluster: Any) -> None:
    store = index_of(QUERIES + 100, tmp_path / "index")  # more than a block holds
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


def test_a_cluster_makes_the_people_of_one_process(tmp_path: Path, cluster: Any) -> None:
    store = index_of(2000, tmp_path / "index")
    apart = ["--index", store.folder, "--max-component", "250"]
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
    assert len(people[0]["person_id"].unique()) > 250


KILLED = """
import logging, os, signal, sys
from contextlib import contextmanager

import numpy as np
import ray

from photoclust.config import ClusterConfig, EngineConfig
from photoclust.engine.clustering import start_workers
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.graph.neighbours import neighbours
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput

logging.getLogger("photoclust").addHandler(logging.StreamHandler())  # is heard while Ray is joined, too
rng, n = np.random.default_rng(0), 1000
rows = np.repeat(rng.normal(size=(n // 5, 60)), 5, axis=0) + 0.5 * rng.normal(size=(n, 60))
rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
boxes = np.tile(np.array([0, 0, 9, 9], np.float32), (n, 1))
faces = VerifyInput(rows, np.ones(n, np.float32), np.arange(n), boxes)
config = ClusterConfig(max_component=300)
faces = candidates_of(faces, neighbours(rows, config.k), config)


class Unlucky:
    # workers, of whose actors one is killed between two rounds

    def __init__(self, workers):
        self.workers, self.rounds, self.take = workers, 0, workers.take

    def __len__(self):
        return len(self.workers)

    def each(self, call, *arguments):
        if self.rounds == 1:
            actor = self.workers._hosts[1].actor
            os.kill(ray.get(actor.__ray_call__.remote(lambda worker: os.getpid())), signal.SIGKILL)
        self.rounds += 1
        return self.workers.each(call, *arguments)


@contextmanager
def start():
    with start_workers(EngineConfig(address=sys.argv[1])) as workers:
        yield Unlucky(workers)
        print(f"{workers._lives} lives")  # what a program prints goes where it did


(labels, groups), (again_labels, again) = cluster_faces(faces), cluster_faces(faces, start)
np.testing.assert_array_equal(again_labels, labels)
np.testing.assert_array_equal(again.group, groups.group)
assert again.confidence.tobytes() == groups.confidence.tobytes()
print(f"{groups.group.max() + 1} people, the same")
"""


@pytest.mark.slow
def test_the_work_of_an_actor_that_dies_is_done_again(cluster: Any) -> None:
    command = [sys.executable, "-c", KILLED, cluster.address]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=cluster.environment)
    assert done.returncode == 0, done.stderr
    assert "people, the same" in done.stdout
    assert "[1, 2] lives" in done.stdout
    assert "its work is done again" in done.stderr
