"""Labels of real photos that hold a few strays are taken to mean the person of the others."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from photoclust.workflows.opening import PhotoOptions, open_index


def _benchmark() -> ModuleType:
    file = Path(__file__).parents[2] / "benchmarks" / "label_owners.py"
    spec = importlib.util.spec_from_file_location("label_owners", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["label_owners"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.acceptance  # indexes some two hundred photos of the album, once for all plantings
@pytest.mark.data
@pytest.mark.timeout(900)
def test_twenty_plantings_are_judged_right(data: Path, tmp_path: Path) -> None:
    benchmark = _benchmark()
    hosts, guests = benchmark.people_of(data / "album" / "footballers"), benchmark.guests_of(data)
    store = open_index(str(tmp_path / "index"), PhotoOptions())
    for seed in range(20):
        planted = benchmark.plant(hosts, guests, 3, seed)
        one = benchmark.judged(planted, store, tmp_path)
        assert (one.right, one.taken) == (5, 0), f"planting {seed}"
        assert one.found >= 11, f"planting {seed}"
