"""Who a face that is nobody's may be: the group that most speaks for it, unless they are kept apart."""

from __future__ import annotations

import numpy as np
import pytest

from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.graph.neighbours import neighbours
from photoclust.people.identity.facts import ScoreNormalised
from photoclust.people.identity.likeliest import Likeliest, likeliest
from photoclust.types import Rows

CALIBRATION = calibration_of("some other model", 64)
LOST, STRANGER = 15, 24  # a face of the second of three people, and one that is like nobody


@pytest.fixture
def score_normalised() -> ScoreNormalised:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(25, 64)) * 0.6
    rows[:STRANGER] += rng.normal(size=(3, 64))[np.repeat(np.arange(3), 8)]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return CALIBRATION.score_normalised(rows.astype(np.float32))


@pytest.fixture
def group() -> Rows:
    group = np.r_[np.repeat(np.arange(3), 8), NOBODY]
    group[LOST] = NOBODY
    return group


def found(score_normalised: ScoreNormalised, group: Rows, exclusions: Exclusions, k: int = 24) -> Likeliest:
    return likeliest(score_normalised, neighbours(score_normalised[0][:, :-1], k), group, exclusions)


def test_a_lost_face_is_its_person_and_a_stranger_hardly_anybody(
    score_normalised: ScoreNormalised, group: Rows
) -> None:
    who = found(score_normalised, group, Exclusions.none())
    assert who.group[LOST] == 1
    assert who.chance[LOST] > 0.5
    assert who.chance[STRANGER] < 0.01


def test_a_face_of_somebody_has_none(score_normalised: ScoreNormalised, group: Rows) -> None:
    who = found(score_normalised, group, Exclusions.none())
    assert set(who.group[group != NOBODY].tolist()) == {NOBODY}
    assert not who.chance[group != NOBODY].any()


def test_nobody_is_in_a_photo_twice(score_normalised: ScoreNormalised, group: Rows) -> None:
    who = found(score_normalised, group, Exclusions.once(np.array([LOST, 8]), np.zeros(2, np.int64)))
    assert who.group[LOST] != 1
    assert who.chance[LOST] < 0.01


def test_where_everybody_or_nobody_is_somebody_there_is_none(
    score_normalised: ScoreNormalised, group: Rows
) -> None:
    for same in (np.full(25, NOBODY), np.zeros(25, np.int64)):
        who = found(score_normalised, same, Exclusions.none())
        assert set(who.group.tolist()) == {NOBODY}
        assert not who.chance.any()


def test_a_face_far_from_everybody_is_like_nobody(score_normalised: ScoreNormalised, group: Rows) -> None:
    alone = np.where(group == 1, NOBODY, group)
    who = found(score_normalised, alone, Exclusions.none(), k=3)
    assert who.group[LOST] == NOBODY
    assert who.chance[LOST] == 0
