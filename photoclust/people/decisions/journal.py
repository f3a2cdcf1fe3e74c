"""What was said about people, command by command, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from photoclust.people.decisions.file import STEP, Decisions
from photoclust.people.decisions.line import (
    COVER,
    DIFFERENT,
    DRAW,
    IGNORE,
    MERGE,
    NAME,
    NOT_A_FACE,
    REJECT,
    SAME,
    SPLIT,
    UNDONE,
    Decision,
)

Called = Callable[[str], str]
"""What the person of a face is called."""


@dataclass(frozen=True)
class Command:
    """The lines that one command wrote.

    Attributes
    ----------
    lines
        In the order in which they were taken.
    taken_back
        Whether they hold no more.
    """

    lines: tuple[Decision, ...]
    taken_back: bool


def commands(decisions: Decisions) -> list[Command]:
    """What was said, the oldest first; the lines of one command follow one another by `STEP`."""
    every = sorted(
        [(line, False) for line in decisions.lines] + [(line, True) for line in decisions.taken_back],
        key=lambda pair: pair[0].at,
    )
    found: list[Command] = []
    for line, taken_back in every:
        last = found[-1] if found else None
        if last and last.taken_back == taken_back and line.at - last.lines[-1].at == STEP:
            found[-1] = Command((*last.lines, line), taken_back)
        else:
            found.append(Command((line,), taken_back))
    return found


def in_words(lines: Sequence[Decision], called: Called) -> str:
    """What some lines say, in a sentence without its end: ``joined Ada and Person 7``."""
    told = [line for line in lines if not _keeps_name(line, lines, called)]
    said = dict.fromkeys(_in_words(kind, told, called) for kind in dict.fromkeys(x.kind for x in told))
    text = "; ".join(said)
    return text[:1].upper() + text[1:]


def _keeps_name(line: Decision, lines: Sequence[Decision], called: Called) -> bool:
    """Whether a line says that people who are joined are called what the first of them was called before."""
    joins = any(other.kind == MERGE for other in lines)
    return joins and line.kind == NAME and called(line.faces[0]) == line.value


def _in_words(kind: str, every: Sequence[Decision], called: Called) -> str:
    lines = [line for line in every if line.kind == kind]
    first = lines[0]
    who, others = called(first.faces[0]), _and(dict.fromkeys(called(x.others[0]) for x in lines if x.others))
    count = sum(len(line.faces) for line in lines)
    faces = f"{count:,} {'face' if count == 1 else 'faces'}"
    if kind == NAME:
        who = "it" if any(line.kind == DRAW and line.faces == first.faces for line in every) else who
        return f"named {who} {first.value!r}" if first.value else f"took the name of {who} away"
    if kind == IGNORE:
        everybody = _and(dict.fromkeys(called(line.faces[0]) for line in lines))
        return f"took {everybody} into the lists again" if first.value == UNDONE else f"ignored {everybody}"
    if kind == NOT_A_FACE:
        are = "a face" if count == 1 else "faces"
        return f"said of {faces} that {_it(count)} {'' if first.value == UNDONE else 'not '}{are}"
    return {
        DRAW: f"drew {'a face' if count == 1 else faces} by hand",
        MERGE: f"joined {who} and {others}",
        SAME: f"put {faces} together with {others}" if others else f"put {faces} together",
        DIFFERENT: f"kept {who} and {others} apart",
        SPLIT: f"parted {faces} from {others}",
        REJECT: f"said of {faces} that they are not {others}",
        COVER: f"chose a cover for {who}",
    }[kind]


def _it(count: int) -> str:
    return "it is" if count == 1 else "they are"


def _and(names: Sequence[str] | dict[str, None]) -> str:
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last
