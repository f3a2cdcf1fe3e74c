from __future__ import annotations

import pytest

from photoclust.evaluate.scores import (
    bcubed_scores,
    contingency,
    mixed_groups,
    normalized_mutual_information,
    pairwise_scores,
    split_persons,
)


def test_a_worked_example() -> None:
    truth, predicted = [0, 0, 0, 1, 1], [0, 0, 1, 1, 1]
    assert pairwise_scores(truth, predicted).precision == pytest.approx(2 / 4)
    assert pairwise_scores(truth, predicted).recall == pytest.approx(2 / 4)
    assert bcubed_scores(truth, predicted).precision == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)


def test_faces_left_alone_count_as_their_own_groups() -> None:
    assert pairwise_scores([0, 0, 1], [-1, -1, -1]).precision == 1
    assert pairwise_scores([0, 0, 1], [-1, -1, -1]).recall == 0
    assert bcubed_scores([0, 0], [-1, -1]).recall == pytest.approx(0.5)


def test_no_faces_is_a_perfect_grouping() -> None:
    assert pairwise_scores([], []).f == 1
    assert bcubed_scores([], []).f == 1
    assert normalized_mutual_information([], []) == 1


def test_split_persons_and_mixed_groups() -> None:
    table = contingency([0, 0, 1, 1, 2], [0, 1, 1, 1, 2])
    assert split_persons(table).tolist() == [0]
    assert mixed_groups(table).tolist() == [1]


def test_labels_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 true labels for 1"):
        pairwise_scores([0, 0], [0])
