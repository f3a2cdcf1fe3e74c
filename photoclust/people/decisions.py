"""What people said about people, read from ``decisions.csv`` and replayed at every grouping.

The file is the user's: plain text, UTF-8, a header and a line for each decision::

    kind,subject,value
    name,3f6c1d0a9b2e4c11,Ada Lovelace

``subject`` is a person id or a face id.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO

_HEADER = ["kind", "subject", "value"]


@dataclass(frozen=True)
class Decisions:
    """What a decisions file says.

    Attributes
    ----------
    names
        Name given to each person id or face id; the last line wins.
    problems
        One sentence for each line that was passed over, with its number.
    """

    names: Mapping[str, str]
    problems: tuple[str, ...] = ()


def read_decisions(text: str) -> Decisions:
    """Parse the text of a decisions file; bad lines are reported and the rest applied."""
    names: dict[str, str] = {}
    problems: list[str] = []
    reader = csv.reader(StringIO(text.removeprefix("\ufeff")))
    for row in reader:
        if not any(row) or row == _HEADER:
            continue
        problem = _problem(row)
        if problem:
            problems.append(f"Line {reader.line_num} of the decisions: {problem}.")
        else:
            names[row[1]] = row[2].strip()
    return Decisions(names, tuple(problems))


def _problem(row: list[str]) -> str:
    """Why a row cannot be applied; empty where it can."""
    if len(row) != len(_HEADER):
        return f"{len(row)} columns where {len(_HEADER)} are needed"
    if row[0] != "name":
        return f"unknown kind {row[0][:40]!r}"
    if not row[1].strip() or not row[2].strip():
        return "a name needs a subject and a value"
    return ""
