"""Who is near whom, in any order of faces; the chance of being one person, in view of who else is near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.graph.neighbours import neighbours
from photoclust.people.identity.facts import facts_of
from photoclust.people.identity.likeliest import likeliest
from photoclust.people.identity.near import Grouped, Near, Weighed

CALIBRATION = calibration_of("some other model", 64)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def grouped(rows: np.ndarray, group: np.ndarray, k: int = 8) -> Grouped:
    scored, _ = CALIBRATION.score_normalised(rows)
    sure, clear = np.ones(len(rows), np.float32), np.ones(len(rows), bool)
    return Grouped(scored, neighbours(rows, k), group, sure, clear, Exclusions.none())


@pytest.fixture
def people() -> Grouped:
    """Four people of eight faces, the first in two groups; the last face is nobody's."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(4), 8)
    rows = unit(rng.normal(size=(32, 64)) * 0.6 + rng.normal(size=(4, 64))[group])
    group[4:8], group[31] = 4, NOBODY
    return grouped(rows, group)


def test_parts_of_one_person_are_near_and_likely_one(people: Grouped) -> None:
    near = Near.of(people, CALIBRATION)
    pairs = near.weighed((near.left == 0) & (near.right == 4))
    assert pairs.chance[0] > 0.9
    others = near.weighed((near.left != 0) & (near.right < near.people))
    assert (others.chance < 0.1).all()


def test_a_large_group_whose_neighbours_are_its_own_is_near_others(people: Grouped) -> None:
    near = Near.of(replace(people, graph=neighbours(people.score_normalised[:, :-1], 1)), CALIBRATION)
    assert set(range(near.people)) <= {*near.left.tolist(), *near.right.tolist()}


def test_what_is_kept_apart_is_not_near(people: Grouped) -> None:
    apart = Exclusions.once(np.array([0, 4]), np.zeros(2, np.int64))
    near = Near.of(replace(people, exclusions=apart), CALIBRATION)
    assert not ((near.left == 0) & (near.right == 4)).any()


def test_faces_of_nobody_that_are_not_clear_are_near_nobody(people: Grouped) -> None:
    clear = np.ones(32, bool)
    clear[31] = False
    near = Near.of(replace(people, clear=clear), CALIBRATION)
    assert len(near.alone) == 0
    assert near.right.max() < near.people
    assert near.group[31] == NOBODY


def test_the_more_others_are_near_the_smaller_the_chance() -> None:
    rng = np.random.default_rng(1)
    own, crowd = rng.normal(size=64), rng.normal(size=(12, 64))
    face = unit(own + 0.75 * rng.normal(size=(5, 64)))
    chances = []
    for nearness in (0.0, 1.0):
        rows = np.concatenate([face, unit(crowd + nearness * own)])
        group = np.r_[np.zeros(4, np.int64), np.full(13, NOBODY)]
        near = Near.of(grouped(rows, group, 16), CALIBRATION)
        pairs = near.weighed((near.left == 0) & (near.alone[near.right - 1] == 4))
        chances.append(float(pairs.chance[0]))
        assert pairs.evidence[0] == pytest.approx(float(near.weigh(np.array([0]), np.array([1])).evidence[0]))
    assert 1 - chances[1] > 10 * (1 - chances[0])


def test_chances_do_not_follow_from_the_order_of_faces(people: Grouped) -> None:
    order = np.random.default_rng(2).permutation(32)
    rows = people.score_normalised[:, :-1]
    near = Near.of(people, CALIBRATION)
    again = Near.of(grouped(rows[order], people.group[order]), CALIBRATION)
    assert (near.left.tolist(), near.right.tolist()) == (again.left.tolist(), again.right.tolist())
    every = np.ones(len(near.left), bool)
    assert near.weighed(every).chance == pytest.approx(again.weighed(every).chance, abs=1e-6)


def test_chances_rise_with_what_speaks_for_them(people: Grouped) -> None:
    near = Near.of(people, CALIBRATION)
    one = near.weighed(np.arange(len(near.left)) == 0)
    pairs = Weighed(*(np.repeat(getattr(one, name), 52) for name in Weighed.__dataclass_fields__))
    rising = np.r_[-1e6, np.linspace(-20, 40, 50), 1e6]
    for two_faces in (True, False):
        pairs = replace(pairs, two_faces=np.full(52, two_faces))
        for sign in ("evidence", "lead", "nearer"):
            chance = replace(pairs, **{sign: rising}).chance
            assert (np.diff(chance) >= 0).all()
            if sign == "nearer" and two_faces:
                assert np.ptp(chance) == 0, "no face of two is nearer than another"
            else:
                assert (chance[0], chance[-1]) == pytest.approx((0, 1))
        assert (np.diff(replace(pairs, crowding=rising).chance) <= 0).all()


def test_uncounted_faces_do_not_count_beside_others(people: Grouped) -> None:
    near = Near.of(replace(people, uncounted=np.array([8, *range(16, 24)])), CALIBRATION)
    without = people.group.copy()
    without[8] = NOBODY
    alone = Near.of(replace(people, group=without), CALIBRATION)
    assert (near.count[1], near.size[1]) == (7, 8)
    assert near.count[2] == 8, "there are no others"
    one, other = (some.weigh(np.array([1]), np.array([2])) for some in (near, alone))
    assert one.evidence == pytest.approx(other.evidence, abs=1e-3)


def test_groups_looked_at_a_few_at_once_are_the_same(
    people: Grouped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is near, the facts about each and who the face of nobody may be, to the last bit."""

    def found() -> list[np.ndarray]:
        near = Near.of(people, CALIBRATION)
        facts, guess = facts_of(people, near), likeliest(near, 32)
        return [near.left, near.right, *vars(facts).values(), guess.group, guess.chance]

    at_once = found()
    for name in ("near._FACES", "near._PAIRS", "facts._FACES"):
        monkeypatch.setattr(f"photoclust.people.identity.{name}", 3)
    monkeypatch.setattr("photoclust.people.clustering.context._AT_ONCE", 3)
    for one, other in zip(at_once, found(), strict=True):
        np.testing.assert_array_equal(one, other)
