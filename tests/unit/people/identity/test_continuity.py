from __future__ import annotations

from dataclasses import replace

import numpy as np

from photoclust.people.identity.continuity import Continuity, keep_ids, successor
from photoclust.people.identity.ids import Identity, Past, Retired, identities_of


def kept(
    groups: list[int],
    faces: str,
    previous: dict[str, str] | None = None,
    before: Continuity | None = None,
    said: dict[str, str] | None = None,
    names: dict[str, str] | None = None,
) -> Continuity:
    past = Past(previous or {}, names=names or {})
    if before:
        past = replace(past, identities=before.identities, joint=before.joint)
    return keep_ids(np.array(groups, np.int32), list(faces), past, said)


def after(before: Continuity, faces: str, groups: list[int], **rest: dict[str, str]) -> Continuity:
    """The next grouping of the same faces."""
    return kept(groups, faces, dict(zip(faces, before.people, strict=True)), before, **rest)


def ids(groups: list[int], faces: str, previous: dict[str, str] | None = None, named: str = "") -> list[str]:
    return kept(groups, faces, previous, said=dict.fromkeys(named, "Ada")).people


def test_nobody_gets_no_id() -> None:
    assert ids([-1, 0, 0], "abc")[0] == ""


def test_ids_depend_on_members_not_on_numbers_or_order() -> None:
    first = ids([0, 0, 1, 1], "abcd")
    second = ids([5, 2, 2, 5], "cbad")
    assert dict(zip("abcd", first, strict=True)) == dict(zip("cbad", second, strict=True))
    assert len(set(first)) == 2


def test_a_person_that_grows_keeps_the_id() -> None:
    assert ids([0, 0, 0], "abc", {"b": "P", "c": "P"}) == ["P"] * 3


def test_the_larger_part_of_a_split_person_keeps_the_id() -> None:
    now = ids([0, 1, 1], "abc", {"a": "P", "b": "P", "c": "P"})
    assert now[1] == now[2] == "P"
    assert now[0] not in ("", "P")


def test_the_named_part_of_a_split_person_keeps_the_id_however_small() -> None:
    assert ids([0, 1, 1], "abc", {"a": "P", "b": "P", "c": "P"}, named="a")[0] == "P"


def test_merged_persons_take_the_id_of_the_larger() -> None:
    assert ids([0] * 5, "abcde", {"a": "P", "b": "P", "c": "Q", "d": "Q", "e": "Q"}) == ["Q"] * 5


def test_a_person_with_a_name_keeps_the_id_when_merged_with_a_larger_one() -> None:
    previous = {"a": "P", "b": "P", "c": "Q", "d": "Q", "e": "Q"}
    assert ids([0] * 5, "abcde", previous, named="a") == ["P"] * 5
    everybody = dict.fromkeys("abcde", "Ada")  # the larger has just been given the name that the other had
    assert kept([0] * 5, "abcde", previous, said=everybody, names={"P": "Ada"}).people == ["P"] * 5


def test_a_merge_leaves_a_successor_that_is_followed_through_later_merges() -> None:
    previous = {"a": "P", "b": "P", "c": "Q", "d": "Q", "e": "Q"}
    first = kept([0] * 5, "abcde", previous)
    assert first.retired == {"P": Retired(("a", "b"), "Q")}
    merged = dict(zip("abcdefghijkl", ["Q"] * 5 + ["R"] * 7, strict=True))
    second = kept([0] * 12, "abcdefghijkl", merged, first)
    assert {successor(person, second.retired) for person in "PQR"} == {"R"}


def test_there_is_no_successor_without_a_majority() -> None:
    previous = dict.fromkeys("abcd", "P") | dict.fromkeys("efghij", "Q")
    now = kept([-1, -1, -1, 0, *[0] * 6], "abcdefghij", previous)
    assert now.people[3] == "Q"
    assert now.retired == {"P": Retired(("a", "b", "c", "d"), "")}
    assert successor("P", now.retired) == ""


def test_a_person_that_was_gone_gets_the_old_id_back() -> None:
    gone = kept([-1, -1, -1], "abc", dict.fromkeys("abc", "P"))
    assert gone.people == [""] * 3
    back = kept([0, 0, 0], "abz", {}, gone)
    assert back.people == ["P"] * 3
    assert back.retired == {}


def test_parting_what_was_merged_gives_both_their_ids_back() -> None:
    previous = {"a": "P", "b": "P", "c": "Q", "d": "Q", "e": "Q"}
    for said in ({}, dict.fromkeys("ab", "Ada")):  # the larger keeps the id, or the one with the name
        merged = kept([0] * 5, "abcde", previous, said=said)
        apart = after(merged, "abcde", [0, 0, 1, 1, 1], names=dict.fromkeys(merged.people, "Ada"))
        assert apart.people == ["P", "P", "Q", "Q", "Q"]


def test_faces_that_came_while_two_were_one_take_no_id_along() -> None:
    previous = {"a": "P", "b": "P", "c": "Q", "d": "Q", "e": "Q"}
    merged = kept([0] * 5, "abcde", previous, said=dict.fromkeys("ab", "Ada"))
    grown = kept([0] * 9, "abcdevwxy", dict.fromkeys("abcde", "P"), merged)
    apart = after(grown, "abcdevwxy", [0, 0, 1, 1, 1, 1, 1, 1, 1])
    assert apart.people == ["P"] * 2 + ["Q"] * 7


def test_a_name_that_is_taken_back_takes_no_id_along() -> None:
    previous = {"a": "P", "b": "P", "c": "Q", "d": "Q"}
    joined = kept([0] * 4, "abcd", previous, said=dict.fromkeys("abcd", "Ada"), names={"P": "Ada"})
    assert joined.people == ["P"] * 4
    apart = after(joined, "abcd", [0, 0, 1, 1], said=dict.fromkeys("cd", "Ada"), names={"P": "Ada"})
    assert apart.people == ["P", "P", "Q", "Q"]


def test_joining_what_was_parted_gives_the_id_from_before_the_parting_back() -> None:
    parted = kept([0, 1, 1], "abc", dict.fromkeys("abc", "P"), said={"a": "Ada"})
    assert parted.people[0] == "P"
    assert after(parted, "abc", [0, 0, 0]).people == ["P"] * 3


def test_nobody_succeeds_whose_faces_are_nobodys_now() -> None:
    merged = kept([0] * 5, "abcde", {"a": "P", "b": "P", "c": "Q", "d": "Q", "e": "Q"})
    apart = after(merged, "abcde", [-1, -1, 1, 1, 1])
    assert successor("P", apart.retired) == ""


def test_an_id_is_never_given_to_somebody_else() -> None:
    (alone,) = ids([0], "a")
    now = ids([0, 1], "ab", {"b": alone})
    assert now[1] == alone
    assert now[0] != alone
    before = Past(identities={alone: Identity(("a", "x", "y"))})  # most of that person is elsewhere
    assert keep_ids(np.array([0], np.int32), ["a"], before).people != [alone]


def test_an_id_of_a_grouping_that_never_was_in_force_is_not_given_anew() -> None:
    in_force = kept([0, 0, -1, -1], "abyz")
    refused = after(in_force, "abyz", [0, 0, 1, 1])
    given = refused.people[-1]
    people = dict(zip("abyz", in_force.people, strict=True))
    assert kept([0, 0, 1, 1], "abyx", people, refused).people[-1] not in ("", given)
    assert kept([0, 0, 1, 1, 1], "abyzx", people, refused).people[-1] == given


def test_numbers_are_those_of_the_order_in_which_ids_were_given() -> None:
    first = kept([0, 0, 1, 1, 1], "abcde")
    numbers = {person: one.number for person, one in first.identities.items()}
    assert [numbers[person] for person in (first.people[2], first.people[0])] == [1, 2]
    second = kept([0, 0, 1, 1, 1, 2, 2], "abcdeyz", dict(zip("abcde", first.people, strict=True)), first)
    assert second.identities[second.people[-1]].number == 3


def test_no_spreadsheet_reads_an_id_as_a_number() -> None:
    assert all(ids([0], chr(code))[0][0] in "abcdef" for code in range(200, 500))


def test_an_index_made_before_identities_were_kept() -> None:
    people = dict(zip("abcde", ["P"] * 5, strict=True))
    found = identities_of(people, {"Q": Retired(("c", "d"), "P"), "R": Retired(("z",))}, ["P"])
    assert {person: (one.own, one.number) for person, one in found.items()} == {
        "P": (("a", "b", "e"), 1),
        "Q": (("c", "d"), 2),
        "R": (("z",), 3),
    }
    assert identities_of({"c": "P"}, {"Q": Retired(("c",), "P")})["P"].own == ("c",)
