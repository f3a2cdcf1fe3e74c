"""A run that is told to end keeps what was finished, lets go of its lock and says so."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from click.testing import CliRunner
from PIL import Image

from photoclust.cli.status import status
from photoclust.index.store import IndexStore
from photoclust.index.unfinished import unfinished_run

SAID = "what was finished is kept. Run the same command to continue.\n"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(60):
        noise = np.random.default_rng(number).integers(0, 255, (200, 200, 3), np.uint8)
        Image.fromarray(noise).resize((900, 900)).save(folder / f"{number:02}.jpg")
    return folder


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "photoclust", *map(str, arguments)]
    quick = os.environ | {"PHOTOCLUST_SECONDS_A_PART": "0"}
    return subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=quick,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # nohup has it ignored
    )


def wait_until(process: subprocess.Popen[str], ready: Callable[[], object]) -> None:
    deadline = time.monotonic() + 200
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, "it ended before it was told to; the test has not tested anything"


def end(process: subprocess.Popen[str], number: int) -> str:
    """Send the signal; gives what was said. Nothing that was started may stay."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, errors = process.communicate(timeout=100)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert "Traceback" not in errors
    return errors


def is_free(index: Path) -> bool:
    with IndexStore.open(index).lock():
        return True


@pytest.mark.parametrize("engine", ["local", "processes"])
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "Interrupted"),
        (signal.SIGTERM, 143, "Stopped by SIGTERM"),
        (signal.SIGHUP, 129, "Stopped by SIGHUP"),
    ],
)
def test_a_run_without_ray(
    tmp_path: Path, photos: Path, engine: str, number: int, code: int, said: str
) -> None:
    index = tmp_path / "index"
    run = start("index", photos, "--index", index, "--engine", engine, "--photos-per-batch", "1")
    wait_until(run, lambda: any((index / "photos").glob("part-*")))
    errors = end(run, number)
    works = "" if engine == "local" else errors.partition("\n")[0] + "\n"
    assert (run.returncode, errors) == (code, f"{works}\n{said}; {SAID}")
    assert 0 < len(IndexStore.open(index).photos()) < 60
    assert unfinished_run(index) is not None
    assert is_free(index)


@pytest.mark.parametrize(
    ("command", "again"),
    [(["watch", "--interval", "0.1"], "watch PHOTOS"), (["dedupe"], "dedupe DATASET")],
)
def test_status_knows_what_was_killed(tmp_path: Path, photos: Path, command: list[str], again: str) -> None:
    index = tmp_path / "index"
    verb, *options = command
    for person in ("ada", "bea"):
        shutil.copytree(photos, tmp_path / "faces" / person)
    run = start(
        verb, tmp_path / "faces", "--index", index, "--engine", "local", "--photos-per-batch", "1", *options
    )
    wait_until(run, lambda: any((index / "photos").glob("part-*")))
    end(run, signal.SIGKILL)
    told = CliRunner().invoke(status, ["--index", str(index)])
    assert told.exit_code == 0, told.output
    assert "has not ended" in told.output
    assert f"Next: the same command again, photoclust {again} --index {index}" in told.output


@pytest.mark.ray
@pytest.mark.parametrize("when", ["Ray starts", pytest.param("rows come", marks=pytest.mark.slow)])
def test_a_run_on_ray(tmp_path: Path, photos: Path, when: str) -> None:
    index = tmp_path / "index"
    run = start("index", photos, "--index", index, "--engine", "ray", "--photos-per-batch", "1")
    children = psutil.Process(run.pid).children
    parts = (index / "photos").glob
    wait_until(run, children if when == "Ray starts" else lambda: any(parts("part-*")))
    errors = end(run, signal.SIGTERM)
    assert run.returncode == 143, errors
    assert errors.endswith(f"Stopped by SIGTERM; {SAID}")
    assert is_free(index)
    assert bool(list(parts("part-*"))) == (when == "rows come")
