"""What a job's line does on the head node's shell, and what is checked before it is submitted."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from photoclust.engine import submit
from photoclust.engine.jobs import Submission, last_words, runtime_env
from photoclust.errors import EngineError, ResourceError, UsageError

SUBMISSION = Submission(("run", "/photos of 1950", "--index", "/index"), "/index", num_cpus=4)

# A process with the command line of a raylet, and below it one that starts the job's shell, as a supervisor.
RAYLET = """
import subprocess, sys
supervisor = "import subprocess, sys; subprocess.run(sys.argv[1], shell=True, check=True)"
subprocess.run([sys.executable, "-c", supervisor, sys.argv[-1]], check=True)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("folder", ["venv", "a venv"])
def test_a_job_runs_with_the_python_of_the_clusters_ray(tmp_path: Path, folder: str) -> None:
    python = tmp_path / folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nfor word in "$0" "$@"; do echo "$word"; done\n')
    python.chmod(0o700)
    workers = subprocess.list2cmdline([str(python), "/ray/setup_worker.py", "--redis-address=None"])
    command = [sys.executable, "-c", RAYLET, "--head", f"--python_worker_command={workers}", "--labels="]
    environment = os.environ | runtime_env(SUBMISSION, "job")["env_vars"] | {"PATH": os.defpath}
    done = subprocess.run([*command, SUBMISSION.entrypoint], capture_output=True, text=True, env=environment)
    assert done.stdout.splitlines() == [str(python), "-m", "photoclust", *SUBMISSION.arguments], done.stderr


def test_a_job_with_packages_of_its_own_runs_with_their_python() -> None:
    submission = Submission(("doctor",), "doctor", runtime_env={"pip": ["photoclust"]})
    assert submission.entrypoint == "python -m photoclust doctor"


def test_the_last_words_are_not_those_of_ray() -> None:
    logs = "sh: python: not found\nRunning entrypoint for job x: python -m photoclust doctor\n"
    assert last_words(logs) == "sh: python: not found"


def client(monkeypatch: pytest.MonkeyPatch, list_nodes: Callable[..., Any]) -> submit.JobClient:
    """A client of a cluster of which nothing is there but its list of nodes."""
    made = object.__new__(submit.JobClient)
    made.address = "http://head:8265"
    made._ray = SimpleNamespace(_server_ray_version=ray.__version__)  # type: ignore[assignment]
    monkeypatch.setattr(submit, "list_nodes", list_nodes)
    return made


@pytest.mark.parametrize("error", [OSError("timed out"), KeyError("nodes"), RuntimeError("500"), TypeError()])
def test_a_cluster_that_does_not_tell_what_it_has_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    warning = client(monkeypatch, fails).check(SUBMISSION)
    assert warning is not None
    assert "not checked" in warning


@pytest.mark.parametrize(("living", "refused"), [(1, True), (2, False)])
def test_only_living_nodes_count(monkeypatch: pytest.MonkeyPatch, living: int, refused: bool) -> None:
    def list_nodes(*_: object, **options: Any) -> list[SimpleNamespace]:
        assert not options.get("filters"), "Ray takes a dead node for a cut answer when it filters"
        states = ["ALIVE"] * living + ["DEAD"] * 3
        return [SimpleNamespace(state=state, resources_total={"CPU": 2.0}) for state in states]

    made = client(monkeypatch, list_nodes)
    if refused:
        with pytest.raises(ResourceError, match="has 2"):
            made.check(SUBMISSION)
    else:
        assert made.check(SUBMISSION) is None


def test_what_ray_raises_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def list_jobs() -> None:
        raise KeyError("submission_id")

    made = client(monkeypatch, list)
    made._ray = SimpleNamespace(list_jobs=list_jobs)  # type: ignore[assignment]
    with pytest.raises(EngineError, match="http://head:8265"):
        made.list()


@pytest.mark.parametrize(
    "address", ["http://[::1", "http://head:99999", "ftp://head", "head:8265", "http://"]
)
def test_what_is_no_address_is_a_mistake_in_the_command(address: str) -> None:
    with pytest.raises(UsageError, match="http://HEAD:8265"):
        submit.JobClient(address)


def test_a_server_that_says_nothing_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(EngineError, match="No Ray dashboard answers"):
            submit.JobClient(address)


@pytest.mark.parametrize(
    "address", ["http://me:secret@127.0.0.1:1", "me:secret@host:1", "http://me:secret@[::"]
)
def test_the_password_of_an_address_is_never_repeated(address: str) -> None:
    with pytest.raises((EngineError, UsageError)) as refused:
        submit.JobClient(address)
    assert "secret" not in str(refused.value)
