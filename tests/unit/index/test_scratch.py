"""Large arrays lie in files that nobody finds and that leave nothing behind; what is in them is the same."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from photoclust.index import scratch
from photoclust.index.scratch import Scratch


def mapped_files() -> list[str]:
    return [
        line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "deleted" in line
    ]


@pytest.fixture
def in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "LEAST", 1)


@pytest.mark.usefixtures("in_files")
def test_a_large_array_can_be_written_and_has_no_name(tmp_path: Path) -> None:
    rows = Scratch(tmp_path)((1000, 3), np.float32)
    rows[:] = np.arange(3000).reshape(1000, 3)
    assert rows.shape == (1000, 3)
    assert rows.dtype == np.float32
    assert rows.sum() == 2999 * 1500
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("in_files")
@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux says what is mapped")
def test_the_room_is_given_back_with_the_array(tmp_path: Path) -> None:
    before = len(mapped_files())
    rows = Scratch(tmp_path)((1000,), np.int64)
    assert len(mapped_files()) > before
    del rows
    assert len(mapped_files()) == before


@pytest.mark.usefixtures("in_files")
def test_an_array_of_no_rows(tmp_path: Path) -> None:
    assert Scratch(tmp_path)((0, 128), np.float32).shape == (0, 128)


@pytest.mark.usefixtures("in_files")
def test_where_there_can_be_no_file_it_is_in_memory(tmp_path: Path) -> None:
    rows = Scratch(tmp_path / "nowhere")((10, 3), np.float32)
    rows[:] = 1
    assert rows.sum() == 30


@pytest.mark.usefixtures("in_files")
@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room cannot be asked for")
def test_a_full_disk_is_known_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    rows = Scratch(tmp_path)((10, 3), np.float32)
    rows[:] = 1
    assert rows.sum() == 30


def test_a_small_array_is_in_memory(tmp_path: Path) -> None:
    assert Scratch(tmp_path)((10, 3), np.float32).base is None
