"""Suggestions: the mistake that matters most comes first, and what is settled is not asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.hubness import ANY_PHOTO
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.identity.suggest import DOUBT, JOIN, MERGE, Grouped, suggestions

CALIBRATION = calibration_of("some other model", 64)


@pytest.fixture
def grouped() -> Grouped:
    """Four people of eight faces; half of the first is a fifth, and one face of the second is nobody's."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(4), 8)
    rows = rng.normal(size=(32, 64)) * 0.6 + rng.normal(size=(4, 64))[group]
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    group[4:8], group[15] = 4, NOBODY
    sure = np.ones(32, np.float32)
    alone = np.full(32, ANY_PHOTO)
    return Grouped(rows, group, sure, np.ones(32, bool), Exclusions.none(), alone)


def test_the_split_person_comes_first_and_the_lost_face_next(grouped: Grouped) -> None:
    first, second, *_ = suggestions(grouped, CALIBRATION, 10)
    assert (first.kind, first.group, first.other, first.faces) == (MERGE, 0, 4, 4)
    assert (second.kind, second.group, second.rows, second.faces) == (JOIN, 1, (15,), 1)
    assert first.chance > 0.5 < second.chance


def test_the_greatest_gain_comes_first_and_no_more_than_asked_for(grouped: Grouped) -> None:
    found = suggestions(grouped, CALIBRATION, 100)
    gains = [one.chance * one.faces for one in found]
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
    assert doubts[2].gain == pytest.approx(1.7)
    assert doubts[3].chance == pytest.approx(0.2)


def test_nobody_is_no_question() -> None:
    nothing = np.zeros(0, np.int64)
    empty = Grouped(
        np.zeros((0, 64), np.float32),
        nothing,
        np.zeros(0, np.float32),
        np.zeros(0, bool),
        Exclusions.none(),
        nothing,
    )
    assert suggestions(empty, CALIBRATION, 5) == []


def test_of_many_doubtful_faces_the_most_doubtful_are_asked_about_first(grouped: Grouped) -> None:
    confidence = np.linspace(0.01, 0.4, 32, dtype=np.float32)
    one_person = replace(grouped, group=np.zeros(32, np.int64), confidence=confidence)
    (doubt,) = (one for one in suggestions(one_person, CALIBRATION, 100) if one.kind == DOUBT)
    assert doubt.rows == tuple(range(20))
    assert doubt.faces == 20
