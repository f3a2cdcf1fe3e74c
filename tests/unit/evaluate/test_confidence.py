from __future__ import annotations

from photoclust.evaluate.confidence import check_confidence

TRUTH = ["Ada", "Ada", "Bob", "Bob", "Cy", "Cy", "Cy", "Dee"]
GROUPS = ["a", "a", "a", "b", "b", "c", "", "a"]
SAID = [0.99, 0.97, 0.96, 0.999, 0.8, 0.95, 0.0, 1.0]


def test_faces_said_to_be_sure_that_are_wrong_come_surest_first() -> None:
    check = check_confidence(TRUTH, GROUPS, SAID, {})
    wrong = [(one.row, one.person, one.mostly, one.others) for one in check.sure_but_wrong]
    # in `a` two of four are Ada, which is not more than half; `b` is half Bob and half Cy
    assert wrong == [
        (3, "Bob", "", ("Cy",)),
        (0, "Ada", "", ("Bob", "Dee")),
        (1, "Ada", "", ("Bob", "Dee")),
        (2, "Bob", "", ("Ada", "Dee")),
    ]


def test_whom_a_wrong_face_is_among_is_named() -> None:
    check = check_confidence(["Ada", "Ada", "Bob"], ["a"] * 3, [0.99, 0.97, 0.96], {})
    assert [(one.row, one.mostly) for one in check.sure_but_wrong] == [(2, "Ada")]


def test_what_cannot_be_judged_is_counted_apart() -> None:
    check = check_confidence(TRUTH, GROUPS, SAID, {})
    assert (check.unjudged, check.decided) == (1, 1)  # Cy by himself in `c`; Dee where a person put her
    assert check.faces.overall is not None
    assert check.faces.overall.count == 5


def test_people_are_held_against_the_share_expected_of_them() -> None:
    truth = ["Ada", "Ada", "Ada", "Bob", "Bob", "Bob", "Cy", "Cy"]
    groups = ["a", "a", "a", "a", "b", "b", "c", "c"]
    expected = {"a": 0.9, "b": 0.99, "c": None, "elsewhere": 0.5}
    check = check_confidence(truth, groups, [0.9] * 8, expected)
    found = [(one.low, one.count, one.said, one.right) for one in check.people.bins]
    assert found == [(0.9, 1, 0.9, 0.75), (0.99, 1, 0.99, 1.0)]


def test_nothing_to_say() -> None:
    check = check_confidence(["Ada", "Bob"], ["", "x"], [0.0, 0.9], {"x": 0.9})
    assert check.faces.overall is None
    assert check.people.overall is None
    assert check.unjudged == 1
