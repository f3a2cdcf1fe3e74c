"""Files of calibrations that are damaged, or hold something else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.errors import WeightsError
from photoclust.people.calibration.files import packed, unpacked

VALUES: dict[str, Any] = {"created": "2026-01-01", "made_of": "labels", "evidence": {}, "pairs": {}}
ARRAYS = {"mean": np.random.default_rng(0).normal(size=128).astype(np.float32)}
WHOLE = packed(VALUES, ARRAYS)


def test_a_whole_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "one.npz").write_bytes(WHOLE)
    found = unpacked(tmp_path / "one.npz")
    assert found.values == VALUES
    assert np.array_equal(found.arrays["mean"], ARRAYS["mean"])


@given(
    places=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=20),
    cut=st.booleans(),
)
def test_a_damaged_file_is_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[int, int]], cut: bool
) -> None:
    content = bytearray(WHOLE)
    for place, byte in places:
        content[place] = byte
    if cut and places:
        del content[places[0][0] :]
    file = tmp_path_factory.mktemp("damaged") / "one.npz"
    file.write_bytes(content)
    with suppress(WeightsError):  # nothing else
        unpacked(file)


@pytest.mark.parametrize(
    ("values", "arrays"),
    [
        ([1], ARRAYS),
        ({}, ARRAYS),
        (VALUES, {}),
        (VALUES, {"mean": np.full(128, np.nan, np.float32)}),
        (VALUES, {"mean": np.array(["a"])}),
    ],
)
def test_another_content_is_refused_in_a_sentence(tmp_path: Path, values: Any, arrays: Any) -> None:
    (tmp_path / "one.npz").write_bytes(packed(values, arrays))
    with pytest.raises(WeightsError, match="no calibration, or damaged"):
        unpacked(tmp_path / "one.npz")
