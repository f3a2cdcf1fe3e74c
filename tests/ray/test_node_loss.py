"""A node that dies in the middle of a job: the index is the one that an undisturbed run makes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from skimage import data as pictures
from skimage.io import imsave

from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine import start
from photoclust.faces.weights import weights_sha256
from photoclust.index.store import IndexStore
from photoclust.photos.sources import find_photos
from photoclust.pipeline import index_photos

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1200)]

MANY = 40


@contextmanager
def no_progress(_: int) -> Iterator[object]:
    yield lambda done: None


def finds_faces(node: subprocess.Popen[bytes]) -> bool:
    """Whether an actor that finds faces lives on a node."""
    processes = psutil.Process(node.pid).children(recursive=True)
    return any("FindFaces" in " ".join(process.cmdline()) for process in processes if process.is_running())


def test_a_node_that_is_killed_costs_nothing(tmp_path: Path, cluster: Any) -> None:
    photos, index = tmp_path / "photos", tmp_path / "index"
    photos.mkdir()
    for step in range(MANY):
        imsave(photos / f"{step:03}.png", pictures.astronaut()[step:, step * 2 :], check_contrast=False)
    (photos / "broken.jpg").write_bytes(b"\xff\xd8 this is no photo")

    victim = cluster.add_node(cpus=2)
    cluster.add_node(cpus=2)
    place = ["--index", index, "--address", cluster.address, "--photos-per-batch", "1"]
    command = [sys.executable, "-m", "photoclust", "index", photos, *place, "--num-cpus", "6"]
    wait_for_cpus(cluster, 6)
    environment = cluster.environment | {"PHOTOCLUST_SECONDS_A_PART": "0"}
    with subprocess.Popen(list(map(str, command)), env=environment, stdout=subprocess.PIPE) as job:
        deadline = time.monotonic() + 400
        while len(list((index / "photos").glob("part-*"))) < 0.4 * MANY:
            assert job.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert finds_faces(victim), "the node that dies does nothing; the test would test nothing"
        cluster.kill_node(victim)
        assert job.poll() is None, "the job had ended before the node was killed"
        job.communicate()
    assert job.returncode == 0

    local = IndexStore.create(tmp_path / "local", IndexSettings(), weights_sha256("casia-webface"))
    with local.lock():
        refs = find_photos([str(photos)])
        index_photos(refs, local, lambda: start(EngineConfig(kind="local")), no_progress)
    disturbed = IndexStore.open(index)
    assert len(disturbed.photos()) == MANY + 1
    assert disturbed.photos().equals(local.photos())
    assert disturbed.faces().equals(local.faces())


def wait_for_cpus(cluster: Any, cpus: int) -> None:
    """Wait until the nodes have joined."""
    deadline = time.monotonic() + 240
    joined = f"import ray, sys; ray.init('{cluster.address}', log_to_driver=False);"
    joined += f"import time\nwhile ray.cluster_resources()['CPU'] < {cpus}: time.sleep(0.2)"
    limit = deadline - time.monotonic()
    subprocess.run([sys.executable, "-c", joined], check=True, env=cluster.environment, timeout=limit)
