"""What is said on stderr: nothing, lines, or JSON, and when which."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from photoclust.cli import _progress


@pytest.fixture(autouse=True)
def laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROGRESS", "LOG_FORMAT", "JOB_ID"):
        monkeypatch.delenv(f"PHOTOCLUST_{name}", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(_progress, "SECONDS_A_LINE", 0.0)
    _progress.start_log()


def work(steps: int = 4) -> None:
    with _progress.stage_progress("index", 100) as tell:
        for _ in range(steps):
            tell(25)


def test_nothing_is_said_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    work()
    _progress.say("Grouping.")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("sign", ["PHOTOCLUST_JOB_ID", "KUBERNETES_SERVICE_HOST"])
def test_a_log_on_a_cluster_gets_lines(
    sign: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(sign, "something")
    work()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("Indexing: 50 of 100 photos (50 %)")
    assert "left" in lines[1]
    assert lines[3].startswith("Indexing: 100 of 100 photos (100 %)")


def test_lines_are_seldom_but_the_last_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_progress, "SECONDS_A_LINE", 1e9)
    monkeypatch.setenv("PHOTOCLUST_PROGRESS", "lines")
    work()
    assert capsys.readouterr().err.splitlines()[-1].startswith("Indexing: 100 of 100")


def test_lines_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PHOTOCLUST_JOB_ID", "photoclust-run-1-1")
    monkeypatch.setenv("PHOTOCLUST_LOG_FORMAT", "json")
    work()
    line = json.loads(capsys.readouterr().err.splitlines()[1])
    assert (line["job"], line["level"]) == ("photoclust-run-1-1", "info")
    assert (line["photos"], line["total"]) == (50, 100)
    assert line["photos_a_second"] > 0


def test_nothing_is_said_when_asked_for_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTOCLUST_JOB_ID", "photoclust-run-1-1")
    monkeypatch.setenv("PHOTOCLUST_PROGRESS", "none")
    work()
    assert capsys.readouterr().err == ""


def photoclust(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "photoclust", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_run_says_lines_and_nothing_but_json_when_asked(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "grey").save(tmp_path / "grey.png")
    options = ["--engine", "local", "--progress", "lines", "--log-format", "json"]
    done = photoclust("run", tmp_path / "grey.png", "--index", tmp_path / "index", *options)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert any(line.get("photos") == 1 for line in lines)
    assert lines[-1]["message"] == "Grouping faces."


def test_an_error_is_json_too_when_asked(tmp_path: Path) -> None:
    done = photoclust("run", tmp_path / "none", "--index", tmp_path / "index", "--log-format", "json")
    assert done.returncode == 2
    line = json.loads(done.stderr.splitlines()[-1])
    assert line["level"] == "error"
    assert "none" in line["message"]


def long_work() -> None:
    with _progress.sparse_lines(), _progress.stage_progress("index", 100) as tell:
        for _ in range(4):
            tell(25)


def test_long_work_without_a_terminal_says_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(_progress.time, "monotonic", lambda: float(next(clock)))
    long_work()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        "Indexing: 50 of 100 photos",
        "Indexing: 100 of 100 photos",
    ]
    monkeypatch.setenv("PHOTOCLUST_PROGRESS", "none")
    long_work()
    assert capsys.readouterr().err == ""


def test_short_work_without_a_terminal_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    long_work()
    with _progress.stage_progress("index", 1) as tell:
        tell(1)
    assert capsys.readouterr().err == ""
