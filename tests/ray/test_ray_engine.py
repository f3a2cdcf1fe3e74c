"""Ray's engine against the local one, and against processes that die."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.compute as pc
import pytest
from skimage import data as pictures
from skimage.io import imsave

from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine import local as local_engine
from photoclust.engine import ray as ray_engine
from photoclust.engine import start
from photoclust.errors import EngineError, ResourceError
from photoclust.index.store import IndexStore
from photoclust.limits import TimeLimits
from photoclust.records import Detections
from photoclust.stages import FindFaces

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photos: faces of several sizes, two of them in one, none, and one that is broken."""
    folder = tmp_path_factory.mktemp("photos")
    portrait = pictures.astronaut()
    for step in range(1, 8):
        imsave(folder / f"astronaut{step}.png", portrait[: -step * 20, step * 8 :], check_contrast=False)
    imsave(folder / "twice.png", np.hstack([portrait, portrait[:, ::-1]]), check_contrast=False)
    imsave(folder / "coffee.png", pictures.coffee(), check_contrast=False)
    imsave(folder / "cat.png", pictures.chelsea(), check_contrast=False)
    (folder / "copy of coffee.png").write_bytes((folder / "coffee.png").read_bytes())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 this is no photo")
    return folder


def assert_same(left: IndexStore, right: IndexStore) -> None:
    assert left.photos().equals(right.photos())
    assert left.faces().equals(right.faces())


@pytest.fixture(scope="module")
def local(index_into: Any, tmp_path_factory: pytest.TempPathFactory, photos: Path) -> IndexStore:
    folder = tmp_path_factory.mktemp("local") / "index"
    store, report = index_into(folder, photos, EngineConfig(kind="local"))
    assert report.indexed == {"ok": 8, "no_face": 3, "failed": 1}
    assert report.copies == 1
    assert len(store.faces([])) == 9
    return store


def test_ray_writes_the_very_same_rows(
    index_into: Any, tmp_path: Path, photos: Path, local: IndexStore
) -> None:
    config = EngineConfig(photos_per_batch=3, detect_actors=2, embed_actors=1)
    store, report = index_into(tmp_path / "index", photos, config)
    assert report.found == 12
    assert_same(store, local)


def _kill_a_worker_soon(killed: list[int]) -> None:
    """Kill one process that is finding faces, as soon as there is one that works."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not killed:
        for process in psutil.Process().children(recursive=True):
            try:
                busy = "MapWorker(MapBatches(FindFaces)).submit" in " ".join(process.cmdline())
                if busy:
                    process.send_signal(signal.SIGKILL)
                    killed.append(process.pid)
                    return
            except psutil.Error:
                continue
        time.sleep(0.02)


@pytest.mark.slow
def test_an_actor_that_is_killed_costs_nothing(
    index_into: Any, tmp_path: Path, photos: Path, local: IndexStore
) -> None:
    killed: list[int] = []
    killer = threading.Thread(target=_kill_a_worker_soon, args=(killed,))
    killer.start()
    config = EngineConfig(photos_per_batch=1, detect_actors=1, embed_actors=1)
    store, _ = index_into(tmp_path / "index", photos, config)
    killer.join()
    assert killed, "no actor was caught at work; the test has not tested anything"
    assert_same(store, local)


class Unseeing(FindFaces):
    """Takes the middle of a photo for a face: no networks to load in a process that soon dies."""

    def __init__(
        self, settings: IndexSettings, photo_seconds: float | None = None, *limits: TimeLimits
    ) -> None:
        self.settings, self.photo_seconds, self.limits = settings, photo_seconds, *(limits or [TimeLimits()])
        self.detector = self  # type: ignore[assignment]

    def detect_all(self, photos: Sequence[np.ndarray]) -> list[Detections]:
        return [self.detect(pixels) for pixels in photos]

    def detect(self, pixels: np.ndarray) -> Detections:
        middle = np.array(pixels.shape[1::-1], np.float32) / 2
        eyes_nose_mouth = np.array([[-9, -9], [9, -9], [0, 0], [-7, 9], [7, 9]], np.float32)
        box = np.concatenate([middle - 30, middle + 30])
        return Detections(box[None], (middle + eyes_nose_mouth)[None], np.ones(1, np.float32))


class Poisoned(Unseeing):
    """Dies on the cat, as a decoder with a bug might."""

    def find(self, ref, tried):  # type: ignore[no-untyped-def]
        if "cat" in ref.uri:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().find(ref, tried)


@pytest.mark.slow  # Ray starts many actors, one after the other
def test_a_photo_that_kills_its_process_fails_alone(
    index_into: Any, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_engine, "FindFaces", Unseeing)
    spared, report = index_into(tmp_path / "spared", photos, EngineConfig(kind="local"))
    assert report.indexed == {"ok": 11, "failed": 1}

    monkeypatch.setattr(ray_engine, "FindFaces", Poisoned)
    config = EngineConfig(photos_per_batch=4, detect_actors=1, embed_actors=1)
    store, report = index_into(tmp_path / "index", photos, config)

    assert report.indexed == {"ok": 10, "failed": 2}
    cat = next(row for row in store.photos().to_pylist() if "cat" in row["uri"])
    assert (cat["status"], cat["stage"]) == ("failed", "detect")
    assert "died" in cat["error"]
    (lost,) = [row["photo_id"] for row in spared.photos().to_pylist() if "cat" in row["uri"]]
    assert store.faces().equals(spared.faces().filter(pc.field("photo_id") != lost))


def test_more_gpus_than_there_are_is_one_clear_sentence() -> None:
    with pytest.raises(ResourceError, match="64 gpus were asked for"):
        ray_engine.plan_pools(EngineConfig(num_gpus=64), cpus=2, gpus=1)


@pytest.mark.parametrize("cpus", [1, 2, 3, 16, 100])
@pytest.mark.parametrize("gpus", [0, 1, 8])
def test_the_pools_fit_into_the_machine(cpus: int, gpus: int) -> None:
    pools = ray_engine.plan_pools(EngineConfig(), cpus, gpus)
    assert pools.detect.actors * pools.detect.cpus + pools.embed.actors * pools.embed.cpus <= cpus
    assert pools.detect.actors * pools.detect.gpus + pools.embed.actors * pools.embed.gpus <= gpus
    assert pools.detect.actors * pools.detect.threads <= cpus or pools.detect.threads == 1
    assert pools.embed.actors == gpus or not gpus
    assert bool(pools.detect.gpus) == bool(gpus)


def test_processors_detect_where_most_of_them_are_far_from_a_gpu() -> None:
    near, far = (ray_engine.plan_pools(EngineConfig(), 64, 1, beside) for beside in (32, 16))
    assert (near.detect.actors, near.detect.threads, near.detect.gpus, near.embed.gpus) == (2, 32, 0.25, 0.5)
    assert (far.detect.actors, far.detect.threads, far.detect.gpus, far.embed.gpus) == (64, 1, 0.0, 1.0)


def test_processors_do_it_all_where_no_gpu_is_to_be_used() -> None:
    pools = ray_engine.plan_pools(EngineConfig(num_gpus=0), 16, 4, 16)
    assert (pools.detect.actors, pools.detect.gpus, pools.embed.gpus) == (16, 0.0, 0.0)


def test_an_address_with_no_cluster_is_one_clear_sentence() -> None:
    with (
        pytest.raises(EngineError, match=r"No Ray at 127\.0\.0\.1:1"),
        start(EngineConfig(address="127.0.0.1:1")),
    ):
        pass


def test_the_local_engine_refuses_gpus_that_are_not_there() -> None:
    with (
        pytest.raises(ResourceError, match="64 GPUs were asked for"),
        start(EngineConfig(kind="local", num_gpus=64)),
    ):
        pass
