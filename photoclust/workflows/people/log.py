"""What was said of people, and what of it was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from photoclust.people.decisions.earlier_names import retold
from photoclust.people.decisions.journal import Command, commands
from photoclust.report.names import visible
from photoclust.workflows.people.people_index import PeopleIndex


@dataclass(frozen=True)
class LogEntry:
    """A correction that was made.

    Attributes
    ----------
    at
        When.
    said
        What, in words and with the names of that time.
    lines
        Which lines of ``decisions.csv`` say it.
    taken_back
        Whether it holds no more.
    """

    at: datetime
    said: str
    lines: tuple[int, ...]
    taken_back: bool

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self) | {"at": self.at.isoformat(), "lines": list(self.lines)}


def log(people_index: PeopleIndex) -> list[LogEntry]:
    """Everything that was said, the latest first."""
    return [
        LogEntry(command.lines[0].at, said, tuple(line.line for line in command.lines), command.taken_back)
        for command, said in reversed(_retold(people_index))
    ]


def words_of(people_index: PeopleIndex, chosen: Sequence[Command]) -> tuple[str, ...]:
    """What some of the commands say, with the names of their time."""
    told = dict(_retold(people_index))
    return tuple(told[command] for command in chosen)


def _retold(people_index: PeopleIndex) -> list[tuple[Command, str]]:
    every = commands(people_index.decisions)
    return list(zip(every, retold(every, people_index.unnamed, visible), strict=True))
