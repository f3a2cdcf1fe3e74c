"""A result is better by more than chance, or it is not."""

from __future__ import annotations

import numpy as np
import pytest
from learnable_index import learnable_vectors

from photoclust.learn.judgement import Judgement, equal_error_distance, judge
from photoclust.learn.pairs import PairTest
from photoclust.types import Floats

PERSON = np.repeat(np.arange(40), 4)


def judged(before: Floats, after: Floats) -> Judgement:
    thresholds = equal_error_distance(before, PERSON), equal_error_distance(after, PERSON)
    return judge((before, after), PERSON, thresholds)


def test_clearer_vectors_are_better() -> None:
    found = judged(learnable_vectors(40, 4, nuisance=0.6), learnable_vectors(40, 4, nuisance=0.2))
    assert found.is_better
    for measure in (found.tar, found.bcubed):
        assert 0 < measure.low <= measure.difference <= measure.high


def test_worse_and_equal_vectors_are_not() -> None:
    blurred, clear = learnable_vectors(40, 4, nuisance=0.6), learnable_vectors(40, 4, nuisance=0.2)
    assert not judged(clear, blurred).is_better
    same = judged(blurred, blurred)
    assert (same.is_better, same.tar.low, same.tar.high) == (False, 0, 0)


def test_chance_is_told_from_gain() -> None:
    """Of vectors that differ by chance alone few are judged better: both intervals must lie above 0."""
    better = [
        judged(*(learnable_vectors(40, 4, seed, 0.4) for seed in (2 * one, 2 * one + 1))).is_better
        for one in range(8)
    ]
    assert sum(better) <= 1


def test_it_is_written_and_read() -> None:
    found = judged(learnable_vectors(40, 4, nuisance=0.6), learnable_vectors(40, 4, nuisance=0.2))
    assert Judgement.of(found.to_dict()) == found


def test_tar_is_the_share_of_genuine_pairs_above_the_threshold() -> None:
    vectors, test = learnable_vectors(40, 4), PairTest.of(PERSON)
    likeness = vectors @ vectors.T
    left, right = np.triu_indices(len(PERSON), 1)
    same = PERSON[left] == PERSON[right]
    threshold = np.quantile(likeness[left, right][~same], 1 - test.false_match_rate)
    expected = (likeness[left, right][same] > threshold).mean()  # equally many photos each
    assert test.figures(vectors).tar == pytest.approx(expected, abs=1e-6)
