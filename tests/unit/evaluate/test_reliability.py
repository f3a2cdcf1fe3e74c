from __future__ import annotations

import numpy as np
import pytest

from photoclust.evaluate.reliability import (
    alikeness,
    effective_count,
    reliability,
    right_memberships,
    wilson_interval,
)


def test_right_is_who_has_more_than_half_of_the_group() -> None:
    truth = np.array([0, 0, 1, 0, 1, 2, 0, 1])
    group = np.array([0, 0, 0, 1, 1, 2, -1, -1])
    right, judged = right_memberships(truth, group)
    assert right[:5].tolist() == [1, 1, 0, 0, 0]  # of a tie nobody is right
    assert judged.tolist() == [True] * 5 + [False] * 3  # a face by itself tells nothing


@pytest.mark.parametrize(
    ("share", "count", "interval"),
    [(0.5, 10, (0.2366, 0.7634)), (0.9, 50, (0.7864, 0.9565)), (0, 20, (0, 0.1611)), (1, 20, (0.8389, 1))],
)
def test_wilson_intervals_as_they_are_tabled(share: float, count: int, interval: tuple[float, float]) -> None:
    assert wilson_interval(share, count) == pytest.approx(interval, abs=1e-4)


def test_a_worked_example() -> None:
    said = np.array([0.92, 0.94, 0.93, 0.93, 0.6])
    right = np.array([1.0, 1, 0, 1, 0])
    found = reliability(said, right, np.arange(5))
    assert [(one.low, one.high, one.count) for one in found.bins] == [(0.5, 0.65, 1), (0.9, 0.95, 4)]
    assert found.bins[1].said == pytest.approx(0.93)
    assert found.bins[1].right == pytest.approx(0.75)
    assert found.calibration_error == pytest.approx(0.8 * 0.18 + 0.2 * 0.6)
    assert found.brier == pytest.approx((0.08**2 + 0.06**2 + 0.93**2 + 0.07**2 + 0.6**2) / 5)


@pytest.mark.parametrize(
    ("said", "wrong", "verdict"), [(0.97, 3, "honest"), (0.97, 20, "too sure"), (0.91, 0, "too careful")]
)
def test_verdicts(said: float, wrong: int, verdict: str) -> None:
    right = np.arange(100) >= wrong
    found = reliability(np.full(100, said), right.astype(float), np.arange(100))
    assert [one.verdict for one in found.bins] == [verdict]


def test_nothing_said_is_no_error() -> None:
    none = np.zeros(0)
    assert reliability(none, none, none.astype(int)).to_dict() == {
        "bins": [],
        "overall": None,
        "calibration_error": 0,
        "calibration_error_by_chance": 0,
        "alike": 0,
        "brier": 0,
    }


def test_faces_that_are_wrong_together_say_less() -> None:
    group = np.repeat(np.arange(40), 5)
    together = np.repeat(np.arange(40) % 4 > 0, 5).astype(float)
    apart = np.tile([0.0, 1, 1, 1, 1], 40)
    assert alikeness(together, group) == pytest.approx(1)
    assert effective_count(group, 1.0) == pytest.approx(40)
    assert alikeness(apart, group) == 0
    assert effective_count(group, 0.0) == pytest.approx(200)


def test_intervals_hold_the_truth_as_often_as_they_say_though_groups_err_together() -> None:
    """Of 400 collections of 150 groups of four that err together; taking faces for independent, 65 % do."""
    rng, group = np.random.default_rng(0), np.repeat(np.arange(150), 4)
    held = 0
    for _ in range(400):
        right = np.repeat(rng.random(150) < 0.9, 4).astype(float)
        overall = reliability(np.full(600, 0.9), right, group).overall
        assert overall is not None
        held += overall.right_low <= 0.9 <= overall.right_high
    assert 0.93 <= held / 400 <= 0.98


def test_chance_alone_makes_the_error_that_is_foretold() -> None:
    rng, errors, foretold = np.random.default_rng(1), [], []
    for _ in range(200):
        said = rng.uniform(0.6, 1, 2000)
        found = reliability(said, (rng.random(2000) < said).astype(float), np.arange(2000))
        errors.append(found.calibration_error)
        foretold.append(found.calibration_error_by_chance)
    assert np.mean(errors) == pytest.approx(np.mean(foretold), rel=0.1)
