"""`Index.correct`: what a user says about people, one method for each thing to say."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager

from photoclust.api.context import context_of
from photoclust.api.results import Correction
from photoclust.index.store import IndexStore
from photoclust.people.decisions.journal import in_words
from photoclust.people.decisions.line import Decision
from photoclust.workflows.people import correct, which_faces
from photoclust.workflows.people.apply import Applied, Decide, apply, note, note_undo
from photoclust.workflows.people.log import LogEntry, log, words_of
from photoclust.workflows.people.people_index import PeopleIndex


class Corrections:
    """Says who is who; what is said holds at every grouping from now on, and is applied at once.

    A *person* is an id, the beginning of one, a name, or ``"Person 7"`` as on the review page; a *face* is
    an id or the beginning of one. Each method gives a `Correction`. `undo` takes corrections back.

    Where there is much to say, say it `later` and `apply` it once.

    Raises
    ------
    UsageError
        From every method: nobody, or more than one, is meant.
    IndexMissingError
        From every method: nobody has grouped the faces yet.

    Examples
    --------
    >>> index.correct.name("Person 1", "Ada Lovelace")                   # doctest: +SKIP
    >>> index.correct.merge("Ada Lovelace", "Person 7")                  # doctest: +SKIP
    >>> index.correct.undo()                                             # doctest: +SKIP
    >>> for face in faces:                                               # doctest: +SKIP
    ...     index.correct.later.reject("Ada Lovelace", face)
    >>> index.correct.apply().moved                                      # doctest: +SKIP
    3
    """

    def __init__(
        self, reopen: Callable[[], AbstractContextManager[IndexStore]], *, applied: bool = True
    ) -> None:
        self._open = reopen
        self._applied = applied

    def __repr__(self) -> str:
        return f"<corrections that are {'applied at once' if self._applied else 'only written down'}>"

    @property
    def later(self) -> Corrections:
        """The same methods; what is said is only written down, until `apply` or `Index.group`.

        Until then people have the ids and names that they have now.
        """
        return Corrections(self._open, applied=False)

    def apply(self) -> Correction:
        """Apply what was only written down: group again with the settings in force."""
        with self._open() as store:
            return _applied((), apply(store, PeopleIndex(store), context_of()))

    def name(self, person: str, name: str, *, another: bool = False, join_named: bool = False) -> Correction:
        """Name a person; whoever has that name already is joined with them.

        Parameters
        ----------
        person
            Whom.
        name
            ``""`` takes a name away.
        another
            It is somebody else of the same name: nobody is joined.
        join_named
            It is meant that two people who both have a name become one.
        """
        return self._say(lambda p: correct.name(p, p.person(person), name, another), join_named)

    def merge(self, *people: str, join_named: bool = False) -> Correction:
        """Make people one, with all their faces; the first keeps their name.

        With `join_named` two people who both have a name may become one.
        """
        return self._say(lambda p: correct.merge(p, [p.person(one) for one in people]), join_named)

    def split(self, person: str, *faces: str) -> Correction:
        """Take faces out of a person as another person; what looks more like them goes along."""
        return self._say(lambda p: correct.split(p, p.person(person), [p.face(one) for one in faces]))

    def reject(self, person: str, *faces: str) -> Correction:
        """Say that faces, and those near-identical to them, are not a person."""
        return self._say(lambda p: correct.reject(p, p.person(person), [p.face(one) for one in faces]))

    def same(self, *which: str, join_named: bool = False) -> Correction:
        """Put faces together, with each other or with a person; people among themselves are merged."""
        return self._say(lambda p: correct.same(p, [p.either(one) for one in which]), join_named)

    def different(self, one: str, other: str) -> Correction:
        """Keep two people, two faces, or a face and a person apart from now on."""
        return self._say(lambda p: correct.different(p, p.either(one), p.either(other)))

    def ignore(self, *people: str, undo: bool = False) -> Correction:
        """Leave people out of lists and put them last in the review page; with `undo` no longer."""
        return self._say(lambda p: correct.ignore(p, [p.person(one) for one in people], undo))

    def cover(self, person: str, face: str) -> Correction:
        """Choose the face that stands for a person."""
        return self._say(lambda p: correct.cover(p, p.person(person), p.face(face)))

    def not_a_face(self, *faces: str, undo: bool = False) -> Correction:
        """Say that findings are no faces, so that they are in no grouping; with `undo` they are again."""
        return self._say(lambda p: which_faces.not_a_face(p, faces, undo))

    def draw(
        self, photo: str | os.PathLike[str], box: tuple[float, float, float, float], name: str = ""
    ) -> Correction:
        """Draw a face that was not found; it is read from its photo when the correction is applied.

        Parameters
        ----------
        photo
            Path or URI of a photo of the index, or its ``photo_id``.
        box
            x, y, width and height in pixels of the upright photo; where the detector sees a face in it, the
            box is moved to fit.
        name
            Who it is: somebody who is there, or a new name; ``""`` says nothing.
        """
        x, y, width, height = box
        corners = (x, y, x + width, y + height)

        def decide(people: PeopleIndex) -> list[Decision]:
            with self._open() as store:
                return which_faces.draw(people, which_faces.drawn_on(store, os.fspath(photo)), corners, name)

        return self._say(decide)

    def undo(self, how_many: int = 1) -> Correction:
        """Take back the last things that were said; everybody has the id of before."""
        return self._take_back(how_many, redo=False)

    def redo(self, how_many: int = 1) -> Correction:
        """Let what was taken back hold again, the last taken back first."""
        return self._take_back(how_many, redo=True)

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """Everything that was said, the latest first, and what of it was taken back."""
        with self._open() as store:
            return tuple(log(PeopleIndex(store)))

    def _say(self, decide: Decide, join_named: bool = False) -> Correction:
        with self._open() as store:
            noted = note(store, decide, join_named)
            said = in_words(noted.decisions, noted.before.called_of)
            return self._done(store, noted.before, (said,))

    def _take_back(self, how_many: int, redo: bool) -> Correction:
        with self._open() as store:
            before, done = note_undo(store, how_many, redo)
            return self._done(store, before, words_of(before, done))

    def _done(self, store: IndexStore, before: PeopleIndex, said: tuple[str, ...]) -> Correction:
        if not self._applied:
            return Correction(said, 0, len(before.people), (), applied=False)
        return _applied(said, apply(store, before, context_of()))


def _applied(said: tuple[str, ...], applied: Applied) -> Correction:
    return Correction(said, applied.moved, applied.people, applied.problems, applied=True)
