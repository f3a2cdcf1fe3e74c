"""Resemblance to strangers: equal to its definition worked out face by face, whatever the order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.hubness import ANY_PHOTO, nearness
from photoclust.people.calibration.spread import Side, dots

COHORT = np.random.default_rng(0).normal(size=(40, 16))
COHORT = (COHORT / np.linalg.norm(COHORT, axis=1, keepdims=True)).astype(np.float32)


def made_up(n: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, 16)) + 0.8
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def by_definition(rows: np.ndarray, photos: np.ndarray) -> list[float]:
    found: list[float] = []
    for face in range(len(rows)):
        mates = [other for other in np.flatnonzero(photos == photos[face]) if other != face]
        strangers = np.concatenate([COHORT, rows[mates if photos[face] != ANY_PHOTO else []]])
        found.append(float(np.sort(strangers @ rows[face])[-8:].mean()))
    return found


@given(st.lists(st.integers(ANY_PHOTO, 4), max_size=40), st.integers(0, 99))
def test_the_others_of_a_photo_belong_to_the_cohort(photos: list[int], seed: int) -> None:
    rows, number = made_up(len(photos), seed), np.array(photos, np.int64)
    np.testing.assert_allclose(nearness(rows, COHORT, number), by_definition(rows, number), atol=1e-6)


@given(st.lists(st.integers(ANY_PHOTO, 4), min_size=1, max_size=40), st.randoms())
def test_the_order_of_the_faces_does_not_matter_to_the_last_bit(photos: list[int], random) -> None:
    rows, number = made_up(len(photos), 0), np.array(photos, np.int64)
    order = np.array(random.sample(range(len(photos)), len(photos)))
    whole = nearness(rows, COHORT, number)
    np.testing.assert_array_equal(nearness(rows[order], COHORT, number[order]), whole[order])


def test_a_face_with_a_photo_of_its_own_knows_the_cohort_alone() -> None:
    rows = made_up(5, 3)
    np.testing.assert_array_equal(nearness(rows, COHORT, np.full(5, ANY_PHOTO)), nearness(rows, COHORT))
    np.testing.assert_array_equal(nearness(rows, COHORT, np.arange(5)), nearness(rows, COHORT))


def test_what_two_faces_share_with_all_of_their_photos_speaks_for_nobody() -> None:
    """Two blurred photos of ten strangers each, who look alike for the blur."""
    rng, known = np.random.default_rng(1), calibration_of("casia-webface")
    size = known.mean.size if known.basis is None else known.basis.shape[1]
    rows = 1.2 * rng.normal(size=size) + rng.normal(size=(20, size))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    one = np.ones(100)

    def evidence(photos: np.ndarray | None) -> np.ndarray:
        """Of all pairs of one face of either photo."""
        score_normalised, model = known.score_normalised(rows, photos)
        left, right = np.repeat(score_normalised[:10], 10, axis=0), np.tile(score_normalised[10:], (10, 1))
        return model.evidence(Side.of(left, one), Side.of(right, one), dots(left, right))

    photos = np.repeat(np.arange(2), 10)
    assert np.median(evidence(None)) > known.evidence_at(1e-5) > np.median(evidence(photos)) + 5
