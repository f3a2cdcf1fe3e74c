"""What people said about people: ``decisions.csv``, replayed at every grouping.

The file is the user's: plain text, UTF-8, a header and a line for each decision::

    at,kind,person,faces,others,value
    2026-03-01T18:22:05.120000Z,name,3f6c1d0a9b2e4c11,5e0c…f1 77a0…02,,Ada Lovelace
    2026-03-02T09:00:41.004000Z,reject,3f6c1d0a9b2e4c11,90bd…6e,5e0c…f1 77a0…02,

It speaks of faces, whose ids follow from photos alone, so that it outlives every new grouping and can be
carried to another index of the same photos. ``person`` is for the reader.

==========  ===========================  =====================================  ==========================
kind        faces                        others                                 value
==========  ===========================  =====================================  ==========================
name        faces of a person                                                   name; empty: none
same        faces of one person          more faces of that person
merge       clear faces of a person      clear faces of another: all of theirs
                                         are one person
different   faces of a person            faces of somebody else
split       faces of one person          clear faces of the person they were
                                         taken for
reject      faces, each for itself       clear faces of whom they do not show
ignore      clear faces of a person                                             empty; ``no``: undone
cover       one face
not_a_face  findings, each for itself                                           empty; ``no``: undone
draw        one face, drawn by hand                                             photo, x, y, width, height
==========  ===========================  =====================================  ==========================

The photo of a drawn face is a ``photo_id``, its box in whole pixels of the upright photo; its id follows from
both, so that a name for it is a decision like any other.

The order of the lines does not matter: of two decisions on the same thing the one with the later ``at``
holds. So two copies of the file merge by keeping the lines of both.

A line that begins with ``#`` was taken back (`photoclust people undo`) and holds no more, and neither does
the same line without the mark. The file may have been saved by a spreadsheet: see
`photoclust.storage.spreadsheets`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from photoclust.people.decisions.line import (
    HEADER,
    Decision,
    cells_of,
    header_of,
    parsed,
    spoilt_person,
    without_mark,
)
from photoclust.storage.spreadsheets import line_end, separator_of

_parsed = lru_cache(maxsize=2048)(parsed)
"""Lines stay as they are, and the pages of review read them anew with each that is added."""

STEP = timedelta(microseconds=1)  # between the lines of one command
BETWEEN_COMMANDS = timedelta(milliseconds=1)


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
        if header := header_of(held, separator):
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
            remarks += spoilt_person(decision) if decision and holds else []
    gone = set(taken_back)
    held_lines = sorted(decision for decision in lines if decision not in gone)
    return Decisions(tuple(held_lines), tuple(problems), tuple(sorted(taken_back)), tuple(remarks), columns)


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
        cells: dict[str, str] = dict(zip(HEADER, cells_of(decision, moment + step * STEP), strict=True))
        writer.writerow(cells[name] for name in read.columns)
    return out.getvalue()
