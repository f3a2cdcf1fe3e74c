"""Degraded faces in the cohort are strangers to poor photos alone."""

from __future__ import annotations

import numpy as np

from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.measuring import (
    COHORT,
    DEGRADED_COHORT,
    PLAIN,
    PLAIN_RELIABILITY,
    WEIGHED,
    Degraded,
    with_cohort,
)
from photoclust.people.graph.neighbours import unit_rows

SIZE = 96
START = Calibration(np.zeros(SIZE, np.float32), None, None, 0.0, PLAIN, WEIGHED, (), PLAIN_RELIABILITY)


def faces(n: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, SIZE)).astype(np.float32)
    return unit_rows(rows / np.linalg.norm(rows, axis=1)[:, None])


def poor(rows: np.ndarray) -> np.ndarray:
    """The same people on poor photos, which have something in common."""
    degraded = 0.7 * rows + 0.7 * np.eye(SIZE, dtype=np.float32)[0]
    return unit_rows(degraded / np.linalg.norm(degraded, axis=1)[:, None])


def hubness(calibration: Calibration, rows: np.ndarray) -> float:
    return float(calibration.score_normalised(rows)[0][:, -1].mean())


def test_poor_photos_are_told_by_degraded_faces() -> None:
    known, others = faces(1200, 0), faces(300, 1)
    degraded = Degraded(poor(known), known, np.arange(len(known)))

    clear, both = with_cohort(START, known, None), with_cohort(START, known, degraded)

    assert clear.cohort is not None
    assert both.cohort is not None
    assert (len(clear.cohort), len(both.cohort)) == (COHORT, COHORT + DEGRADED_COHORT)
    assert abs(hubness(both, others) - hubness(clear, others)) < 0.02  # what is usual is taken away
    assert hubness(clear, poor(others)) < 0.05
    assert hubness(both, poor(others)) > 0.2


def test_few_faces_are_no_cohort() -> None:
    known = faces(1200, 0)
    few = Degraded(poor(known[:200]), known[:200], np.arange(200))

    assert with_cohort(START, known[:100], few).cohort is None
    found = with_cohort(START, known, few).cohort
    assert found is not None
    assert len(found) == COHORT
