from __future__ import annotations

import numpy as np

from photoclust.people.continuity import Continuity, Past, Retired, keep_ids, successor


def kept(
    groups: list[int],
    faces: str,
    previous: dict[str, str] | None = None,
    retired: dict[str, Retired] | None = None,
    named: str = "",
) -> Continuity:
    return keep_ids(np.array(groups, np.int32), list(faces), Past(previous or {}, retired or {}), named)


def ids(groups: list[int], faces: str, previous: dict[str, str] | None = None, named: str = "") -> list[str]:
    return kept(groups, faces, previous, named=named).people


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
    assert ids([0] * 5, "abcde", previous, named="P") == ["P"] * 5  # by the person's own id


def test_a_merge_leaves_a_successor_that_is_followed_through_later_merges() -> None:
    previous = {"a": "P", "b": "P", "c": "Q", "d": "Q", "e": "Q"}
    first = kept([0] * 5, "abcde", previous)
    assert first.retired == {"P": Retired(("a", "b"), "Q")}
    merged = dict(zip("abcdefghijkl", ["Q"] * 5 + ["R"] * 7, strict=True))
    second = kept([0] * 12, "abcdefghijkl", merged, first.retired)
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
    back = kept([0, 0, 0], "abz", {}, gone.retired)
    assert back.people == ["P"] * 3
    assert back.retired == {}


def test_parting_what_was_merged_gives_the_old_id_back() -> None:
    previous = {"a": "P", "b": "P", "c": "Q", "d": "Q", "e": "Q"}
    merged = kept([0] * 5, "abcde", previous)
    apart = kept([0, 0, 1, 1, 1], "abcde", dict(zip("abcde", merged.people, strict=True)), merged.retired)
    assert apart.people == ["P", "P", "Q", "Q", "Q"]


def test_an_id_is_never_given_to_somebody_else() -> None:
    (alone,) = ids([0], "a")
    now = ids([0, 1], "ab", {"b": alone})
    assert now[1] == alone
    assert now[0] != alone
    retired = {alone: Retired(("a", "x", "y"), "")}  # most of that person is elsewhere
    assert kept([0], "a", {}, retired).people != [alone]
