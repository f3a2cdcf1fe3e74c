"""Scores from the contingency table equal their definitions, computed face by face."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import normalized_mutual_info_score

from photoclust.evaluate.scores import bcubed_scores, normalized_mutual_information, pairwise_scores

groupings = st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), max_size=30)


def singletons(labels: list[int]) -> list[int]:
    return [label if label >= 0 else 100 + i for i, label in enumerate(labels)]


def split(rows: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [t for t, _ in rows], [p for _, p in rows]


@given(groupings)
def test_pairwise(rows: list[tuple[int, int]]) -> None:
    truth, predicted = split(rows)
    t, p = singletons(truth), singletons(predicted)
    same = [(t[i] == t[j], p[i] == p[j]) for i, j in combinations(range(len(t)), 2)]
    both = sum(a and b for a, b in same)
    scores = pairwise_scores(truth, predicted)
    grouped, genuine = sum(b for _, b in same), sum(a for a, _ in same)
    assert scores.precision == pytest.approx(both / grouped if grouped else 1)
    assert scores.recall == pytest.approx(both / genuine if genuine else 1)


@given(groupings)
def test_bcubed(rows: list[tuple[int, int]]) -> None:
    truth, predicted = split(rows)
    t, p = singletons(truth), singletons(predicted)
    n = len(t)
    precision = recall = 0.0
    for i in range(n):
        shared = sum(t[i] == t[j] and p[i] == p[j] for j in range(n))
        precision += shared / p.count(p[i]) / n
        recall += shared / t.count(t[i]) / n
    scores = bcubed_scores(truth, predicted)
    assert scores.precision == pytest.approx(precision if n else 1)
    assert scores.recall == pytest.approx(recall if n else 1)


@given(groupings)
def test_normalized_mutual_information(rows: list[tuple[int, int]]) -> None:
    truth, predicted = split(rows)
    ours = normalized_mutual_information(truth, predicted)
    theirs = normalized_mutual_info_score(singletons(truth), singletons(predicted)) if rows else 1
    assert ours == pytest.approx(theirs, abs=1e-9)


@given(groupings, st.randoms())
def test_scores_do_not_depend_on_the_order_of_faces(rows: list[tuple[int, int]], random) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)
    for score in (pairwise_scores, bcubed_scores):
        one, other = score(*split(rows)), score(*split(shuffled))
        assert one.precision == pytest.approx(other.precision)
        assert one.recall == pytest.approx(other.recall)


@given(st.lists(st.integers(-1, 5), max_size=30))
def test_a_grouping_agrees_with_itself(labels: list[int]) -> None:
    assert pairwise_scores(labels, labels).f == 1
    assert bcubed_scores(labels, labels).f == pytest.approx(1)
