"""Which faces there are, as far as decisions say so."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from photoclust.people.decisions.file import Decisions, added_lines, read_decisions
from photoclust.people.decisions.journal import in_words
from photoclust.people.decisions.line import Decision, place_value
from photoclust.people.decisions.resolving import resolve
from photoclust.people.decisions.which_faces import which_faces

HEADER = "at,kind,person,faces,others,value\n"


def read(*lines: str) -> Decisions:
    text = HEADER + "".join(f"2026-01-{day:02}T00:00:00Z,{line}\n" for day, line in enumerate(lines, 1))
    return read_decisions(text)


def test_the_later_line_about_a_finding_holds() -> None:
    said = which_faces(read("not_a_face,,a b,,", "not_a_face,,a,,no", "not_a_face,,c,,"))
    assert said.not_faces == {"b", "c"}


def test_a_drawn_face_has_a_photo_and_a_box() -> None:
    face = which_faces(read("draw,,d,,photo 10 20 30 40")).drawn["d"]
    assert (face.photo_id, face.box) == ("photo", (10.0, 20.0, 40.0, 60.0))


@pytest.mark.parametrize(
    "line",
    [
        "draw,,d,,",
        "draw,,d,,photo 1 2 3",
        "draw,,d,,photo 1 2 0 4",
        "draw,,d e,,photo 1 2 3 4",
        "draw,,,,p 1 2 3 4",
        "not_a_face,,,,",
        "not_a_face,,a,,yes",
        "draw,,d,,photo -1 2 3 4",
        "draw,,d,,photo 1.5 2 3 4",
    ],
)
def test_what_is_no_such_decision_is_named_with_its_line(line: str) -> None:
    found = read(line)
    assert not found.lines
    assert found.problems[0].startswith("Line 2 of the decisions cannot be understood: ")


def test_what_is_written_is_read_again() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    said = [
        Decision(moment, "draw", ("d",), value=place_value("0f3e", (1.2, 2, 31, 42))),
        Decision(moment, "not_a_face", ("a", "b")),
    ]
    found = read_decisions(added_lines("", said, moment))
    assert [(line.kind, line.faces, line.value) for line in found.lines] == [
        ("draw", ("d",), "0f3e 1 2 30 40"),
        ("not_a_face", ("a", "b"), ""),
    ]


def test_what_is_said_of_faces_that_are_not_there_by_decision_waits_without_a_word() -> None:
    lines = ["name,,a d,,Ada", "same,,d,a,", "reject,,x,a,", "not_a_face,,x,,", "draw,,d,,photo 1 2 3 4"]
    assert not resolve(read(*lines), ["a", "b"], np.arange(2)).problems
    lost = resolve(read("reject,,y,a,"), ["a", "b"], np.arange(2)).problems
    assert lost == (
        "Line 2 of the decisions (reject): none of its faces is in this index; it was not applied.",
    )


def test_they_are_told_in_words() -> None:
    assert in_words(read("draw,,d,,p 1 2 3 4").lines, str) == "Drew a face by hand"
    named = read("draw,,d,,p 1 2 3 4", "name,,d,,Ada").lines
    assert in_words(named, str) == "Drew a face by hand; named it 'Ada'"
    assert in_words(read("not_a_face,,a b,,").lines, str) == "Said of 2 faces that they are not faces"
    assert in_words(read("not_a_face,,a,,no").lines, str) == "Said of 1 face that it is a face"
