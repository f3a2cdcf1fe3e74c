"""``decisions.csv`` as programs save it: read as meant, added to in kind, and never grouped without."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable

import pytest

from photoclust.config import ClusterConfig
from photoclust.errors import DecisionsError
from photoclust.index.store import IndexStore
from photoclust.people.decisions.file import added_lines, read_decisions
from photoclust.people.decisions.line import TAKEN_BACK, Decision
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.forget import forget
from photoclust.workflows.people import correct
from photoclust.workflows.people.people_index import PeopleIndex

PeopleOf = Callable[[IndexStore], dict[str, str]]
CONFIG = ClusterConfig(k=10)
NAME = "Jürgen Müller"


def saved(text: str, separator: str, quoting: int = csv.QUOTE_MINIMAL) -> str:
    """Text of a CSV as a spreadsheet saves it again."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator="\r\n")  # pyright: ignore
    writer.writerows(csv.reader(io.StringIO(text, newline="")))
    return out.getvalue()


def moved(text: str) -> str:
    """The same CSV with its columns the other way round."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(row[::-1] for row in csv.reader(io.StringIO(text, newline="")))
    return out.getvalue()


PROGRAMS: dict[str, Callable[[str], bytes]] = {
    "Excel, CSV UTF-8": lambda text: codecs.BOM_UTF8 + saved(text, ",").encode(),
    "Excel, CSV, Germany": lambda text: saved(text, ";").encode("cp1252"),
    "Excel, CSV, USA": lambda text: saved(text, ",").encode("cp1252"),
    "Excel, Unicode text": lambda text: codecs.BOM_UTF16_LE + saved(text, "\t").encode("utf-16-le"),
    "LibreOffice, all quoted": lambda text: saved(text, ";", csv.QUOTE_ALL).encode(),
    "LibreOffice, UTF-16": lambda text: saved(text, ",").encode("utf-16"),
    "Latin-1": lambda text: saved(text, ",").encode("latin-1"),
    "Excel, CSV, Macintosh": lambda text: saved(text, ";").replace("\r\n", "\r").encode("mac_roman"),
    "Excel, CSV, Macintosh, UTF-8": lambda text: saved(text, ",").replace("\r\n", "\r").encode(),
    "columns moved": lambda text: saved(moved(text), ";").encode("cp1252"),
    "sep=": lambda text: b"sep=;\r\n" + saved(text, ";").encode("cp1252"),
}


@pytest.fixture
def named(album_index: IndexStore, people_of: PeopleOf) -> IndexStore:
    """Ada is called Jürgen Müller, and a face was taken from Bea."""
    people, people_index = people_of(album_index), PeopleIndex(album_index)
    face = max(people_index.faces_of(people["bea"]))
    said = [
        *correct.name(people_index, people["ada"], NAME),
        *correct.reject(people_index, people["bea"], [face]),
    ]
    correct.write(album_index, people_index, said)
    group_faces(album_index, CONFIG)
    return album_index


def names(store: IndexStore) -> list[str]:
    return sorted(filter(None, PeopleIndex(store).names.values()))


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_a_program_saved_is_read_and_added_to_in_kind(named: IndexStore, program: str) -> None:
    file, meant = named.decisions_file, read_decisions(named.decisions_text()).lines
    content = PROGRAMS[program](file.read_text())
    file.write_bytes(content)
    assert read_decisions(named.decisions_text()).lines == meant
    assert not read_decisions(named.decisions_text()).problems
    group_faces(named, CONFIG)
    assert file.read_bytes() == content
    people_index = PeopleIndex(named)
    other = next(person for person in people_index.people if not people_index.people[person]["name"])
    correct.write(named, people_index, correct.name(people_index, other, "Łódź Œuvre"))
    group_faces(named, CONFIG)
    assert names(named) == [NAME, "Łódź Œuvre"]
    assert file.read_bytes().startswith(content)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_line_is_marked_as_taken_back_in_place(named: IndexStore, program: str) -> None:
    file = named.decisions_file
    content = PROGRAMS[program](file.read_text())
    file.write_bytes(content)
    (name,) = [line.line for line in read_decisions(named.decisions_text()).lines if line.kind == "name"]
    named.mark_decisions([name], TAKEN_BACK, held=False)
    group_faces(named, CONFIG)
    assert names(named) == []
    assert [line.value for line in read_decisions(named.decisions_text()).taken_back] == [NAME]
    named.mark_decisions([name], TAKEN_BACK, held=True)
    assert file.read_bytes() == content


@pytest.mark.parametrize("program", PROGRAMS)
def test_who_is_forgotten_leaves_nothing_in_it(named: IndexStore, program: str) -> None:
    file = named.decisions_file
    file.write_bytes(PROGRAMS[program](file.read_text()))
    gone = PeopleIndex(named).faces_of(PeopleIndex(named).person(NAME))
    forget(named, [NAME])
    assert not read_decisions(named.decisions_text()).problems
    assert [line.kind for line in read_decisions(named.decisions_text()).lines] == ["reject"]
    assert not any(face in named.decisions_text() for face in gone)
    assert "rgen" not in named.decisions_text()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda content: content.replace(b"Z,reject", b",rejct"), "Line 3 .*unknown kind 'rejct'"),
        (lambda content: content.replace(b",", b"~"), "Line 1 .* Line 2 .* Line 3 "),
        (lambda content: b"PK\x03\x04" + content, "workbook"),
        (
            lambda content: content + b"2026-03-01T18:22:05Z,cover,1,1.23E+31,,\n",
            "Line 4 .*a number of it",
        ),
    ],
)
def test_what_is_not_understood_leaves_the_people_as_they_are(
    named: IndexStore, spoil: Callable[[bytes], bytes], told: str
) -> None:
    run, file = named.clusterings.current(), named.decisions_file
    file.write_bytes(spoil(file.read_bytes()))
    content = file.read_bytes()
    with pytest.raises(DecisionsError, match=told):
        group_faces(named, CONFIG)
    with pytest.raises(DecisionsError):
        correct.write(named, PeopleIndex(named), [])
    assert named.clusterings.current() == run
    assert file.read_bytes() == content


def test_an_id_that_looks_like_a_number_is_written_so_that_it_stays_text() -> None:
    face = "12345678901234567890123456789012"
    at = read_decisions("at,kind,person,faces,others,value\n2026-01-01,cover,p,f,,\n").lines[0].at
    text = added_lines("", [Decision(at, "cover", (face,), person="123e4567")], at)
    assert f",'{face}," in text
    (line,) = read_decisions(text).lines
    assert (line.faces, line.person) == ((face,), "123e4567")


def test_a_line_taken_back_cancels_its_copy() -> None:
    line = "2026-01-01T00:00:00Z,cover,p,f,,"
    read = read_decisions(f"at,kind,person,faces,others,value\n{line}\n#{line}\n")
    assert (read.lines, [one.line for one in read.taken_back]) == ((), [3])
