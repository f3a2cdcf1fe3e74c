"""Joining a Ray that somebody else started, by address and as a job's entry point."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.util import get_node_ip_address
from skimage import data as pictures
from skimage.io import imsave

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.ray


def environment() -> dict[str, str]:
    """A cluster lets in who knows its token."""
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "for-this-test-and-no-other-purpose"}
    return os.environ | token | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def head() -> Iterator[str]:
    """Address of a head node of two processors, in processes of its own."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    # Not pytest's folder: the paths of the sockets in it would be longer than the 107 bytes they may have.
    with tempfile.TemporaryDirectory(prefix="ray") as scratch:
        options = ["--num-cpus=2", "--include-dashboard=false", "--object-store-memory=100000000"]
        options += [f"--port={port}", f"--temp-dir={scratch}", "--disable-usage-stats"]
        ray = [sys.executable, "-m", "ray.scripts.scripts"]
        start = [*ray, "start", "--head", *options]
        subprocess.run(start, check=True, capture_output=True, timeout=120, env=environment())
        yield f"{get_node_ip_address()}:{port}"
        subprocess.run([*ray, "stop", "--force"], check=True, capture_output=True, timeout=120)


def test_a_job_runs_on_the_cluster_it_is_given(tmp_path: Path, head: str) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    imsave(photos / "astronaut.png", pictures.astronaut(), check_contrast=False)
    imsave(photos / "coffee.png", pictures.coffee(), check_contrast=False)
    arguments = [photos, "--index", tmp_path / "index", "--address", head, "--json"]
    done = subprocess.run(
        [sys.executable, ROOT / "jobs" / "run.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["indexing"]["indexed"] == {"ok": 1, "no_face": 1}


def test_gpus_the_cluster_lacks_are_refused_at_once(tmp_path: Path, head: str) -> None:
    imsave(tmp_path / "coffee.png", pictures.coffee(), check_contrast=False)
    arguments = ["run", tmp_path, "--index", tmp_path / "index", "--address", head, "--num-gpus", "4"]
    done = subprocess.run(
        [sys.executable, "-m", "photoclust", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 2
    assert "--num-gpus 4 was asked for, but Ray has 0" in done.stderr
