"""What is said where Ray, which several workers need, cannot be started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from photoclust.config import EngineConfig
from photoclust.engine import training
from photoclust.errors import RayStartError, TrainingError


def test_without_ray_the_run_is_kept_and_one_worker_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Any) -> Any:
        raise RayStartError("the current node timed out")

    monkeypatch.setattr(training, "runtime", fails)
    with pytest.raises(TrainingError, match="the current node timed out") as raised:
        training.train_with_workers(EngineConfig(), tmp_path, 2, lambda _: None)
    assert "--workers 1" in raised.value.on_command_line
    assert "--engine" not in raised.value.on_command_line
