"""What was said is told with the names that people had then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from photoclust.people.decisions.earlier_names import retold
from photoclust.people.decisions.journal import Command
from photoclust.people.decisions.line import Decision

START = datetime(2026, 1, 1, tzinfo=UTC)


def said(*lines: tuple[str, str, str, str], taken_back: frozenset[int] = frozenset()) -> list[str]:
    """Sentences for lines of kind, faces, others and value, each a command; faces are letters."""
    commands = [
        Command(
            (Decision(START + timedelta(hours=number), kind, tuple(faces), tuple(others), value, faces[0]),),
            number in taken_back,
        )
        for number, (kind, faces, others, value) in enumerate(lines)
    ]
    return retold(commands, lambda person, face: f"<{person or face}>")


def test_a_name_counts_from_the_next_line_on() -> None:
    assert said(("name", "ab", "", "Ada"), ("name", "b", "", "Bea"), ("name", "b", "", "")) == [
        "Named <a> 'Ada'",
        "Named Ada 'Bea'",
        "Took the name of Bea away",
    ]


def test_people_who_were_joined_share_a_name() -> None:
    told = said(
        ("name", "ab", "", "Ada"),
        ("name", "xy", "", "Bea"),
        ("merge", "a", "x", ""),
        ("ignore", "y", "", ""),
        ("merge", "p", "b", ""),
        ("ignore", "p", "", ""),
    )
    assert told[2:] == ["Joined Ada and Bea", "Ignored Ada", "Joined <p> and Ada", "Ignored Ada"]


def test_two_people_of_one_name_are_two() -> None:
    told = said(
        ("name", "a", "", "Ada"),
        ("name", "b", "", "Ada"),
        ("name", "z", "", "Zoe"),
        ("merge", "z", "a", ""),
        ("ignore", "b", "", ""),
        ("ignore", "a", "", ""),
    )
    assert told[4:] == ["Ignored Ada", "Ignored Zoe"]


def test_faces_that_were_moved_have_the_name_of_where_they_are() -> None:
    told = said(
        ("name", "abc", "", "Ada"),
        ("split", "c", "ab", ""),
        ("cover", "c", "", ""),
        ("same", "d", "a", ""),
        ("cover", "d", "", ""),
    )
    assert told[1:] == [
        "Parted 1 face from Ada",
        "Chose a cover for <c>",
        "Put 1 face together with Ada",
        "Chose a cover for Ada",
    ]


def test_what_was_taken_back_before_is_not_counted() -> None:
    lines = ("name", "a", "", "Ada"), ("name", "a", "", "Bea")
    assert said(*lines, taken_back=frozenset({0})) == ["Named <a> 'Ada'", "Named <a> 'Bea'"]
    assert said(*lines, taken_back=frozenset({0, 1})) == ["Named <a> 'Ada'", "Named Ada 'Bea'"]
