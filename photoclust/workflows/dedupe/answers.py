"""What a person answered to the findings in a data set, read back from the folder of the report.

A row of ``actions.csv`` that is gone, or says no, is refused: the photo stays where it is, and the same is
not proposed again. Refusals are kept in ``refused.csv``, by the path from the data set's folder, so that they
hold where both have moved. What else was changed in a row that says yes is done instead of what was proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from photoclust.errors import UsageError
from photoclust.photos.dataset import Dataset
from photoclust.report.dedupe.actions import ActionRow, TableRow, action_lines, read_rows, refused_lines
from photoclust.report.dedupe.findings import (
    DROP,
    FIRM,
    MIXED_LABEL,
    MOVE,
    PHOTO_IN_SPLITS,
    REVIEW,
    SAME_PERSON,
    SAME_PHOTO,
    SET_ASIDE,
    WRONG_LABEL,
    shown_path,
)
from photoclust.report.output import output_file, reported

ACTIONS, PROPOSED, REFUSED = "actions.csv", "proposed.csv", "refused.csv"

_LEFT_OUT = (SET_ASIDE, DROP)
_COMPARED = ("accept", "action", "proposed_label")
_TOPICS = {
    WRONG_LABEL: "label",
    MIXED_LABEL: "label",
    SAME_PHOTO: "copy",
    PHOTO_IN_SPLITS: "copy",
}
_SHOWN = 5  # lines that are told one by one

Refusal = tuple[str, str, str, str, str]
"""Path of a photo from the data set's folder, label, split, kinds of findings, and label proposed."""


def topic_of(kind: str, proposed: str) -> str:
    """What a finding of some kind says of a photo; a refusal holds for whatever says the same."""
    return f"{kind} {proposed}" if kind == SAME_PERSON else _TOPICS.get(kind, kind)


@dataclass(frozen=True)
class Answers:
    """What was answered.

    Attributes
    ----------
    refused
        Number of an entry of the data set and topic of the finding, for everything ever refused.
    edits
        Rows that a person changed, by the number of the entry.
    refusals
        Everything ever refused, as it is kept.
    new
        How many photos were refused since the last run.
    notes
        What could not be understood, a sentence each.
    """

    refused: frozenset[tuple[int, str]] = frozenset()
    edits: Mapping[int, TableRow] = field(default_factory=dict[int, TableRow])
    refusals: tuple[Refusal, ...] = ()
    new: int = 0
    notes: tuple[str, ...] = ()


def read_answers(folder: Path, dataset: Dataset) -> Answers:
    """Read what was answered to the report in a folder; nothing where there is none.

    Raises
    ------
    UsageError
        When one of the tables cannot be read: it holds somebody's work, and is not written over.
    """
    places = _Places(dataset)
    old = [_refusal(row) for row in _table(folder / REFUSED)]
    before = {row.place: row for row in _table(folder / PROPOSED)}
    edited = _table(folder / ACTIONS) if (folder / ACTIONS).exists() else list(before.values())
    notes = _Notes(folder / ACTIONS)
    edits, new = dict[int, TableRow](), dict[int, TableRow]()
    for row in edited:
        number = places.number(*row.place)
        if number is None:
            notes.add(row.line, "is about a photo and label that the data set does not hold")
            continue
        try:
            answer = row.answer
        except ValueError as error:
            notes.add(row.line, str(error))
            row = _unanswered(row)
            answer = None
        if answer is False:
            new[number] = before.get(row.place, row)
        elif _differs(row, before.get(row.place)):
            edits[number] = row
    kept = {row.place for row in edited}
    for place, row in before.items():
        number = places.number(*place)
        if place not in kept and number is not None:
            new[number] = row
    refusals = tuple(dict.fromkeys([*old, *(places.refusal(n, row) for n, row in new.items())]))
    return Answers(frozenset(places.topics(refusals)), edits, refusals, len(new), notes.sentences())


def _table(file: Path) -> list[TableRow]:
    try:
        return read_rows(file.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{file} cannot be read: {reason}. Mend it, or move it away to begin without your answers."
        ) from error


def _refusal(row: TableRow) -> Refusal:
    return *row.place, " ".join(row.findings), row.cells.get("proposed_label", "")


def _unanswered(row: TableRow) -> TableRow:
    return TableRow(row.line, {**row.cells, "accept": ""})


def _differs(row: TableRow, before: TableRow | None) -> bool:
    """Whether somebody changed a row since it was written."""
    written = before.cells if before else {}
    return any(row.cells.get(name, written.get(name)) != written.get(name) for name in _COMPARED)


class _Places:
    """Finds the entries of a data set by what a table says of them."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._numbers: dict[tuple[str, str, str], int] = {}
        for number, entry in enumerate(dataset.entries):
            for photo in (self._name(number), shown_path(entry.uri)):
                self._numbers[photo, entry.label, entry.split] = number

    def _name(self, number: int) -> str:
        """Path from the data set's folder; of what lies elsewhere the path or URI."""
        uri = self._dataset.entries[number].uri
        inside = uri.removeprefix(f"{self._dataset.root.rstrip('/')}/")
        return inside if inside != uri else shown_path(uri)

    def number(self, photo: str, label: str, split: str) -> int | None:
        """The entry; also where the data set lay elsewhere when the table was written."""
        parts = photo.split("/")
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        found = (self._numbers.get((end, label, split)) for end in ends)
        return next((number for number in found if number is not None), None)

    def refusal(self, number: int, row: TableRow) -> Refusal:
        """What is kept of a row that was refused."""
        _, label, split, *rest = _refusal(row)
        return self._name(number), label, split, rest[0], rest[1]

    def topics(self, refusals: Iterable[Refusal]) -> Iterable[tuple[int, str]]:
        """Entries and what is not to be said of them again."""
        for photo, label, split, findings, proposed in refusals:
            number = self.number(photo, label, split)
            if number is not None:
                yield from ((number, topic_of(kind, proposed)) for kind in findings.split())


class _Notes:
    """Collects what is wrong with lines of a table."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, trouble: str) -> None:
        self._found.append((line, trouble))

    def sentences(self) -> tuple[str, ...]:
        told = [f"{self._file}, line {line}: {trouble}; not used." for line, trouble in self._found[:_SHOWN]]
        rest = len(self._found) - len(told)
        return (*told, *([f"{self._file}: {rest} more lines were not used."] if rest else []))


# -- what is done -------------------------------------------------------------------------------------


def answered(rows: Sequence[tuple[int, ActionRow]], answers: Answers) -> list[tuple[int, ActionRow]]:
    """Rows as they are after what was changed in them, each with the number of its entry."""
    return [(number, _changed(row, answers.edits.get(number))) for number, row in rows]


def _changed(row: ActionRow, edit: TableRow | None) -> ActionRow:
    if edit is None:
        return row
    action = edit.cells.get("action", "").strip().casefold() or row.action
    if action not in FIRM | {REVIEW}:
        action = row.action
    proposed = edit.cells.get("proposed_label", row.proposed).strip()
    if action in _LEFT_OUT and action != row.action:
        proposed = ""
    elif action in _LEFT_OUT and proposed:
        action = MOVE
    accept = "yes" if edit.answer else ""
    return replace(row, accept=accept, action=action, proposed=proposed)


def labels_after(labels: Sequence[str], rows: Iterable[tuple[int, ActionRow]]) -> list[str]:
    """Label of each entry when everything is done that is accepted; ``""`` where it is left out."""
    after = list(labels)
    for number, row in rows:
        if row.accept:
            after[number] = "" if row.action in _LEFT_OUT else row.proposed or row.label
    return after


# -- writing ------------------------------------------------------------------------------------------


def write_tables(folder: Path, rows: Sequence[tuple[int, ActionRow]], answers: Answers) -> None:
    """Write the tables of a report, each whole or not at all, readable by their owner alone.

    Between the refusals and the proposals as they were written there is never a moment at which a row of
    ``actions.csv`` would seem to be deleted.

    Parameters
    ----------
    folder
        Folder of the report; made where missing.
    rows
        What is proposed, before what a person changed.
    answers
        What was answered before.

    Raises
    ------
    OutputError
        When one cannot be written.
    """
    with reported(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if answers.refusals:
        with output_file(folder / REFUSED) as stream:
            stream.writelines(refused_lines(answers.refusals))
    with reported(folder / PROPOSED):
        (folder / PROPOSED).unlink(missing_ok=True)
    with output_file(folder / ACTIONS) as stream:
        stream.writelines(action_lines(row for _, row in answered(rows, answers)))
    with output_file(folder / PROPOSED) as stream:
        stream.writelines(action_lines(row for _, row in rows))
