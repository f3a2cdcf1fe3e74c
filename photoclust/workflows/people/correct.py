"""What a user says about people, turned into decisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.people.decisions.file import (
    COVER,
    DIFFERENT,
    IGNORE,
    MERGE,
    MOST_FACES,
    NAME,
    REJECT,
    SAME,
    SPLIT,
    TAKEN_BACK,
    UNDONE,
    Decision,
    acceptable_name,
    added_lines,
)
from photoclust.people.decisions.journal import Command, commands
from photoclust.workflows.people.people_index import PERSON_NUMBER, Book, Ref
from photoclust.workflows.snapshot.grouping import require_understood
from photoclust.workflows.snapshot.lost_decisions import require_decisions


def write(store: IndexStore, book: Book, decisions: Sequence[Decision]) -> None:
    """Append decisions to the index's file; the caller holds the lock.

    Raises
    ------
    DecisionsError
        When the file holds a line that cannot be understood, or has lost most of what it held: nothing could
        be applied.
    """
    require_understood(book.decisions, store.decisions_file)
    require_decisions(store, book.in_force, book.decisions)
    store.add_decisions(added_lines(book.text, decisions, datetime.now(UTC)))


def take_back(store: IndexStore, book: Book, how_many: int, redo: bool = False) -> list[Command]:
    """Take back the last things that were said, or with `redo` what was taken back last; under the lock.

    Returns
    -------
    list of Command
        What no longer holds, or holds again, in the order in which it was done.

    Raises
    ------
    UsageError
        There is nothing to take back.
    """
    require_understood(book.decisions, store.decisions_file)
    said = [command for command in commands(book.decisions) if command.taken_back == redo]
    chosen = said[:how_many] if redo else said[::-1][:how_many]
    if not chosen:
        raise UsageError(
            "Nothing was taken back that could hold again." if redo else "Nothing has been said to take back."
        )
    lines = {line.line for command in chosen for line in command.lines}
    store.mark_decisions(lines, TAKEN_BACK, held=redo)
    return chosen


def named_joined(book: Book, decisions: Sequence[Decision]) -> list[str]:
    """Names of the people that would become one by some decisions, where these have two names or more."""
    apart = any(line.kind == DIFFERENT for line in decisions)
    for line in decisions:
        sides = [*line.faces[:1], *line.others[:1]] if line.kind == MERGE else line.faces[:1]
        names = {book.names.get(book.person_of.get(face, ""), "") for face in sides}
        if line.kind == NAME and line.value in book.names.values() and not apart:
            names.add(line.value)
        if line.kind in (MERGE, NAME) and len(names - {""}) > 1:
            return sorted(names - {""})
    return []


# -- what is said ---------------------------------------------------------------------------------------


def name(book: Book, person: str, new_name: str, another: bool = False) -> list[Decision]:
    """Name a person; with `another` they are not whoever has that name already."""
    try:
        new_name = acceptable_name(new_name)
    except ValueError as error:
        raise UsageError(f"{error}.".capitalize()) from error
    if PERSON_NUMBER.fullmatch(new_name):
        raise UsageError(f"{new_name!r} is how people without a name are called; choose another.")
    namesakes = [p for p, row in book.people.items() if new_name and row["name"] == new_name and p != person]
    apart = [
        _said(DIFFERENT, person, book.anchors(person), book.anchors(other)) for other in namesakes if another
    ]
    return [*apart, _said(NAME, person, book.members(person), value=new_name)]


def merge(book: Book, people: Sequence[str]) -> list[Decision]:
    """Make people one, with all their faces; the first keeps their name."""
    first, *others = dict.fromkeys(people)
    if not others:
        raise UsageError("A merge needs two people or more, and these are one.")
    anchors = book.anchors(first)
    lines = [_said(MERGE, first, anchors, book.anchors(other)) for other in others]
    kept = book.people[first]["name"]
    renamed = kept and any(book.people[other]["name"] not in ("", kept) for other in others)
    return [*lines, *([_said(NAME, first, book.members(first), value=kept)] if renamed else [])]


def split(book: Book, person: str, faces: Sequence[str]) -> list[Decision]:
    """Take faces out of a person, as another person."""
    for face in faces:
        if book.person_of[face] != person:
            raise UsageError(f"Face {face} is not one of {book.called(person)}'s; nothing was split.")
    return _in_pieces(SPLIT, person, faces, book.anchors(person, without=faces))


def reject(book: Book, person: str, faces: Sequence[str]) -> list[Decision]:
    """Say of faces that they are not a person."""
    return _in_pieces(REJECT, person, faces, book.anchors(person, without=faces))


def same(book: Book, refs: Sequence[Ref]) -> list[Decision]:
    """Put faces together, with each other or with a person; people among themselves are merged."""
    people = list(dict.fromkeys(ref.person for ref in refs if ref.person))
    faces = list(dict.fromkeys(ref.face for ref in refs if ref.face))
    if len(people) + len(faces) < 2:
        raise UsageError("Name two faces or people who are the same.")
    lines = merge(book, people) if len(people) > 1 else []
    if not faces:
        return lines
    others = book.anchors(people[0], without=faces) if people else ()
    return [*lines, *_in_pieces(SAME, people[0] if people else "", faces, others)]


def different(book: Book, one: Ref, other: Ref) -> list[Decision]:
    """Keep two people, two faces, or a face and a person apart."""
    if one == other:
        raise UsageError("Nobody is different from themselves; name two people or faces.")
    left, right = (_side(book, one, other), _side(book, other, one))
    return [_said(DIFFERENT, one.person or other.person, left, right)]


def ignore(book: Book, people: Sequence[str], undo: bool = False) -> list[Decision]:
    """Leave people out of the lists, or take them in again."""
    return [_said(IGNORE, person, book.anchors(person), value=UNDONE if undo else "") for person in people]


def cover(book: Book, person: str, face: str) -> list[Decision]:
    """Choose the face that stands for a person in lists."""
    if book.person_of[face] != person:
        raise UsageError(f"Face {face} is not one of {book.called(person)}'s; choose another.")
    return [_said(COVER, person, (face,))]


def _said(
    kind: str, person: str, faces: Sequence[str], others: Sequence[str] = (), value: str = ""
) -> Decision:
    return Decision(datetime.min.replace(tzinfo=UTC), kind, tuple(faces), tuple(others), value, person)


def _in_pieces(kind: str, person: str, faces: Sequence[str], others: Sequence[str]) -> list[Decision]:
    """As many decisions as the faces need lines, each with the first face."""
    first, *rest = dict.fromkeys(faces)
    step = MOST_FACES - 1
    pieces = [rest[start : start + step] for start in range(0, max(len(rest), 1), step)]
    return [_said(kind, person, (first, *piece), others) for piece in pieces]


def _side(book: Book, ref: Ref, against: Ref) -> tuple[str, ...]:
    return (ref.face,) if ref.face else book.anchors(ref.person, without=[against.face])
