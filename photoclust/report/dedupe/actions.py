"""What is proposed for each photo of a data set, as tables that people edit and give back.

::

    OUTPUT/
      actions.csv    a row for each photo that a finding touches; yours to edit
      proposed.csv   the same as it was written, which shows what you deleted or changed
      refused.csv    what you refused; take lines out, and it is proposed again

A spreadsheet may save them in its own encoding and with its own separator. A text that it would take for a
formula has an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from photoclust.report.dedupe.findings import shown_path
from photoclust.storage.spreadsheets import column_name, decoded, escaped, rows_of, separator_of, unescaped

COLUMNS = (
    "photo",
    "label",
    "split",
    "finding",
    "accept",
    "action",
    "proposed_label",
    "confidence",
    "reason",
)
REFUSED_COLUMNS = ("photo", "label", "split", "finding", "proposed_label")

_YES = frozenset({"yes", "y", "true", "1", "x", "accept", "accepted", "ok", "ja", "j", "oui", "si", "sí"})
_NO = frozenset({"no", "n", "false", "0", "refuse", "refused", "reject", "nein", "non"})


@dataclass(frozen=True)
class ActionRow:
    """What is proposed for one photo under one label.

    Attributes
    ----------
    uri, label, split
        The photo, and where it is in the data set.
    findings
        Kinds of the findings that touch it.
    accept
        ``yes``: it will be done; ``""``: it is left to a person.
    action, proposed
        What would be done, and the label that it would have then; ``""`` for none.
    confidence
        Probability that the finding behind the action is so.
    reason
        What speaks for it.
    """

    uri: str
    label: str
    split: str
    findings: tuple[str, ...]
    accept: str
    action: str
    proposed: str
    confidence: float
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "photo": shown_path(self.uri),
            "label": self.label,
            "split": self.split,
            "findings": list(self.findings),
            "accept": self.accept == "yes",
            "action": self.action,
            "proposed_label": self.proposed,
        }


@dataclass(frozen=True)
class TableRow:
    """A row of one of the tables as it is read: line number, and text of each column by its name."""

    line: int
    cells: dict[str, str]

    @property
    def place(self) -> tuple[str, str, str]:
        """Photo, label and split that it is about."""
        return self.cells["photo"], self.cells["label"], self.cells.get("split", "")

    @property
    def findings(self) -> tuple[str, ...]:
        """Kinds of findings that it names."""
        return tuple(self.cells.get("finding", "").split())

    @property
    def answer(self) -> bool | None:
        """Whether it is accepted; None where nothing is said.

        Raises
        ------
        ValueError
            When neither yes nor no is meant.
        """
        said = self.cells.get("accept", "").strip().casefold()
        if said in _YES or said in _NO:
            return said in _YES
        if said:
            raise ValueError(f"accept is {said[:40]!r}, which is neither yes nor no")
        return None


def action_lines(rows: Iterable[ActionRow]) -> Iterator[bytes]:
    """Lines of ``actions.csv``, UTF-8, header first."""
    yield _csv_line(COLUMNS)
    for one in rows:
        place = shown_path(one.uri), one.label, one.split
        texts = *place, " ".join(one.findings), one.accept, one.action, one.proposed
        yield _csv_line([*map(escaped, texts), f"{one.confidence:.3f}", escaped(one.reason)])


def refused_lines(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Lines of ``refused.csv`` from the values of `REFUSED_COLUMNS`."""
    yield _csv_line(REFUSED_COLUMNS)
    for one in rows:
        yield _csv_line(map(escaped, one))


def _csv_line(values: Iterable[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(values)
    return text.getvalue().encode("utf-8", "backslashreplace")


def read_rows(content: bytes) -> list[TableRow]:
    """Read one of the tables, however a spreadsheet has saved it.

    Raises
    ------
    ValueError
        When it is no such table; the message is a clause.
    """
    text, _ = decoded(content)
    found = rows_of(text, separator_of(text, COLUMNS))
    _, header = next(found, (1, []))
    names = [column_name(cell) for cell in header]
    if not {"photo", "label"} <= set(names):
        raise ValueError("its header lacks the columns photo and label")
    return [TableRow(line, _cells(names, cells)) for line, cells in found]


def _cells(names: list[str], cells: list[str]) -> dict[str, str]:
    filled = [*map(unescaped, cells), *[""] * (len(names) - len(cells))]
    return dict(zip(names, filled, strict=False))
