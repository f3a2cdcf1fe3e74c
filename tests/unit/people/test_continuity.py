from __future__ import annotations

import numpy as np

from photoclust.people.continuity import keep_ids


def ids(groups: list[int], faces: str, previous: dict[str, str] | None = None) -> list[str]:
    return keep_ids(np.array(groups, np.int32), list(faces), previous)


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


def test_merged_persons_take_the_id_of_the_larger() -> None:
    assert ids([0] * 5, "abcde", {"a": "P", "b": "P", "c": "Q", "d": "Q", "e": "Q"}) == ["Q"] * 5


def test_a_new_person_never_takes_an_id_in_use() -> None:
    (alone,) = ids([0], "a")
    now = ids([0, 1], "ab", {"b": alone})
    assert now[1] == alone
    assert now[0] != alone
