"""One line of ``decisions.csv``: a decision, how it is read and how it is written."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from photoclust.people.decisions.times import moment_of
from photoclust.storage.spreadsheets import SEPARATORS, column_name, escaped, unescaped

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
NOT_A_FACE, DRAW = "not_a_face", "draw"  # which faces there are, rather than who they are
KINDS = (NAME, SAME, MERGE, DIFFERENT, SPLIT, REJECT, IGNORE, COVER, NOT_A_FACE, DRAW)
TWO_SIDED = (MERGE, DIFFERENT, SPLIT, REJECT)
UNDONE = "no"  # value of an `ignore` or a `not_a_face` that takes another back

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the upright photo."""

MOST_FACES = 1000  # in one column of one line
LONGEST_NAME = 200
LEAST_SIDE = 8  # pixels of the photo that a drawn face shows each way
_LONGEST_LINE = 100_000
_LONGEST_HEADER = 200
_ID = re.compile(r"[0-9A-Za-z_.-]{1,64}")
_NUMBER = re.compile(r"\d+([eE]\d+)?")  # what a spreadsheet takes an id for
_SPOILT = re.compile(r"\d+[.,]\d*[eE]\+?\d+|\d+[eE]\+\d+")  # and what it makes of it
TAKEN_BACK = "#"
_PLACE = re.compile(
    r"([0-9A-Za-z_.-]{1,64}) (\d{1,6}) (\d{1,6}) (\d{1,6}) (\d{1,6})"
)  # photo, x, y, width, height
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
        Ids of faces; see the table in `photoclust.people.decisions.file`.
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


def without_mark(line: str) -> str:
    """A line without the mark of what was taken back; as a spreadsheet quotes it, too."""
    if line.startswith(f'"{TAKEN_BACK}'):
        return '"' + line[2:]
    return line.removeprefix(TAKEN_BACK)


def header_of(line: str, separator: str) -> tuple[str, ...]:
    """Names of the columns, in the order of the file, where a line gives them."""
    if len(line) > _LONGEST_HEADER or "kind" not in line.lower():
        return ()
    try:
        names = tuple(column_name(cell) for cell in _cells(line, separator))
    except ValueError:
        return ()
    return names if sorted(names) == sorted(HEADER) else ()


def spoilt_person(decision: Decision) -> list[str]:
    """Say so where a spreadsheet has made a number of the id of the person."""
    if not _SPOILT.fullmatch(decision.person):
        return []
    return [
        f"The person of line {decision.line} of the decisions, {decision.person}, which a spreadsheet has "
        "made of an id; the line holds without it."
    ]


def parsed(line: str, number: int, separator: str, columns: Sequence[str]) -> Decision | None:
    """Read the decision on a line.

    Parameters
    ----------
    line
        Without its end and without the mark of what was taken back.
    number
        Of the line in the file, from 1.
    separator, columns
        Of the file.

    Returns
    -------
    Decision or None
        None where the line holds none.

    Raises
    ------
    ValueError
        It cannot be one; the message says why.
    """
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
    if decision.kind in (IGNORE, NOT_A_FACE) and decision.value not in ("", UNDONE):
        raise ValueError(f"{decision.kind} takes the value {UNDONE!r} or none, not {decision.value[:40]!r}")
    if decision.kind == DRAW:
        if len(decision.faces) > 1:
            raise ValueError(f"it names {len(decision.faces)} faces, and draw takes one")
        drawn_place(decision.value)
    return decision


def drawn_place(value: str) -> tuple[str, Box]:
    """Photo and box of a face drawn by hand, from the value of its decision.

    Raises
    ------
    ValueError
        When it is no such value.
    """
    found = _PLACE.fullmatch(value)
    x, y, width, height = map(int, found.groups()[1:]) if found else (0, 0, 0, 0)
    if found is None or not (width and height):
        raise ValueError(f"draw takes the id of a photo, x, y, width and height, not {value[:80]!r}")
    return found[1], (float(x), float(y), float(x + width), float(y + height))


def place_value(photo_id: str, box: Box) -> str:
    """Value of the decision that draws a face; `box` in whole pixels."""
    x0, y0, x1, y1 = map(round, box)
    return f"{photo_id} {x0} {y0} {x1 - x0} {y1 - y0}"


def _ids(text: str) -> tuple[str, ...]:
    ids = tuple(dict.fromkeys(text.removeprefix("'").split()))
    if len(ids) > MOST_FACES:
        raise ValueError(f"it names {len(ids):,} faces at once, more than {MOST_FACES:,}")
    for one in ids:
        if _SPOILT.fullmatch(one) or not _ID.fullmatch(one):
            spoilt = "; a spreadsheet has made a number of it" if _SPOILT.fullmatch(one) else ""
            raise ValueError(f"{one[:40]!r} is no face id{spoilt}")
    return ids


def cells_of(decision: Decision, at: datetime) -> tuple[str, ...]:
    """Cells of a decision taken `at` that time, in the order of `HEADER`."""
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    faces, others = " ".join(decision.faces), " ".join(decision.others)
    ids = (f"'{one}" if _NUMBER.fullmatch(one) else one for one in (decision.person, faces, others))
    return moment, decision.kind, *ids, escaped(decision.value)
