"""What holds of reliability whatever the faces: nothing lost, nothing that hangs on their order."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.evaluate.confidence import ConfidenceCheck, check_confidence

PEOPLE, GROUPS = ["Ada", "Bob", "Cy"], ["", "a", "b", "c"]
faces = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(GROUPS), st.floats(0, 1))
collections = st.lists(faces, max_size=40)
Face = tuple[str, str, float]


def check(rows: list[Face], expected: float = 0.9) -> ConfidenceCheck:
    truth, groups, said = [[row[i] for row in rows] for i in range(3)]
    return check_confidence(truth, groups, said, dict.fromkeys(GROUPS, expected))


@given(collections)
def test_every_labelled_member_is_counted_once(rows: list[Face]) -> None:
    found = check(rows)
    binned = sum(one.count for one in found.faces.bins)
    assert binned + found.unjudged + found.decided == sum(group != "" for _, group, _ in rows)
    assert binned == (found.faces.overall.count if found.faces.overall else 0)


@given(collections)
def test_it_is_what_the_definitions_say_face_by_face(rows: list[Face]) -> None:
    judged = []
    for person, group, said in rows:
        own = [other for other, theirs, _ in rows if theirs == group]
        if group and len(own) > 1 and said < 1:
            judged.append((said, Fraction(own.count(person), len(own)) > Fraction(1, 2)))
    found = check(rows)
    assert (found.faces.overall is None) == (not judged)
    if found.faces.overall is not None:
        assert found.faces.overall.right == pytest.approx(sum(right for _, right in judged) / len(judged))
        assert found.faces.overall.said == pytest.approx(sum(said for said, _ in judged) / len(judged))
        assert found.faces.brier == pytest.approx(
            sum((said - right) ** 2 for said, right in judged) / len(judged)
        )
    assert len(found.sure_but_wrong) == sum(said >= 0.95 and not right for said, right in judged)


@given(collections, st.randoms())
def test_the_order_of_faces_does_not_matter(rows: list[Face], random) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)
    one, other = check(rows), check(shuffled)
    for things in ("faces", "people"):
        before, after = getattr(one, things), getattr(other, things)
        assert [(b.low, b.count, b.verdict) for b in before.bins] == [
            (b.low, b.count, b.verdict) for b in after.bins
        ]
        assert before.calibration_error == pytest.approx(after.calibration_error)
        assert before.brier == pytest.approx(after.brier)
    wrong = [
        sorted((rows[w.row], w.mostly, w.others) for w in found.sure_but_wrong)
        for found, rows in ((one, rows), (other, shuffled))
    ]
    assert wrong[0] == wrong[1]


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.floats(0, 1)), max_size=40))
def test_a_perfect_grouping_is_all_right(rows: list[tuple[str, float]]) -> None:
    found = check([(person, person, said) for person, said in rows])
    assert all(one.right == 1 for one in (*found.faces.bins, *found.people.bins))
    assert found.sure_but_wrong == ()


@given(collections)
def test_shares_lie_in_their_intervals_and_said_in_their_bins(rows: list[Face]) -> None:
    found = check(rows)
    for one in (*found.faces.bins, *found.people.bins):
        assert 0 <= one.right_low <= one.right <= one.right_high <= 1
        assert one.low - 1e-9 <= one.said <= one.high + 1e-9  # a mean is rounded
        assert one.count > 0
    for held in (found.faces, found.people):
        assert 0 <= held.calibration_error <= 1
        assert 0 <= held.brier <= 1
