"""Joining a Ray that somebody else started, by address and as a job's entry point."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from skimage import data as pictures
from skimage.io import imsave

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]


@pytest.mark.slow
def test_a_job_runs_on_the_cluster_it_is_given(tmp_path: Path, cluster: Any) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    imsave(photos / "astronaut.png", pictures.astronaut(), check_contrast=False)
    imsave(photos / "coffee.png", pictures.coffee(), check_contrast=False)
    arguments = [photos, "--index", tmp_path / "index", "--address", cluster.address, "--json"]
    done = subprocess.run(
        [sys.executable, ROOT / "jobs" / "run.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=cluster.environment,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["indexing"]["indexed"] == {"ok": 1, "no_face": 1}


def test_gpus_the_cluster_lacks_are_refused_at_once(tmp_path: Path, cluster: Any) -> None:
    imsave(tmp_path / "coffee.png", pictures.coffee(), check_contrast=False)
    place = ["--index", tmp_path / "index", "--address", cluster.address]
    done = cluster.photoclust("run", tmp_path, *place, "--num-gpus", "4")
    assert done.returncode == 2
    assert "4 gpus were asked for, but Ray has 0. Ask for fewer, or leave --num-gpus out." in done.stderr


def test_another_ray_on_the_cluster_is_named(tmp_path: Path, cluster: Any) -> None:
    imsave(tmp_path / "coffee.png", pictures.coffee(), check_contrast=False)
    older = "import ray; ray.__version__ = '2.1.0'; from photoclust.cli import main; main()"
    place = ["--index", tmp_path / "index", "--address", cluster.address]
    done = subprocess.run(
        [sys.executable, "-c", older, "run", str(tmp_path), *map(str, place)],
        capture_output=True,
        text=True,
        check=False,
        env=cluster.environment,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    line = done.stderr.strip().splitlines()[-1]  # what takes long is said before
    assert "Version mismatch" in line
    assert "2.1.0" in line
