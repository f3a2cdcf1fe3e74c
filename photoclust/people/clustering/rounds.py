"""Rounds that several parts of a collection go through in step, so that the outcome is that of the whole.

What joins in one part has nothing to do with another part, but for two things: how careful to be follows from
the number of faces in the whole collection, and weak evidence waits until the strong is used up everywhere.
So each part tells its `SuperstepState` before a round, and is told the standing of all of them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class SuperstepState:
    """What a round must know of all groups, wherever they are.

    Attributes
    ----------
    top
        Strongest evidence that is enough to join two groups, −inf where there is none.
    faces
        Faces in all groups; near-identical ones count once.
    """

    top: float
    faces: float


Rounds = Generator[SuperstepState, SuperstepState, Outcome]
"""Says how it stands, is told how all stand, and so on; all of them end together."""


def total(standings: Iterable[SuperstepState]) -> SuperstepState:
    """Standing of several parts together; whole numbers are added, so that their order does not matter."""
    every = list(standings)
    top = max((one.top for one in every), default=float("-inf"))
    return SuperstepState(top, sum(one.faces for one in every))


def run_lockstep(parts: Sequence[Rounds[Outcome]]) -> Rounds[list[Outcome]]:
    """Several parts as one."""
    told: SuperstepState | None = None
    while True:
        said: list[SuperstepState] = []
        ended: list[Outcome] = []
        for part in parts:
            try:
                said.append(next(part) if told is None else part.send(told))
            except StopIteration as end:
                ended.append(end.value)
        if not said:
            return ended
        told = yield total(said)


def run_alone(rounds: Rounds[Outcome]) -> Outcome:
    """Go through all rounds of what is the whole collection."""
    told: SuperstepState | None = None
    while True:
        try:
            told = next(rounds) if told is None else rounds.send(told)
        except StopIteration as end:
            return end.value
