"""The number of processors is known on every system, even where affinity is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from photoclust.config import EngineConfig
from photoclust.engine.clustering import start_workers
from photoclust.machine import gpu_has_bfloat16, usable_processors


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
def test_only_processors_that_this_process_may_use_count() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert usable_processors() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize("there", [3, 1, None])
def test_without_affinity_all_processors_count(monkeypatch: pytest.MonkeyPatch, there: int | None) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: there)
    assert usable_processors() == (there or 1)


def test_workers_start_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with start_workers(EngineConfig(kind="local")) as workers:
        assert len(workers) == 2


@pytest.mark.parametrize(
    ("says", "has"),
    [("echo 9.0", True), ("echo 7.5; echo 8.6", True), ("echo 7.5", False), ("exit 9", False), (None, False)],
)
def test_a_gpu_says_whether_it_has_bfloat16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str | None, has: bool
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if says:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    assert gpu_has_bfloat16() == has
