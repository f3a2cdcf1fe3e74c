"""Plain processes give the rows of the local engine, whatever becomes of them."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from skimage import data as pictures
from skimage.io import imsave

from photoclust.config import EmbedConfig, EngineConfig, IndexSettings
from photoclust.engine import start
from photoclust.engine.processes import ProcessEngine
from photoclust.engine.worker import Request, Stages
from photoclust.errors import PhotoclustError, ResourceError
from photoclust.index.store import IndexStore
from photoclust.limits import TimeLimits, limited
from photoclust.photo_refs import ref_table
from photoclust.photos.sources.references import find_photos
from photoclust.workflows.context import Context
from photoclust.workflows.index import index_photos
from photoclust.workflows.run_stats import IndexReport

PROCESSES = EngineConfig(kind="processes", num_cpus=1, photos_per_batch=2)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photos: four of one face, one of two, and one that is broken."""
    folder = tmp_path_factory.mktemp("photos")
    portrait = pictures.astronaut()
    for step in range(1, 5):
        imsave(folder / f"astronaut{step}.png", portrait[: -step * 20, step * 8 :], check_contrast=False)
    imsave(folder / "twice.png", np.hstack([portrait, portrait[:, ::-1]]), check_contrast=False)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 this is no photo")
    return folder


def indexed(folder: Path, photos: Path, config: EngineConfig) -> tuple[IndexStore, IndexReport]:
    store = IndexStore.create(folder, IndexSettings(), "sha")
    with store.lock():
        return store, index_photos(find_photos([str(photos)]), store, Context(lambda: start(config)))


def workers() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "photoclust.engine.worker" in one.cmdline()]


def test_rows_are_those_of_the_local_engine(tmp_path: Path, photos: Path) -> None:
    local, report = indexed(tmp_path / "local", photos, EngineConfig(kind="local"))
    assert report.indexed == {"ok": 5, "failed": 1}
    ours, again = indexed(tmp_path / "ours", photos, PROCESSES)
    assert again.indexed == report.indexed
    assert ours.photos().equals(local.photos())
    assert ours.faces().equals(local.faces())
    assert not workers()


@pytest.mark.slow
def test_every_process_gives_what_it_held_back(tmp_path: Path, photos: Path) -> None:
    for processes, at_once in ((1, 64), (2, 1), (2, 4)):
        config = EngineConfig(kind="processes", num_cpus=processes, photos_per_batch=at_once)
        _, report = indexed(tmp_path / f"{processes}{at_once}", photos, config)
        assert report.indexed == {"ok": 5, "failed": 1}


def test_photos_that_are_tried_alone_are_not_held_back(photos: Path) -> None:
    refs = list(find_photos([str(photos)]))
    with start(PROCESSES) as engine:
        rows = engine.stream(ref_table(refs, [0] * len(refs)), IndexSettings(), photos_at_once=1)
        assert [len(row) for row in rows] == [1] * 6


def test_a_process_that_is_killed_costs_nothing(tmp_path: Path, photos: Path) -> None:
    killed: list[psutil.Process] = []

    def kill() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not killed:
            for worker in workers():
                time.sleep(0.5)
                worker.kill()
                killed.append(worker)
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    _, report = indexed(tmp_path / "index", photos, PROCESSES)
    killer.join()
    assert killed
    assert report.indexed == {"ok": 5, "failed": 1}


def test_a_photo_that_takes_too_long_fails_and_says_why(tmp_path: Path, photos: Path) -> None:
    hasty = EngineConfig(kind="processes", num_cpus=1, photo_seconds=0.001)
    store, report = indexed(tmp_path / "index", photos / "twice.png", hasty)
    assert report.indexed == {"failed": 1}
    assert "too long" in store.photos()["error"][0].as_py()


def test_no_process_outlives_work_that_is_given_up(photos: Path) -> None:
    def engine_given_up() -> None:
        refs = list(find_photos([str(photos)]))
        with start(PROCESSES) as engine:
            for _ in engine.stream(ref_table(refs, [0] * len(refs)), IndexSettings()):
                assert workers()
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine_given_up()
    assert not workers()


def test_what_photoclust_has_words_for_is_said_in_them(photos: Path) -> None:
    refs = list(find_photos([str(photos)]))
    settings = IndexSettings(embed=EmbedConfig(model="no such model"))
    with start(PROCESSES) as engine, pytest.raises(PhotoclustError, match="no such model"):
        list(engine.stream(ref_table(refs, [0] * len(refs)), settings))


def test_more_processors_than_there_are() -> None:
    with pytest.raises(ResourceError, match="--num-cpus 9999 was asked for"):
        ProcessEngine(EngineConfig(num_cpus=9999))


def test_auto_says_what_it_chose(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(logging.getLogger("photoclust"), "propagate", True)
    with caplog.at_level(logging.INFO), start(EngineConfig(num_gpus=0)) as engine:
        assert isinstance(engine, ProcessEngine)
    assert "of this machine do the work" in caplog.text


def test_processes_wait_as_long_as_this_one(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refs = list(find_photos([str(photos)]))
    requests: list[Request] = []
    monkeypatch.setattr("photoclust.engine.processes.Worker.rows", lambda _, one: requests.append(one) or [])
    with limited(TimeLimits(read=7)):
        list(ProcessEngine(PROCESSES).stream(ref_table(refs, [0] * len(refs)), IndexSettings()))
    stages = Stages()
    assert stages.rows(replace(requests[0], refs=requests[0].refs.slice(0, 0))) == []
    assert stages.limits == requests[0].limits == TimeLimits(read=7)
