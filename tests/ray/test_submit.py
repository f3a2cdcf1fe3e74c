"""Jobs on a real head node: submitted, followed, stopped, submitted again."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from skimage import data as pictures
from skimage.io import imsave

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]

MANY = 30


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So many photos that a job over them can be caught at work."""
    folder = tmp_path_factory.mktemp("photos")
    for step in range(MANY):
        imsave(folder / f"{step:03}.png", pictures.astronaut()[step:, step * 2 :], check_contrast=False)
    return folder


def freeze_actors(cluster: Any) -> None:
    """Let no more photos be done, so that the job is still at work however long we look at it."""
    for node in cluster.nodes:
        for process in psutil.Process(node.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "FindFaces" in " ".join(process.cmdline()):
                    process.suspend()


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.1)


def one_sentence(done: subprocess.CompletedProcess[str], code: int) -> str:
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.slow  # two jobs over thirty photos
def test_a_job_is_followed_stopped_and_finished_by_submitting_it_again(
    tmp_path: Path, cluster: Any, photos: Path
) -> None:
    index, at = tmp_path / "index", ["--address", cluster.dashboard]
    verb = ["run", photos, "--index", index, "--photos-per-batch", "1", "--num-cpus", "1"]

    first = cluster.photoclust("submit", *at, "--env", "PHOTOCLUST_SECONDS_A_PART=0", *verb)
    assert first.returncode == 0, first.stderr
    job = first.stdout.strip()
    assert job.startswith("photoclust-run-")
    wait_until(lambda: list((index / "photos").glob("part-*")), "the first photos are in the index")
    freeze_actors(cluster)

    again = cluster.photoclust("submit", *at, *verb)
    assert (again.returncode, again.stdout.strip()) == (0, job)
    assert "nothing was started" in again.stderr
    other = cluster.photoclust("submit", *at, *verb, "--retry-failed")
    assert job in one_sentence(other, 1)

    stopped = json.loads(cluster.photoclust("jobs", "stop", job, *at, "--json").stdout)
    assert stopped["status"] == "STOPPED"

    second = cluster.photoclust("submit", *at, "-f", *verb)
    assert second.returncode == 0, second.stderr
    assert second.stdout.splitlines()[0] != job
    assert "had not changed" in second.stdout
    status = json.loads(cluster.photoclust("status", "--index", index, "--json").stdout)
    assert status["photos"]["seen"] == MANY
    assert status["grouping"]["people"] == 1

    listed = json.loads(cluster.photoclust("jobs", "list", *at, "--json").stdout)
    assert [entry["status"] for entry in listed[-2:]] == ["STOPPED", "SUCCEEDED"]


@pytest.mark.slow
def test_logs_are_followed_to_the_end(tmp_path: Path, cluster: Any, photos: Path) -> None:
    at = ["--address", cluster.dashboard]
    submitted = cluster.photoclust("submit", *at, "run", photos / "000.png", "--index", tmp_path / "index")
    job = submitted.stdout.strip()
    followed = cluster.photoclust("jobs", "logs", "-f", job, *at)
    assert followed.returncode == 0, followed.stderr
    assert f"job {job}" in followed.stdout
    assert "Photos   1: 1 with faces" in followed.stdout
    assert cluster.photoclust("jobs", "logs", job, *at).stdout == followed.stdout
    assert "SUCCEEDED" in cluster.photoclust("jobs", "status", job, *at).stdout


def test_a_job_that_fails_says_why(tmp_path: Path, cluster: Any) -> None:
    done = cluster.photoclust(
        "submit", "--address", cluster.dashboard, "--wait", "status", "--index", tmp_path / "nothing"
    )
    assert "There is no index at" in one_sentence(done, 1)


@pytest.mark.acceptance  # a node must start, and be given up by Ray
def test_a_dead_node_is_no_obstacle(tmp_path: Path, cluster: Any) -> None:
    at = ["--address", cluster.dashboard]
    node = cluster.add_node(cpus=3)
    try:
        done = cluster.photoclust("submit", *at, "--wait", "doctor", "--json")
        assert done.returncode == 0, done.stderr
    finally:
        cluster.kill_node(node)
    verb = ["index", "/photos", "--index", tmp_path / "index", "--num-cpus", "5"]
    wait_until(lambda: "has 2;" in cluster.photoclust("submit", *at, *verb).stderr, "the node is given up")
    done = cluster.photoclust("submit", *at, "--wait", "doctor", "--json")
    assert (done.returncode, "not checked" in done.stderr) == (0, False), done.stderr


def test_another_photoclust_on_the_cluster_is_named(tmp_path: Path, cluster: Any) -> None:
    done = cluster.photoclust(
        "submit", "--address", cluster.dashboard, "--env", "PHOTOCLUST_SUBMITTED_BY=9.9", "doctor"
    )
    assert "but 9.9 submitted this job" in one_sentence(done, 1)


@pytest.mark.parametrize("option", ["--num-cpus", "--num-gpus"])
def test_more_than_the_cluster_has_is_refused_before_anything_runs(
    tmp_path: Path, cluster: Any, option: str
) -> None:
    place = ["--address", cluster.dashboard]
    verb = ["run", "/photos", "--index", tmp_path / "index", option, "64"]
    message = one_sentence(cluster.photoclust("submit", *place, *verb), 2)
    assert f"{option} 64 was asked for, but the cluster" in message


def test_a_missing_token_is_one_clear_sentence(cluster: Any) -> None:
    environment = {name: value for name, value in cluster.environment.items() if "RAY_AUTH" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "photoclust", "jobs", "list", "--address", cluster.dashboard],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"RAY_AUTH_TOKEN_PATH": os.devnull},
    )
    assert "RAY_AUTH_MODE=token" in one_sentence(done, 1)


def test_another_ray_on_the_cluster_is_named(cluster: Any) -> None:
    older = "import ray, sys; ray.__version__ = '2.1.0'; from photoclust.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", older, "submit", "--address", cluster.dashboard, "doctor"],
        capture_output=True,
        text=True,
        check=False,
        env=cluster.environment,
    )
    message = one_sentence(done, 1)
    assert "this machine 2.1.0" in message
    assert "--any-version" in message


def test_a_job_nobody_knows(cluster: Any) -> None:
    done = cluster.photoclust("jobs", "status", "photoclust-run-none-1", "--address", cluster.dashboard)
    assert "knows no job photoclust-run-none-1" in one_sentence(done, 1)
