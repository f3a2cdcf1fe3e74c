"""A network trained by two workers through Ray Train; killed, it goes on with the same numbers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from learnable_index import picture_index

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]
SETTINGS = ("--what", "network", "--init", "random", "--arch", "small", "--epochs", "4", "--workers", "2")
SETTINGS += ("--people-per-batch", "4", "--validation", "25%", "--no-augment")


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "photoclust", "train", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def curves(run: Path) -> list[str]:
    file = run / "curves.csv"
    return file.read_text().splitlines() if file.exists() else []


def test_two_workers_train_one_network_and_go_on_after_a_kill(tmp_path: Path) -> None:
    index = picture_index(tmp_path).folder
    whole = start(index, *SETTINGS, "--output", tmp_path / "whole")
    said, errors = whole.communicate(timeout=400)
    assert whole.returncode == 0, errors
    assert "Best epoch" in said
    assert len(curves(tmp_path / "whole")) == 6
    assert json.loads((tmp_path / "whole" / "run.json").read_text())["config"]["workers"] == 2

    run = tmp_path / "run"
    killed = start(index, *SETTINGS, "--output", run)
    deadline = time.monotonic() + 400
    while len(curves(run)) < 3 and killed.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    children = psutil.Process(killed.pid).children(recursive=True)
    os.kill(killed.pid, signal.SIGKILL)
    for child in children:
        child.kill()
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(curves(run)) < 6

    resumed = start("resume", run)
    _, errors = resumed.communicate(timeout=400)
    assert resumed.returncode == 0, errors
    assert curves(run) == curves(tmp_path / "whole")
