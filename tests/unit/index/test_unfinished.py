"""A run that was killed is known to be unfinished until one has ended."""

from __future__ import annotations

import contextlib
from pathlib import Path

from click.testing import CliRunner

from photoclust.cli.status import status
from photoclust.config import IndexSettings
from photoclust.errors import MissingPhotosError
from photoclust.index.store import IndexStore
from photoclust.index.unfinished import unfinished, unfinished_run


def told(folder: Path) -> str:
    result = CliRunner().invoke(status, ["--index", str(folder)])
    assert result.exit_code == 0, result.output
    return result.output


def test_status_tells_of_a_run_that_has_not_ended(tmp_path: Path) -> None:
    folder = IndexStore.create(tmp_path / "index", IndexSettings(), "abc123").folder
    with contextlib.suppress(KeyboardInterrupt), unfinished(folder):
        raise KeyboardInterrupt
    assert "has not ended" in told(folder)
    assert "Next: the same command again" in told(folder)
    with unfinished(folder):
        assert "has not ended" in told(folder)
    assert "has not ended" not in told(folder)


def test_a_run_that_was_refused_is_none(tmp_path: Path) -> None:
    with contextlib.suppress(MissingPhotosError), unfinished(tmp_path):
        raise MissingPhotosError
    assert unfinished_run(tmp_path) is None


def test_a_damaged_mark_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "unfinished.json").write_text("{")
    assert unfinished_run(tmp_path) is None
