"""What people said about people: ``decisions.csv``, replayed at every grouping.

The file is the user's: plain text, UTF-8, a header and a line for each decision::

    at,kind,person,faces,others,value
    2026-03-01T18:22:05.120000Z,name,3f6c1d0a9b2e4c11,5e0c…f1 77a0…02,,Ada Lovelace
    2026-03-02T09:00:41.004000Z,reject,3f6c1d0a9b2e4c11,90bd…6e,5e0c…f1 77a0…02,

It speaks of faces, whose ids follow from photos alone, so that it outlives every new grouping and can be
carried to another index of the same photos. ``person`` is for the reader.

=========  ===========================  =====================================  ===================
kind       faces                        others                                 value
=========  ===========================  =====================================  ===================
name       faces of a person                                                   name; empty: none
same       faces of one person          more faces of that person
merge      clear faces of a person      clear faces of another: all of theirs
                                        are one person
different  faces of a person            faces of somebody else
split      faces of one person          clear faces of the person they were
                                        taken for
reject     faces, each for itself       clear faces of whom they do not show
ignore     clear faces of a person                                             empty; ``no``: undone
cover      one face
=========  ===========================  =====================================  ===================

The order of the lines does not matter: of two decisions on the same thing the one with the later ``at``
holds. So two copies of the file merge by keeping the lines of both.

A line that begins with ``#`` was taken back (`photoclust people undo`) and holds no more, and neither does
the same line without the mark. The file may have been saved by a spreadsheet: see
`photoclust.storage.spreadsheets`.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from photoclust.people.decisions.times import moment_of
from photoclust.storage.spreadsheets import (
    SEPARATORS,
    column_name,
    escaped,
    line_end,
    separator_of,
    unescaped,
)

HEADER = ("at", "kind", "person", "faces", "others", "value")

NAME, SAME, MERGE, DIFFERENT, SPLIT, REJECT, IGNORE, COVER = (
    "name",
    "same",
    "merge",
    "different",
    "split",
    "reject",
    "ignore",
    "cover",
)
KINDS = (NAME, SAME, MERGE, DIFFERENT, SPLIT, REJECT, IGNORE, COVER)
TWO_SIDED = (MERGE, DIFFERENT, SPLIT, REJECT)
UNDONE = "no"  # value of an `ignore` that takes another back

STEP = timedelta(microseconds=1)  # between the lines of one command
BETWEEN_COMMANDS = timedelta(milliseconds=1)

MOST_FACES = 1000  # in one column of one line
LONGEST_NAME = 200
_LONGEST_LINE = 100_000
_LONGEST_HEADER = 200
_ID = re.compile(r"[0-9A-Za-z_.-]{1,64}")
_NUMBER = re.compile(r"\d+([eE]\d+)?")  # what a spreadsheet takes an id for
_SPOILT = re.compile(r"\d+[.,]\d*[eE]\+?\d+|\d+[eE]\+\d+")  # and what it makes of it
TAKEN_BACK = "#"
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


@dataclass(frozen=True, order=True)
class Decision:
    """One line of the file; sorts by time.

    Attributes
    ----------
    at
        When it was taken, UTC.
    kind
        One of `KINDS`.
    faces, others
        Ids of faces; see the table above.
    value
        Name, or ``no``.
    person
        Id the person had then, for the reader.
    line
        Where it stands in the file; 0 where it does not yet.
    """

    at: datetime
    kind: str
    faces: tuple[str, ...]
    others: tuple[str, ...] = ()
    value: str = ""
    person: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Decisions:
    """What a decisions file says.

    Attributes
    ----------
    lines
        The decisions, oldest first.
    problems
        One sentence for each line that cannot be understood, with its number.
    taken_back
        The decisions that were taken back, oldest first.
    remarks
        One sentence for each line that begins with the mark of those and is no decision, and for each whose
        person a spreadsheet has spoilt.
    columns
        Names of the columns in the order of the file.
    """

    lines: tuple[Decision, ...] = ()
    problems: tuple[str, ...] = ()
    taken_back: tuple[Decision, ...] = ()
    remarks: tuple[str, ...] = ()
    columns: tuple[str, ...] = HEADER


def read_decisions(text: str) -> Decisions:
    """Parse the text of a decisions file; bad lines are reported and the rest is taken."""
    lines: list[Decision] = []
    taken_back: list[Decision] = []
    problems: list[str] = []
    remarks: list[str] = []
    text = text.removeprefix("\ufeff")
    separator = separator_of(text, HEADER)
    columns: tuple[str, ...] = HEADER
    for number, line in enumerate(text.split(line_end(text)), 1):
        held = without_mark(line.removesuffix("\r"))
        holds = held == line.removesuffix("\r")
        if header := _header(held, separator):
            columns = header
            continue
        try:
            decision = _parsed(held, number, separator, columns)
        except ValueError as error:
            if holds:
                problems.append(f"Line {number} of the decisions cannot be understood: {error}.")
            else:
                remarks.append(f"Line {number} of the decisions is a remark: {error}.")
        else:
            (lines if holds else taken_back).extend([decision] if decision else [])
            remarks += _spoilt_person(decision) if decision and holds else []
    gone = set(taken_back)
    held_lines = sorted(decision for decision in lines if decision not in gone)
    return Decisions(tuple(held_lines), tuple(problems), tuple(sorted(taken_back)), tuple(remarks), columns)


def without_mark(line: str) -> str:
    """A line without the mark of what was taken back; as a spreadsheet quotes it, too."""
    if line.startswith(f'"{TAKEN_BACK}'):
        return '"' + line[2:]
    return line.removeprefix(TAKEN_BACK)


def followed(decisions: Decisions, now: Callable[[str], Sequence[str]]) -> Decisions:
    """Decisions about what faces are now, where their photos have changed."""
    lines = [
        replace(line, faces=_each_once(line.faces, now), others=_each_once(line.others, now))
        for line in decisions.lines
    ]
    return replace(decisions, lines=tuple(lines))


def _each_once(faces: Iterable[str], now: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for face in faces for one in now(face)))


def added_lines(text: str, new: Iterable[Decision], now: datetime) -> str:
    """Text to append to a decisions file, with the separator and the line ends that it has.

    Parameters
    ----------
    text
        What the file holds; empty where there is none.
    new
        Decisions in the order in which they were taken; their ``at`` is set here.
    now
        The time. Should a line of the file be later, by a clock that is ahead, theirs is later still.
    """
    read = read_decisions(text)
    last = max((decision.at for decision in (*read.lines, *read.taken_back)), default=now)
    moment = max(now, last + BETWEEN_COMMANDS)
    end = "\r\n" if "\r\n" in text else line_end(text)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator_of(text, HEADER), lineterminator=end)
    if not text:
        writer.writerow(HEADER)
    elif not text.endswith(line_end(text)):
        out.write(line_end(text))
    for step, decision in enumerate(new):
        cells: dict[str, str] = dict(zip(HEADER, _columns(decision, moment + step * STEP), strict=True))
        writer.writerow(cells[name] for name in read.columns)
    return out.getvalue()


def acceptable_name(name: str) -> str:
    """Give the name as it is stored: trimmed, in the composed form of Unicode.

    Raises
    ------
    ValueError
        When it is too long, or holds what cannot be seen.
    """
    name = unicodedata.normalize("NFC", name.strip())
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a name may have {LONGEST_NAME} characters, not {len(name)}")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        raise ValueError("a name may not hold line breaks or control characters")
    return name


# -- lines --------------------------------------------------------------------------------------------


def _header(line: str, separator: str) -> tuple[str, ...]:
    """Names of the columns, in the order of the file, where a line gives them."""
    if len(line) > _LONGEST_HEADER or "kind" not in line.lower():
        return ()
    try:
        names = tuple(column_name(cell) for cell in _cells(line, separator))
    except ValueError:
        return ()
    return names if sorted(names) == sorted(HEADER) else ()


def _spoilt_person(decision: Decision) -> list[str]:
    if not _SPOILT.fullmatch(decision.person):
        return []
    return [
        f"The person of line {decision.line} of the decisions, {decision.person}, which a spreadsheet has "
        "made of an id; the line holds without it."
    ]


def _parsed(line: str, number: int, separator: str, columns: Sequence[str]) -> Decision | None:
    """The decision on a line, None where there is none; ValueError says why it cannot be one."""
    if not line.strip(f" \t{separator}") or line.lower().startswith("sep="):
        return None
    if line.startswith(_CONFLICT):
        raise ValueError("a mark of a merge that was not finished; keep the lines of both sides")
    if len(line) > _LONGEST_LINE:
        raise ValueError(f"it has {len(line):,} characters, more than {_LONGEST_LINE:,}")
    row = _cells(line, separator)
    if len(row) == 3:
        raise ValueError(f"3 columns, as in an early format; it needs {','.join(HEADER)}")
    if len(row) != len(HEADER):
        raise ValueError(f"{len(row)} columns where {len(HEADER)} are needed")
    at, kind, person, faces, others, value = (row[columns.index(name)].strip() for name in HEADER)
    value, person = acceptable_name(unescaped(value)), person.removeprefix("'")[:64]
    return _checked(Decision(moment_of(at, number), kind, _ids(faces), _ids(others), value, person, number))


def _cells(line: str, separator: str) -> list[str]:
    """Cells of a line, apart from empty ones too many; a line may have another separator than the file."""
    first = None
    for other in dict.fromkeys([separator, *SEPARATORS]):
        try:
            row = next(csv.reader([line], delimiter=other, strict=True))
            if len(row) == 1 and "," in row[0]:  # saved as one cell, in a country of semicolons
                row = next(csv.reader(row, strict=True))
        except csv.Error as error:
            raise ValueError(f"it is no CSV ({error})") from error
        while len(row) > len(HEADER) and not row[-1].strip():
            row.pop()
        if len(row) == len(HEADER):
            return row
        first = first or row
    return first or []


def _checked(decision: Decision) -> Decision:
    if decision.kind not in KINDS:
        raise ValueError(f"unknown kind {decision.kind[:40]!r}")
    if not decision.faces:
        raise ValueError(f"it names no face, and {decision.kind} needs one")
    if decision.kind in TWO_SIDED and not decision.others:
        raise ValueError(f"it names no other face, and {decision.kind} needs one")
    if decision.kind == IGNORE and decision.value not in ("", UNDONE):
        raise ValueError(f"ignore takes the value {UNDONE!r} or none, not {decision.value[:40]!r}")
    return decision


def _ids(text: str) -> tuple[str, ...]:
    ids = tuple(dict.fromkeys(text.removeprefix("'").split()))
    if len(ids) > MOST_FACES:
        raise ValueError(f"it names {len(ids):,} faces at once, more than {MOST_FACES:,}")
    for one in ids:
        if _SPOILT.fullmatch(one) or not _ID.fullmatch(one):
            spoilt = "; a spreadsheet has made a number of it" if _SPOILT.fullmatch(one) else ""
            raise ValueError(f"{one[:40]!r} is no face id{spoilt}")
    return ids


def _columns(decision: Decision, at: datetime) -> tuple[str, ...]:
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    faces, others = " ".join(decision.faces), " ".join(decision.others)
    ids = (f"'{one}" if _NUMBER.fullmatch(one) else one for one in (decision.person, faces, others))
    return moment, decision.kind, *ids, escaped(decision.value)
