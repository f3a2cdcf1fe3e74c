"""Questions about people, asked one after another; the next ones are worked out while some are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from photoclust.review import work
from photoclust.workflows.review.request import Kind
from photoclust.workflows.review.session import ReviewSession
from photoclust.workflows.review.view import View

if TYPE_CHECKING:
    from photoclust.workflows.people.suggest import Question

Beside = Callable[..., Coroutine[Any, Any, Any]]
"""Runs something in a process beside the server."""

MOST = 200
LEAST_CHANCE = 0.02
_MERGE, _JOIN, _PAIR = "merge", "join", "pair"


@dataclass(frozen=True)
class Answer:
    """What an answer says; see `photoclust.workflows.review.request.Said`."""

    kind: Kind
    people: tuple[str, ...]
    faces: tuple[str, ...]


@dataclass(frozen=True)
class QuestionSide:
    """A person, or faces in question, and the faces that are shown of it."""

    called: str
    person: str
    faces: list[str]


@dataclass(frozen=True)
class AskedQuestion:
    """A question.

    Attributes
    ----------
    key
        By which it is known again.
    text
        It in words.
    chance
        Probability, in [0, 1], that the answer is yes.
    affected
        Faces that a yes moves.
    gain
        Faces that the answer is expected to put right.
    """

    key: str
    kind: str
    text: str
    chance: float
    affected: int
    gain: float
    sides: list[QuestionSide]
    yes: Answer
    no: Answer


@dataclass(frozen=True)
class QuestionsPage:
    """The questions that are left, the most worth asking first; `fresh` if they are of the people shown."""

    revision: str
    fresh: bool
    questions: list[AskedQuestion]


class Questions:
    """The questions about the grouping in force.

    Parameters
    ----------
    session
        The index.
    beside
        Runs what takes long.
    tell
        Called when there are others.

    Attributes
    ----------
    answered
        Keys of those that were answered, which the grouping may not know yet.
    """

    def __init__(self, session: ReviewSession, beside: Beside, tell: Callable[[], None]) -> None:
        self._session, self._beside, self._tell = session, beside, tell
        self._run, self._found = "", list[AskedQuestion]()
        self._task: asyncio.Task[None] | None = None
        self.answered: set[str] = set()

    async def page(self, limit: int) -> QuestionsPage:
        """The first of those that are left."""
        session = self._session
        fresh = self._run == session.view.clustering.run_id
        if not fresh:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._ask())
            if not self._run:
                await self._task
                fresh = True
        left = [one for one in self._found if one.key not in self.answered and is_open(session.view, one)]
        return QuestionsPage(session.revision, fresh and not session.pending, left[:limit])

    async def _ask(self) -> None:
        folder = str(self._session.store.folder)
        run, found = await self._beside(work.questions, folder, MOST, LEAST_CHANCE)
        self._run, self._found = run, [asked(one) for one in found]
        self._tell()


def asked(one: Question) -> AskedQuestion:
    """A question as pages ask it."""
    yes, no = _answers(one)
    return AskedQuestion(
        "-".join([one.kind, *one.people, *one.faces[: 1 if one.people else None]]),
        one.kind,
        _text(one),
        one.chance,
        one.affected,
        one.gain,
        [QuestionSide(s.called, s.person, [face.face_id for face in s.faces]) for s in one.sides],
        yes,
        no,
    )


def _answers(one: Question) -> tuple[Answer, Answer]:
    if one.kind == _MERGE:
        return Answer("merge", one.people, ()), Answer("different", one.people, ())
    if one.kind in (_JOIN, _PAIR):
        return Answer("same", one.people, one.faces), Answer("different", one.people, one.faces)
    return Answer("reject", one.people, one.faces), Answer("same", one.people, one.faces)


def _text(one: Question) -> str:
    if one.kind == _MERGE:
        return f"Are {one.called[0]} and {one.called[1]} the same person?"
    if one.kind == _JOIN:
        return f"Is this {one.called[0]}?"
    if one.kind == _PAIR:
        return "Are these the same person?"
    return (
        f"Is this somebody else than {one.called[0]}?"
        if len(one.faces) == 1
        else (f"Are these somebody else than {one.called[0]}?")
    )


def is_open(view: View, one: AskedQuestion) -> bool:
    """Whether the people and faces of a question are still what it is about."""
    places = [view.place_of.get(person, -1) for person in one.yes.people]
    if any(place < 0 or not view.counts[place] for place in places):
        return False
    rows = [view.faces.row_of.get(face, -1) for face in one.yes.faces]
    if -1 in rows:
        return False
    owners = {int(view.person[row]) for row in rows}
    if one.kind == _MERGE:
        return len(set(places)) == 2
    return owners == ({-1} if one.kind in (_JOIN, _PAIR) else set(places))
