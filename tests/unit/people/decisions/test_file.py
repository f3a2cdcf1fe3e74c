"""The decisions file: read whatever it holds, written so that it reads back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.people.decisions.file import BETWEEN_COMMANDS, STEP, added_lines, read_decisions
from photoclust.people.decisions.line import HEADER, NAME, REJECT, Decision, acceptable_name

HEAD = ",".join(HEADER) + "\n"
NOW = datetime(2026, 3, 1, 18, 22, 5, tzinfo=UTC)


def test_decisions_are_read() -> None:
    text = f"{HEAD}2026-01-02T00:00:00Z,reject,p1,f3,f1 f2,\n"
    text += '2026-01-01T00:00:00Z,name,p1,f1 f2,,"Lovelace, A."\n'
    first, second = read_decisions(text).lines
    assert (first.kind, first.faces, first.value, first.line) == (NAME, ("f1", "f2"), "Lovelace, A.", 3)
    assert (second.kind, second.faces, second.others, second.line) == (REJECT, ("f3",), ("f1", "f2"), 2)
    assert read_decisions(text).problems == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("name,p1,Ada", "early format"),
        ("2026-01-01,name,p1,f1", "4 columns"),
        ("yesterday,name,p1,f1,,Ada", "no time"),
        ("9999-12-31T23:59:59-12:00,name,p1,f1,,Ada", "calendar"),
        ("9999-12-31T23:59:59.999999Z,name,p1,f1,,Ada", "calendar"),
        ("11/05/2026 17:36,name,p1,f1,,Ada", "which is the day"),
        ("26/11/29 17:36,name,p1,f1,,Ada", "which is the day"),
        ("31.02.2026 17:36,name,p1,f1,,Ada", "no time"),
        ("2026-01-01,name,p1,1.23E+15,,Ada", "a spreadsheet has made a number"),
        ("2026-01-01,name,p1,1E+15,,Ada", "a spreadsheet has made a number"),
        ('2026-01-01,name,p1,"1,23E15",,Ada', "a spreadsheet has made a number"),
        ("2026-01-01,frobnicate,p1,f1,,Ada", "unknown kind"),
        ("2026-01-01,name,p1,,,Ada", "no face"),
        ("2026-01-01,reject,p1,f1,,", "no other face"),
        ("2026-01-01,name,p1,../f1,,Ada", "no face id"),
        ("2026-01-01,name,p1,f1,,A\x1b[2Jda", "control characters"),
        ("2026-01-01,name,p1,f1,," + "a" * 201, "200 characters"),
        ("2026-01-01,name,p1," + "f " * 60_000 + ",,Ada", "more than 100,000"),
        ("2026-01-01,ignore,p1,f1,,perhaps", "ignore takes"),
        ('2026-01-01,name,p1,f1,,"Ada', "no CSV"),
        ("<<<<<<< HEAD", "merge"),
    ],
)
def test_a_bad_line_is_reported_with_its_number_and_the_rest_is_taken(line: str, reason: str) -> None:
    read = read_decisions(f"{HEAD}{line}\n2026-01-01,name,p,f9,,Grace\n")
    assert [decision.faces for decision in read.lines] == [("f9",)]
    (problem,) = read.problems
    assert problem.startswith("Line 2 ")
    assert reason in problem


def test_a_byte_order_mark_windows_line_ends_and_an_empty_file_do_no_harm() -> None:
    text = f"\ufeff{HEAD}2026-01-01,name,p,f,,Ada\n".replace("\n", "\r\n")
    assert [decision.value for decision in read_decisions(text).lines] == ["Ada"]
    assert read_decisions(text).problems == ()
    assert read_decisions("") == read_decisions(HEAD)


def test_the_order_of_the_lines_does_not_matter() -> None:
    lines = [f"2026-01-0{day},name,p,f,,Ada {day}" for day in (1, 2, 3)]
    straight, turned = read_decisions("\n".join(lines)), read_decisions("\n".join(reversed(lines)))
    assert straight == turned
    assert straight.lines[-1].value == "Ada 3"


def test_what_is_added_is_later_than_what_is_there_whatever_the_clock_says() -> None:
    text = f"{HEAD}2030-01-01T00:00:00Z,name,p,f,,Ada"
    new = [Decision(NOW, NAME, ("f",), value="Bob"), Decision(NOW, NAME, ("f",), value="Eve")]
    lines = read_decisions(text + added_lines(text, new, NOW)).lines
    assert [line.value for line in lines] == ["Ada", "Bob", "Eve"]
    assert lines[1].at - lines[0].at == BETWEEN_COMMANDS
    assert lines[2].at - lines[1].at == STEP


def test_a_name_cannot_be_run_by_a_spreadsheet() -> None:
    added = added_lines("", [Decision(NOW, NAME, ("f",), value="=cmd()")], NOW)
    assert ",'=cmd()" in added
    assert read_decisions(added).lines[0].value == "=cmd()"


@given(st.text(min_size=1, max_size=60))
def test_every_acceptable_name_reads_back(name: str) -> None:
    try:
        name = acceptable_name(name)
    except ValueError:
        return
    read = read_decisions(added_lines("", [Decision(NOW, NAME, ("f",), value=name)], NOW))
    assert read.problems == ()
    assert read.lines[0].value == name


@given(st.text(max_size=300))
def test_no_text_is_too_odd(text: str) -> None:
    read_decisions(text)
    read_decisions(f"{HEAD}2026-01-01,name,p,{text},,{text}")


@pytest.mark.parametrize(
    "at",
    [
        "29.11.2026 17:36",
        "29.11.26 17:36",
        "29. 11. 2026 17:36",
        "11/29/2026 17:36",
        "11/29/2026 5:36 PM",
        "11/29/26 05:36 PM",
        "29/11/2026 17:36",
        "29-11-2026 17:36",
        "2026/11/29 17:36",
        "2026-11-29 17:36",
    ],
)
def test_times_as_spreadsheets_write_them(at: str) -> None:
    read = read_decisions(f"{HEAD}{at},name,p,f1,,Zoe\n{at},name,p,f1,,Ada\n")
    assert read.problems == ()
    assert [f"{line.at:%Y-%m-%d %H:%M}" for line in read.lines] == ["2026-11-29 17:36"] * 2
    assert [line.value for line in read.lines] == ["Zoe", "Ada"]  # the later line is the later decision


@pytest.mark.parametrize(("at", "hour"), [("11/29/2026 12:05 AM", 0), ("11/29/2026 12:05 pm", 12)])
def test_midnight_and_noon_by_a_clock_of_twelve_hours(at: str, hour: int) -> None:
    (line,) = read_decisions(f"{HEAD}{at},name,p,f1,,Ada\n").lines
    assert (line.at.hour, line.at.minute) == (hour, 5)


def test_a_person_that_a_spreadsheet_spoilt_is_told_and_the_line_holds() -> None:
    read = read_decisions(f"{HEAD}2026-01-01,name,1.23E+15,f1,,Ada\n")
    assert [line.value for line in read.lines] == ["Ada"]
    (remark,) = read.remarks
    assert "line 2" in remark
    assert "1.23E+15" in remark


def test_lines_are_added_in_the_order_of_the_columns() -> None:
    text = "value;kind;at;faces;others;person\rAda;name;2026-01-01;f1;;p\r"
    text += added_lines(text, [Decision(NOW, NAME, ("f2",), value="Bea", person="q")], NOW)
    assert "\n" not in text
    assert [(line.value, line.faces, line.person) for line in read_decisions(text).lines] == [
        ("Ada", ("f1",), "p"),
        ("Bea", ("f2",), "q"),
    ]
