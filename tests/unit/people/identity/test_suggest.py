"""Suggestions: the mistake that matters most comes first, and what is settled is not asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from photoclust.evaluate.scores import bcubed_scores
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.hubness import ANY_PHOTO
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.graph.neighbours import neighbours
from photoclust.people.identity.near import Grouped
from photoclust.people.identity.suggest import DOUBT, JOIN, MERGE, PAIR, put_right, suggestions

CALIBRATION = calibration_of("some other model", 64)


@pytest.fixture
def grouped() -> Grouped:
    """Four people of eight faces; half of the first is a fifth, and one face of the second is nobody's."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(4), 8)
    rows = rng.normal(size=(32, 64)) * 0.6 + rng.normal(size=(4, 64))[group]
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    group[4:8], group[15] = 4, NOBODY
    scored, _ = CALIBRATION.score_normalised(rows, np.full(32, ANY_PHOTO))
    sure, clear = np.ones(32, np.float32), np.ones(32, bool)
    return Grouped(scored, neighbours(rows, 31), group, sure, clear, Exclusions.none())


def test_the_split_person_comes_first_and_the_lost_face_next(grouped: Grouped) -> None:
    first, second, *_ = suggestions(grouped, CALIBRATION, 10)
    assert (first.kind, first.group, first.other, first.faces) == (MERGE, 0, 4, 4)
    assert (second.kind, second.group, second.rows, second.faces) == (JOIN, 1, (15,), 1)
    assert first.chance > 0.5 < second.chance


def test_the_greatest_gain_comes_first_and_no_more_than_asked_for(grouped: Grouped) -> None:
    found = suggestions(grouped, CALIBRATION, 100)
    gains = [one.gain for one in found]
    assert gains == sorted(gains, reverse=True)
    assert suggestions(grouped, CALIBRATION, 3) == found[:3]


def test_what_is_kept_apart_is_not_asked(grouped: Grouped) -> None:
    apart = Exclusions.once(np.array([0, 4]), np.zeros(2, np.int64))
    found = suggestions(replace(grouped, exclusions=apart), CALIBRATION, 100)
    assert (0, 4) not in {(one.group, one.other) for one in found if one.kind == MERGE}


def test_a_face_too_poor_to_judge_is_not_asked_about(grouped: Grouped) -> None:
    clear = grouped.clear.copy()
    clear[15] = False
    found = suggestions(replace(grouped, clear=clear), CALIBRATION, 100)
    assert JOIN not in {one.kind for one in found}


def test_the_doubtful_faces_of_a_person_are_one_question(grouped: Grouped) -> None:
    confidence = grouped.confidence.copy()
    confidence[[16, 17, 18, 30]] = 0.2, 0.1, 0.9, 0.8
    found = suggestions(replace(grouped, confidence=confidence), CALIBRATION, 100)
    doubts = {one.group: one for one in found if one.kind == DOUBT}
    assert {group: one.rows for group, one in doubts.items()} == {2: (17, 16), 3: (30,)}
    assert doubts[2].gain == pytest.approx(1.7 * (1 - 2 / 8))
    assert doubts[3].chance == pytest.approx(0.2)


def test_nobody_is_no_question() -> None:
    nothing = np.zeros(0, np.int64)
    scored, sure = np.zeros((0, 65), np.float32), np.zeros(0, np.float32)
    graph = neighbours(scored[:, :-1], 8)
    empty = Grouped(scored, graph, nothing, sure, np.zeros(0, bool), Exclusions.none())
    assert suggestions(empty, CALIBRATION, 5) == []


def test_of_many_doubtful_faces_the_most_doubtful_are_asked_about_first(grouped: Grouped) -> None:
    confidence = np.linspace(0.01, 0.4, 32, dtype=np.float32)
    one_person = replace(grouped, group=np.zeros(32, np.int64), confidence=confidence)
    (doubt,) = (one for one in suggestions(one_person, CALIBRATION, 100) if one.kind == DOUBT)
    assert doubt.rows == tuple(range(20))
    assert doubt.faces == 20


def test_two_faces_of_nobody_that_may_be_one_person_are_asked_about(grouped: Grouped) -> None:
    group = np.where(grouped.group == 3, NOBODY, grouped.group)
    group[group == 4] = 3
    asked = suggestions(replace(grouped, group=group), CALIBRATION, 100)
    pairs = [one for one in asked if one.kind == PAIR]
    assert {row // 8 for row in pairs[0].rows} == {3}
    assert (pairs[0].group, pairs[0].other, pairs[0].faces, pairs[0].among) == (NOBODY, NOBODY, 1, 2)
    assert pairs[0].chance > 0.9
    assert all(one.chance < 0.5 for one in pairs if {row // 8 for row in one.rows} != {3})


def test_what_is_put_right_is_half_of_what_bcubed_gains() -> None:
    truth, apart = np.zeros(9, int), np.repeat([0, 1], [7, 2])
    recall = [bcubed_scores(truth, found).recall for found in (apart, truth)]
    assert put_right(np.array(2), np.array(9)) == pytest.approx(len(truth) * (recall[1] - recall[0]) / 2)
