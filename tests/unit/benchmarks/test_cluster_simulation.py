"""The simulation where its answer is known: one core, and a driver that cannot keep up."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "benchmarks" / "cluster_simulation.py"


@pytest.fixture(scope="module")
def simulation() -> Any:
    spec = util.spec_from_file_location("cluster_simulation", FILE)
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    sys.modules["cluster_simulation"] = module
    spec.loader.exec_module(module)
    return module


def test_one_core_takes_as_long_as_its_work(simulation: Any) -> None:
    outcome = simulation.simulate(1_000_000, 0.36, 1, simulation.Rates())
    assert outcome.index_hours == pytest.approx(100, rel=0.02)
    assert outcome.busy_cores == pytest.approx(1)


def test_twice_the_cores_halve_the_time_while_the_driver_is_idle(simulation: Any) -> None:
    hours = [simulation.simulate(1_000_000, 1.0, cores, simulation.Rates()).index_hours for cores in (8, 16)]
    assert hours[0] == pytest.approx(2 * hours[1], rel=0.02)


def test_no_number_of_cores_is_faster_than_the_driver(simulation: Any) -> None:
    outcome = simulation.simulate(1_000_000, 1.0, 4096, simulation.Rates(write_photo=0.0036))
    assert outcome.index_hours == pytest.approx(1.0, rel=0.02)
    assert outcome.busy_driver > 0.95


def test_all_photos_share_a_size_when_there_are_many_more_than_sizes(simulation: Any) -> None:
    rates = simulation.Rates()
    assert simulation.planning(1_000_000, 10, 1.0, 1, rates) == pytest.approx(1e6, rel=1e-3)
    assert simulation.planning(1_000, 10_000_000, 1.0, 1, rates) == pytest.approx(0, abs=0.1)
