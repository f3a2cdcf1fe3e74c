"""Ray that does not start is tried again; then the run goes on without it, unless it was asked for."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import ray

from photoclust.config import EngineConfig
from photoclust.engine import start, starting
from photoclust.engine.local import LocalEngine
from photoclust.errors import EngineError, RayStartError

SLOW = "The current node timed out during startup. This could happen because the raylet failed to start"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "PAUSES", (0.0, 0.0))


class Slow:
    """A start that fails as Ray's does, a number of times, and leaves a process running."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.failures, self.error = failures, error or Exception(SLOW)
        self.calls = 0
        self.left: list[psutil.Popen] = []

    def __call__(self, **_: object) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            self.left.append(psutil.Popen([sys.executable, "-c", "import time; time.sleep(100)"]))
            raise self.error


def test_a_slow_start_is_tried_again_and_nothing_of_it_stays() -> None:
    init = Slow(2)
    mine = psutil.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
    starting.start_again(init, lambda: None)
    assert init.calls == 3
    assert not any(process.is_running() for process in init.left)
    assert mine.is_running()
    mine.kill()
    mine.wait()


@pytest.mark.parametrize(
    "error", [OSError("AF_UNIX path length"), PermissionError(13, "no"), ValueError("x")]
)
def test_what_will_not_pass_is_not_tried_again(error: Exception) -> None:
    init = Slow(1, error)
    with pytest.raises(type(error)):
        starting.start_again(init, lambda: None)
    assert init.calls == 1
    assert not init.left[0].is_running()


@pytest.mark.parametrize("error", [Exception(SLOW), OSError("AF_UNIX"), KeyError("raylet")])
def test_without_ray_this_process_does_the_work_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    monkeypatch.setattr(ray, "init", Slow(9, error))
    monkeypatch.setattr(logging.getLogger("photoclust"), "propagate", True)
    with start(EngineConfig(detect_actors=1)) as engine:
        assert isinstance(engine, LocalEngine)
    assert "this process does the work alone" in caplog.text


def test_ray_that_was_asked_for_is_missed_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "init", Slow(9))
    with pytest.raises(RayStartError, match=r"^No Ray on this machine: The current .*engine=\"local\"\.$"):
        start(EngineConfig(kind="ray")).__enter__()


def test_a_cluster_that_was_asked_for_is_never_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "init", Slow(9))
    with pytest.raises(EngineError, match="No Ray at auto"):
        start(EngineConfig(address="auto")).__enter__()
    ray.init.left[-1].kill()


def test_ray_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "photoclust.engine.ray", None)
    with start(EngineConfig(detect_actors=1)) as engine:
        assert isinstance(engine, LocalEngine)
    with pytest.raises(RayStartError, match="cannot be loaded"):
        start(EngineConfig(kind="ray")).__enter__()


def test_broken_output_and_little_memory_are_one_sentence(tmp_path: Path) -> None:
    def say(command: str) -> tuple[int, str]:
        line = command.replace("photoclust", f"{sys.executable} -m photoclust")
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    full = "Error: What this command has to say cannot be written to stdout: No space left on device.\n"
    assert say("photoclust --help > /dev/full") == (1, full)
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"x")
    index = f"photoclust index {photo} --index {tmp_path}/index --engine local"
    code, said = say(f"ulimit -v 1000000; {index}")  # kilobytes, in which torch cannot be loaded
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith("Error: There is not enough memory")
