from __future__ import annotations

import pytest

from photoclust.evaluate.evaluation import evaluate_groups


def test_worst_offenders_come_first_with_their_faces() -> None:
    truth = ["Ada"] * 4 + ["Bob"] * 3 + ["Cy"]
    predicted = ["g1", "g1", "g2", "g2", "g2", "g3", "g3", "g3"]
    evaluation = evaluate_groups(truth, predicted)
    assert evaluation.split == 2
    assert evaluation.mixed == 2
    first = evaluation.worst[0]
    assert (first.kind, first.name, first.wrong_pairs) == ("split", "Ada", 4)
    assert [part.rows for part in first.parts] == [(0, 1), (2, 3)]
    assert {one.name for one in evaluation.worst if one.kind == "mixed"} == {"g2", "g3"}


def test_faces_in_no_group_count_as_groups_of_their_own() -> None:
    evaluation = evaluate_groups(["Ada", "Ada", "Bob"], ["", "", ""])
    assert evaluation.alone == 3
    assert evaluation.groups == 0
    assert evaluation.pairwise.recall == 0
    assert evaluation.mixed == 0
    [ada] = evaluation.worst
    assert [(part.name, part.rows) for part in ada.parts] == [("", (0,)), ("", (1,))]


def test_a_perfect_grouping_offends_nobody() -> None:
    evaluation = evaluate_groups(["Ada", "Ada", "Bob"], ["x", "x", "y"])
    assert evaluation.worst == ()
    assert evaluation.to_dict()["pairwise"]["f"] == pytest.approx(1)


def test_a_label_of_a_megabyte_costs_a_megabyte() -> None:
    truth = ["x" * 1_000_000] + [str(i % 7) for i in range(20_000)]  # as a numpy array of text: 80 GB
    assert evaluate_groups(truth, truth).pairwise.f == 1
