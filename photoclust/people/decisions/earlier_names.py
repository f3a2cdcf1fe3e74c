"""What was said about people, in words, with what they were called when it was said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from photoclust.people.decisions.journal import Command, in_words
from photoclust.people.decisions.line import MERGE, NAME, REJECT, SAME, SPLIT, Decision

Unnamed = Callable[[str, str], str]
"""What a person without a name is called: by the id they had, if that is known, and one of their faces."""


def retold(commands: Sequence[Command], unnamed: Unnamed, shown: Callable[[str], str] = str) -> list[str]:
    """What each command says, in a sentence without its end.

    Parameters
    ----------
    commands
        All of a decisions file, the oldest first. To those that hold, those that were taken back never
        happened: commands are taken back from the last on.
    unnamed
        What people without a name are called.
    shown
        Makes a name safe to look at.
    """
    held, every = _Names(), _Names()
    said: list[str] = []
    for command in commands:
        names = every if command.taken_back else held
        said.append(in_words(command.lines, names.called(command.lines, unnamed, shown)))
        for line in command.lines:
            every.take(line)
            if not command.taken_back:
                held.take(line)
    return said


class _Names:
    """Names of people, as the decisions up to some line gave them."""

    def __init__(self) -> None:
        self._person_of: dict[str, int] = {}  # a number for each name that was given, by face
        self._names: list[str] = []

    def called(
        self, lines: Iterable[Decision], unnamed: Unnamed, shown: Callable[[str], str]
    ) -> Callable[[str], str]:
        """What the person of a face is called."""
        ids = {face: line.person for line in lines for face in line.faces if line.person}
        return lambda face: shown(self._name(face)) or unnamed(ids.get(face, ""), face)

    def _name(self, face: str) -> str:
        return self._names[self._person_of[face]] if face in self._person_of else ""

    def take(self, line: Decision) -> None:
        """What a line changes about the names."""
        if line.kind == NAME:
            self._give(line.faces, line.value)
        elif line.kind == MERGE:
            self._join(line)
        elif line.kind == SAME and line.others and line.others[0] in self._person_of:
            self._person_of |= dict.fromkeys(line.faces, self._person_of[line.others[0]])
        elif line.kind in (SPLIT, REJECT):
            for face in line.faces:
                self._person_of.pop(face, None)

    def _give(self, faces: Iterable[str], name: str) -> None:
        self._names.append(name)
        self._person_of |= dict.fromkeys(faces, len(self._names) - 1)

    def _join(self, line: Decision) -> None:
        """Call both sides what the first is called, or the second where the first has no name."""
        name = self._name(line.faces[0]) or self._name(line.others[0])
        for face in (line.faces[0], line.others[0]):
            if face in self._person_of:
                self._names[self._person_of[face]] = name
        if name:
            strangers = [face for face in (*line.faces, *line.others) if face not in self._person_of]
            self._give(strangers, name)
