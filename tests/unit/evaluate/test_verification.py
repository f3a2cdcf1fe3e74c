"""Errors of verification."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.evaluate.verification import cllr, min_cllr, weighted_calibration_error

EVIDENCE = st.lists(st.integers(-800, 800).map(lambda value: value / 100), min_size=1, max_size=30)


def weighted(values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(values, np.float64), np.ones(len(values))


@given(EVIDENCE, EVIDENCE)
def test_the_least_cost_is_least(genuine: list[float], impostor: list[float]) -> None:
    one, other = weighted(genuine), weighted(impostor)
    least = min_cllr(one, other)
    assert -1e-9 <= least <= min(1 + 1e-9, cllr(one, other) + 1e-9)
    doubled = (3 * one[0] + 2, one[1]), (3 * other[0] + 2, other[1])
    assert min_cllr(*doubled) == pytest.approx(least, abs=1e-6)


def test_ratios_that_say_nothing_cost_a_bit() -> None:
    assert cllr(weighted([0.0, 0.0]), weighted([0.0])) == pytest.approx(1)
    assert cllr(weighted([50.0]), weighted([-50.0])) == pytest.approx(0)


def test_calibrated_evidence_has_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    genuine, impostor = (
        rng.normal(2, 2, 200_000),
        rng.normal(-2, 2, 200_000),
    )  # log ratio of these is x itself
    assert weighted_calibration_error(weighted(genuine), weighted(impostor)) < 0.003
    assert weighted_calibration_error(weighted(3 * genuine), weighted(3 * impostor)) > 0.03
    assert cllr(weighted(genuine), weighted(impostor)) == pytest.approx(
        min_cllr(weighted(genuine), weighted(impostor)), rel=0.01
    )
