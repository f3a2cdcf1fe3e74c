"""Scores by how near the nearest other person is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.evaluate.nearness import TENTHS, by_nearness
from photoclust.evaluate.scores import bcubed_scores

APART = 18  # people, each in a direction of their own; two more lie near one another


def faces() -> tuple[np.ndarray, np.ndarray]:
    """Two faces of each of twenty people, of whom the last two are alike."""
    rows = np.eye(APART + 2, dtype=np.float32)
    rows[-1] = 0.8 * rows[-2] + 0.6 * rows[-1]
    truth = np.repeat(np.arange(APART + 2), 2)
    return rows[truth], truth


def test_who_are_alike_come_last_and_are_scored_by_themselves() -> None:
    rows, truth = faces()
    group = np.minimum(truth, APART)  # the two are taken for one
    *others, last = by_nearness(rows, truth, group)
    assert (last.people, last.faces, last.precision, last.recall) == (2, 4, 0.5, 1)
    assert last.pairwise_precision == pytest.approx(1 / 3)
    assert last.low == last.high == pytest.approx(0.8)
    assert all(one.precision == one.recall == one.pairwise_precision == 1 for one in others)
    assert sum(one.people for one in others) == APART


def test_a_face_in_no_group_is_alone() -> None:
    rows, truth = faces()
    for one in by_nearness(rows, truth, np.full(len(truth), -1)):
        assert (one.precision, one.recall, one.pairwise_precision) == (1, 0.5, 1)


def test_fewer_people_than_tenths_have_none() -> None:
    rows, truth = faces()
    few = truth < TENTHS - 1
    assert by_nearness(rows[few], truth[few], truth[few]) == ()
    assert by_nearness(rows[:0], truth[:0], truth[:0]) == ()


@given(st.lists(st.integers(-1, 6), min_size=40, max_size=40), st.integers(0, 99))
def test_all_tenths_together_are_the_whole(groups: list[int], seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(40, 8)).astype(np.float32)
    truth, group = np.repeat(np.arange(20), 2), np.array(groups)
    tenths = by_nearness(rows, truth, group)
    assert sum(one.people for one in tenths) == 20
    weight = [one.faces for one in tenths]
    assert sum(weight) == 40
    whole = bcubed_scores(truth, group)
    assert np.average([one.precision for one in tenths], weights=weight) == pytest.approx(whole.precision)
    assert np.average([one.recall for one in tenths], weights=weight) == pytest.approx(whole.recall)
    assert all(a.high <= b.low for a, b in pairwise(tenths))
