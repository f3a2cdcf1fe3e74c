"""Decisions resolved: which hold, which give way, and what is said about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from photoclust.people.decisions.file import Decisions
from photoclust.people.decisions.line import (
    DIFFERENT,
    IGNORE,
    MERGE,
    NAME,
    REJECT,
    SAME,
    SPLIT,
    UNDONE,
    Decision,
)
from photoclust.people.decisions.resolving import Resolution, resolve

FACES = list("abcdefghijklmnop")


def said(*lines: tuple[str, str, str, str], near_duplicates: str = "") -> Resolution:
    """Decisions as (kind, faces, others, value), a letter for each face, some of them near-identical."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    decisions = [
        Decision(start + timedelta(days=day), kind, tuple(faces), tuple(others), value, line=day + 2)
        for day, (kind, faces, others, value) in enumerate(lines)
    ]
    burst = np.arange(len(FACES))
    burst[[FACES.index(face) for face in near_duplicates]] = (
        FACES.index(near_duplicates[0]) if near_duplicates else 0
    )
    return resolve(Decisions(tuple(decisions)), FACES, burst)


def together(resolution: Resolution, faces: str) -> bool:
    person = resolution.constraints.person()
    return len({int(person[FACES.index(face)]) for face in faces}) == 1


def apart(resolution: Resolution, one: str, other: str) -> bool:
    owner, rows = np.arange(len(FACES)), [np.array([FACES.index(face)]) for face in (one, other)]
    return bool(resolution.constraints.exclusions.clash(owner, rows[0], owner, rows[1])[0])


def test_a_name_holds_its_faces_together() -> None:
    resolution = said((NAME, "abc", "", "Ada"))
    assert together(resolution, "abc")
    assert list(resolution.names.values()) == ["Ada"]
    assert np.flatnonzero(resolution.constraints.members).tolist() == [0, 1, 2]
    assert resolution.problems == ()


def test_one_name_on_two_people_joins_them_as_parts() -> None:
    resolution = said((NAME, "abc", "", "Ada"), (NAME, "def", "", "Ada"))
    assert together(resolution, "abcdef")
    assert len(set(resolution.constraints.start[:6].tolist())) == 2
    assert len(resolution.names) == 1


def test_two_people_of_one_name_stay_two_when_said_to_be_different() -> None:
    resolution = said((NAME, "abc", "", "Ada"), (DIFFERENT, "abc", "def", ""), (NAME, "def", "", "Ada"))
    assert not together(resolution, "ad")
    assert apart(resolution, "a", "d")
    assert list(resolution.names.values()) == ["Ada", "Ada"]
    third = said(
        (NAME, "abc", "", "Ada"),
        (DIFFERENT, "abc", "def", ""),
        (NAME, "def", "", "Ada"),
        (NAME, "ghi", "", "Ada"),
    )
    assert "Line 5 of the decisions (name): 2 people have that name" in third.problems[0]
    assert not together(third, "ag")


def test_different_names_are_apart_and_a_new_name_replaces_the_old() -> None:
    assert apart(said((NAME, "abc", "", "Ada"), (NAME, "def", "", "Bob")), "a", "d")
    assert list(said((NAME, "abc", "", "Ada"), (NAME, "cde", "", "Bob")).names.values()) == ["Bob"]
    assert said((NAME, "abc", "", "Ada"), (NAME, "abc", "", "")).names == {}


def test_not_her_leaves_the_rest_of_her_alone() -> None:
    resolution = said((NAME, "abcd", "", "Ada"), (REJECT, "b", "acd", ""))
    assert together(resolution, "acd")
    assert apart(resolution, "b", "a")
    assert resolution.problems == ()
    assert not resolution.constraints.members[1]


def test_not_her_holds_for_near_identical_twins() -> None:
    resolution = said(
        (NAME, "abcd", "", "Ada"), (REJECT, "b", "acd", ""), near_duplicates="bcx".replace("x", "p")
    )
    assert together(resolution, "ad")
    for twin in "bcp":
        assert apart(resolution, twin, "a"), twin
        assert not together(resolution, f"a{twin}")


def test_what_is_together_inherits_what_it_is_kept_apart_from() -> None:
    resolution = said((SAME, "ab", "", ""), (DIFFERENT, "a", "c", ""), (SAME, "cd", "", ""))
    assert apart(resolution, "b", "d")


def test_a_merge_joins_parts_and_a_split_takes_faces_out() -> None:
    merged = said((MERGE, "abc", "def", ""))
    assert together(merged, "abcdef")
    assert merged.constraints.part_of[:6].tolist() == [0] * 6
    split = said((MERGE, "abc", "def", ""), (SPLIT, "cf", "abde", ""))
    assert together(split, "abde")
    assert together(split, "cf")
    assert apart(split, "a", "c")
    assert split.problems == ()


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ((SAME, "ab", "", ""), (DIFFERENT, "a", "b", "")),
        ((DIFFERENT, "a", "b", ""), (SAME, "ab", "", "")),
        ((MERGE, "ab", "cd", ""), (DIFFERENT, "ab", "cd", "")),
        ((REJECT, "a", "bcd", ""), (SAME, "a", "bcd", "")),
        ((REJECT, "a", "bcd", ""), (MERGE, "a", "bcd", "")),
    ],
)
def test_of_two_that_contradict_the_later_holds_and_both_are_named(
    older: tuple[str, str, str, str], newer: tuple[str, str, str, str]
) -> None:
    resolution = said(older, newer)
    (problem,) = resolution.problems
    assert problem.startswith("Line 2 of the decisions")
    assert "contradicts line 3, which is later and holds" in problem
    assert "not applied" in problem
    faces = "".join(newer[1:3])
    assert together(resolution, faces) == (newer[0] in (SAME, MERGE))


def test_a_contradiction_by_way_of_others_names_the_line_that_closed_the_circle() -> None:
    resolution = said((DIFFERENT, "a", "c", ""), (SAME, "ab", "", ""), (SAME, "bc", "", ""))
    assert together(resolution, "abc")
    assert "Line 2 of the decisions (different): it contradicts line 3" in resolution.problems[0]


def test_a_line_that_contradicts_itself_is_not_applied() -> None:
    resolution = said((DIFFERENT, "a", "a", ""))
    assert "contradicts itself" in resolution.problems[0]
    assert not apart(resolution, "a", "a")


def test_faces_that_are_not_there_are_reported() -> None:
    resolution = said((REJECT, "aZ", "b", ""), (NAME, "XYZ", "", "Ada"), (NAME, "cZ", "", "Bob"))
    assert [problem.split(":")[1].split(";")[0].strip() for problem in resolution.problems] == [
        "1 of its 2 faces are not in this index",
        "none of its faces is in this index",
    ]
    assert list(resolution.names.values()) == ["Bob"]
    assert apart(resolution, "a", "b")


def test_ignored_people_are_remembered_until_taken_back() -> None:
    assert said((IGNORE, "ab", "", "")).ignored == {0}
    assert said((IGNORE, "ab", "", ""), (IGNORE, "b", "", UNDONE)).ignored == frozenset()


def test_the_latest_cover_comes_first() -> None:
    assert said(("cover", "a", "", ""), ("cover", "b", "", "")).covers == (1, 0)
