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
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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

MOST_FACES = 1000  # in one column of one line
LONGEST_NAME = 200
_LONGEST_LINE = 100_000
_ID = re.compile(r"[0-9A-Za-z_.-]{1,64}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
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
        One sentence for each line that was passed over, with its number.
    """

    lines: tuple[Decision, ...] = ()
    problems: tuple[str, ...] = ()


def read_decisions(text: str) -> Decisions:
    """Parse the text of a decisions file; bad lines are reported and the rest is taken."""
    lines: list[Decision] = []
    problems: list[str] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        try:
            decision = _parsed(line.removesuffix("\r"), number)
        except ValueError as error:
            problems.append(f"Line {number} of the decisions was passed over: {error}.")
        else:
            lines += [decision] if decision else []
    return Decisions(tuple(sorted(lines)), tuple(problems))


def added_lines(text: str, new: Iterable[Decision], now: datetime) -> str:
    """Text to append to a decisions file.

    Parameters
    ----------
    text
        What the file holds; empty where there is none.
    new
        Decisions in the order in which they were taken; their ``at`` is set here.
    now
        The time. Should a line of the file be later, by a clock that is ahead, theirs is later still.
    """
    last = max((decision.at for decision in read_decisions(text).lines), default=now)
    moment = max(now, last + timedelta(microseconds=1))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    if not text:
        writer.writerow(HEADER)
    elif not text.endswith("\n"):
        out.write("\n")
    for step, decision in enumerate(new):
        writer.writerow(_columns(decision, moment + timedelta(microseconds=step)))
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


def _parsed(line: str, number: int) -> Decision | None:
    """The decision on a line, None where there is none; ValueError says why it cannot be one."""
    if not line.strip() or line == ",".join(HEADER):
        return None
    if line.startswith(_CONFLICT):
        raise ValueError("a mark of a merge that was not finished; keep the lines of both sides")
    if len(line) > _LONGEST_LINE:
        raise ValueError(f"it has {len(line):,} characters, more than {_LONGEST_LINE:,}")
    try:
        row = next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise ValueError(f"it is no CSV ({error})") from error
    if len(row) == 3:
        raise ValueError(f"3 columns, as in an early format; it needs {','.join(HEADER)}")
    if len(row) != len(HEADER):
        raise ValueError(f"{len(row)} columns where {len(HEADER)} are needed")
    at, kind, person, faces, others, value = (cell.strip() for cell in row)
    value = acceptable_name(_unescaped(value))
    return _checked(Decision(_time(at), kind, _ids(faces), _ids(others), value, person[:64], number))


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


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no time such as 2026-03-01T18:22:05Z") from None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text[:40]!r} lies outside the calendar") from None


def _ids(text: str) -> tuple[str, ...]:
    ids = tuple(dict.fromkeys(text.split()))
    if len(ids) > MOST_FACES:
        raise ValueError(f"it names {len(ids):,} faces at once, more than {MOST_FACES:,}")
    for one in ids:
        if not _ID.fullmatch(one):
            raise ValueError(f"{one[:40]!r} is no face id")
    return ids


def _columns(decision: Decision, at: datetime) -> tuple[str, ...]:
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    faces, others = " ".join(decision.faces), " ".join(decision.others)
    return moment, decision.kind, decision.person, faces, others, _escaped(decision.value)


def _escaped(value: str) -> str:
    """Keep a spreadsheet from running a name as a formula: an apostrophe goes in front."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _unescaped(value: str) -> str:
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value
