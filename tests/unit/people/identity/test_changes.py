from __future__ import annotations

import pytest

from photoclust.people.identity.changes import Grouping, changes, named_churn


def grouping(**people: str) -> Grouping:
    """Faces of each person as letters; ``nobody`` is nobody."""
    pairs = [(face, person) for person, faces in people.items() for face in faces]
    return Grouping({face: "" if person == "nobody" else person for face, person in pairs})


def named(one: Grouping, **names: str) -> Grouping:
    return Grouping(one.people, names)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (grouping(), grouping(P="ab"), [("new", "P", 2, "")]),
        (grouping(P="ab", nobody="c"), grouping(P="abcd"), [("grown", "P", 2, "")]),
        (grouping(P="abc"), grouping(P="a", nobody="b"), [("shrunk", "P", 2, "")]),
        (grouping(P="abc"), grouping(P="ab", Q="c"), [("new", "Q", 1, ""), ("split", "P", 1, "Q")]),
        (grouping(P="abc", Q="de"), grouping(P="abcde"), [("merged", "Q", 2, "P")]),
        (grouping(P="abc", Q="de"), grouping(P="ab", Q="cde"), [("moved", "P", 1, "Q")]),
        (grouping(P="abc"), grouping(nobody="abc"), [("shrunk", "P", 3, ""), ("gone", "P", 3, "")]),
        (
            grouping(P="abcd", Q="ef"),
            grouping(Q="efd", nobody="abc"),
            [("shrunk", "P", 3, ""), ("moved", "P", 1, "Q"), ("gone", "P", 4, "")],
        ),
        (grouping(P="ab"), grouping(P="ab"), []),
    ],
)
def test_every_kind_of_change(before: Grouping, after: Grouping, expected: list[object]) -> None:
    found = [(c.kind, c.person_id, c.faces, c.other_id) for c in changes(before, after)]
    assert found == expected


def test_a_change_says_which_faces_and_how_many_there_were() -> None:
    (change,) = changes(grouping(P="abc", Q="de"), grouping(P="ab", Q="cde"))
    assert (change.face_ids, change.before, change.after) == (("c",), 3, 2)


def test_people_with_a_name_come_first() -> None:
    before = named(grouping(P="ab", Q="cdefg"), P="Ada")
    after = named(grouping(P="abx", Q="cdefgyz"), P="Ada")
    assert [(c.person_id, c.name) for c in changes(before, after)] == [("P", "Ada"), ("Q", "")]


def test_a_new_name_is_a_change() -> None:
    (change,) = changes(grouping(P="ab"), named(grouping(P="ab"), P="Ada"))
    assert (change.kind, change.name, change.other_name) == ("named", "Ada", "")


def test_churn_counts_the_faces_that_people_with_a_name_lose() -> None:
    before = named(grouping(P="abcd", Q="efgh"), P="Ada")
    after = named(grouping(P="ab", Q="cefgh", nobody="d"), P="Ada")
    churn = named_churn(before, after)
    assert (churn.faces, churn.moved, churn.share) == (4, {"P": 2}, 0.5)


def test_faces_that_are_gone_and_people_of_one_name_are_no_churn() -> None:
    before = named(grouping(P="abc", Q="d"), P="Ada", Q="Ada")
    assert named_churn(before, named(grouping(Q="abd"), Q="Ada")).share == 0
    assert named_churn(grouping(P="ab"), grouping(nobody="ab")).share == 0
