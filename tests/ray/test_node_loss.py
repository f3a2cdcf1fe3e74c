"""A node that dies in the middle of a job: the index is the one that an undisturbed run makes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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


HEAD_CPUS = 0  # it only listens; photos are worked on by the two that join


def at_work(node: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Actors of a node that find faces."""
    found = []
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(node.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                found += [process] if "FindFaces" in " ".join(process.cmdline()) else []
    return found


def wait_while(job: subprocess.Popen[bytes], condition: Callable[[], object], what: str) -> None:
    """Wait as long as a slow machine may take, while the job is at work."""
    deadline = time.monotonic() + 400
    while condition():
        assert job.poll() is None, f"the job ended before {what}"
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


def test_a_node_that_is_killed_costs_nothing(tmp_path: Path, cluster: Any) -> None:
    photos, index = tmp_path / "photos", tmp_path / "index"
    photos.mkdir()
    for step in range(MANY):
        imsave(photos / f"{step:03}.png", pictures.astronaut()[step:, step * 2 :], check_contrast=False)
    (photos / "broken.jpg").write_bytes(b"\xff\xd8 this is no photo")

    victim, other = cluster.add_node(cpus=2), cluster.add_node(cpus=2)
    wait_for_cpus(cluster, 4)
    place = ["--index", index, "--address", cluster.address, "--photos-per-batch", "1"]
    command = [sys.executable, "-m", "photoclust", "index", photos, *place, "--detect-actors", "2"]
    environment = cluster.environment | {"PHOTOCLUST_SECONDS_A_PART": "0"}
    with subprocess.Popen(list(map(str, command)), env=environment, stdout=subprocess.PIPE) as job:

        def parts() -> int:
            return len(list((index / "photos").glob("part-*")))

        wait_while(job, lambda: not parts(), "the first photo was done")
        for process in at_work(other):
            process.suspend()  # so that the victim, too, has something to lose
        wait_while(job, lambda: not at_work(victim), "the victim had an actor")
        for process in at_work(other):
            process.resume()
        wait_while(job, lambda: parts() < 0.4 * MANY, "40 % were done")
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
