"""Who a face that is nobody's may be: the group that most speaks for it, unless they are kept apart."""

from __future__ import annotations

import numpy as np
import pytest

from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.graph.neighbours import neighbours
from photoclust.people.identity.likeliest import Likeliest, likeliest
from photoclust.people.identity.near import Grouped, Near
from photoclust.people.identity.suggest import suggestions
from photoclust.types import Floats, Rows

CALIBRATION = calibration_of("some other model", 64)
LOST, STRANGER = 15, 24  # a face of the second of three people, and one that is like nobody


@pytest.fixture
def score_normalised() -> Floats:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(25, 64)) * 0.6
    rows[:STRANGER] += rng.normal(size=(3, 64))[np.repeat(np.arange(3), 8)]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return CALIBRATION.score_normalised(rows.astype(np.float32))[0]


@pytest.fixture
def group() -> Rows:
    group = np.r_[np.repeat(np.arange(3), 8), NOBODY]
    group[LOST] = NOBODY
    return group


def found(
    score_normalised: Floats, group: Rows, exclusions: Exclusions, k: int = 24, clear: bool = True
) -> Likeliest:
    graph, sure = neighbours(score_normalised[:, :-1], k), np.ones(25, np.float32)
    grouped = Grouped(score_normalised, graph, group, sure, np.full(25, clear), exclusions)
    return likeliest(Near.of(grouped, CALIBRATION), 25)


def test_a_lost_face_is_its_person_and_a_stranger_hardly_anybody(
    score_normalised: Floats, group: Rows
) -> None:
    who = found(score_normalised, group, Exclusions.none())
    assert who.group[LOST] == 1
    assert who.chance[LOST] > 0.5
    assert who.chance[STRANGER] < 0.01


def test_a_face_of_somebody_has_none(score_normalised: Floats, group: Rows) -> None:
    who = found(score_normalised, group, Exclusions.none())
    assert set(who.group[group != NOBODY].tolist()) == {NOBODY}
    assert not who.chance[group != NOBODY].any()


def test_nobody_is_in_a_photo_twice(score_normalised: Floats, group: Rows) -> None:
    who = found(score_normalised, group, Exclusions.once(np.array([LOST, 8]), np.zeros(2, np.int64)))
    assert who.group[LOST] != 1
    assert who.chance[LOST] < 0.01


def test_where_everybody_or_nobody_is_somebody_there_is_none(score_normalised: Floats, group: Rows) -> None:
    for same in (np.full(25, NOBODY), np.zeros(25, np.int64)):
        who = found(score_normalised, same, Exclusions.none())
        assert set(who.group.tolist()) == {NOBODY}
        assert not who.chance.any()


def test_a_face_far_from_everybody_is_like_nobody(score_normalised: Floats, group: Rows) -> None:
    alone = np.where(group == 1, NOBODY, np.minimum(group, 1))
    who = found(score_normalised, alone, Exclusions.none(), k=3)
    assert who.group[LOST] == NOBODY
    assert who.chance[LOST] == 0


def test_a_face_too_poor_to_judge_has_none(score_normalised: Floats, group: Rows) -> None:
    who = found(score_normalised, group, Exclusions.none(), clear=False)
    assert set(who.group.tolist()) == {NOBODY}


def test_it_is_the_chance_that_a_question_names(score_normalised: Floats, group: Rows) -> None:
    who = found(score_normalised, group, Exclusions.none())
    graph, sure = neighbours(score_normalised[:, :-1], 24), np.ones(25, np.float32)
    grouped = Grouped(score_normalised, graph, group, sure, np.ones(25, bool), Exclusions.none())
    asked = {one.rows: one for one in suggestions(grouped, CALIBRATION, 100) if one.group == 1}
    assert asked[(LOST,)].chance == pytest.approx(who.chance[LOST])
