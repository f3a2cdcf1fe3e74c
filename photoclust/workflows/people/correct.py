"""What a user says about people, turned into decisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.people.decisions.file import added_lines
from photoclust.people.decisions.journal import Command, commands
from photoclust.people.decisions.line import (
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
)
from photoclust.workflows.people.people_index import LIKE_AN_ID, PERSON_NUMBER, PeopleIndex, Ref
from photoclust.workflows.snapshot.grouping import require_understood
from photoclust.workflows.snapshot.lost_decisions import require_decisions


def write(store: IndexStore, people_index: PeopleIndex, decisions: Sequence[Decision]) -> None:
    """Append decisions to the index's file; the caller holds the lock.

    Raises
    ------
    DecisionsError
        When the file holds a line that cannot be understood, or has lost most of what it held: nothing could
        be applied.
    """
    require_understood(people_index.decisions, store.decisions_file)
    require_decisions(store, people_index.in_force, people_index.decisions)
    store.add_decisions(added_lines(people_index.text, decisions, datetime.now(UTC)))


def take_back(
    store: IndexStore, people_index: PeopleIndex, how_many: int, redo: bool = False
) -> list[Command]:
    """Take back the last things that were said, or with `redo` what was taken back last; under the lock.

    Returns
    -------
    list of Command
        What no longer holds, or holds again, in the order in which it was done.

    Raises
    ------
    UsageError
        There is nothing to take back, or `how_many` is less than 1.
    """
    if how_many < 1:  # a slice would take a negative number for all but so many
        raise UsageError(f"how_many must be 1 or more, not {how_many}.")
    require_understood(people_index.decisions, store.decisions_file)
    every = commands(people_index.decisions)
    chosen = _taken_back(every)[:how_many] if redo else _held(every)[::-1][:how_many]
    if not chosen:
        raise UsageError(
            "Nothing was taken back that could hold again." if redo else "Nothing has been said to take back."
        )
    lines = {line.line for command in chosen for line in command.lines}
    store.mark_decisions(lines, TAKEN_BACK, held=redo)
    return chosen


def _held(every: Sequence[Command]) -> list[Command]:
    return [command for command in every if not command.taken_back]


def _taken_back(every: Sequence[Command]) -> list[Command]:
    """What was taken back, the last taken back first: what is later than all that holds, then the rest."""
    last = max((place for place, command in enumerate(every) if not command.taken_back), default=-1)
    return [one for one in (*every[last + 1 :], *every[: last + 1]) if one.taken_back]


def named_joined(people_index: PeopleIndex, decisions: Sequence[Decision]) -> list[str]:
    """Names of the people that would become one by some decisions, where these have two names or more."""
    apart = any(line.kind == DIFFERENT for line in decisions)
    for line in decisions:
        sides = [*line.faces[:1], *line.others[:1]] if line.kind == MERGE else line.faces[:1]
        names = {people_index.names.get(people_index.person_of.get(face, ""), "") for face in sides}
        if line.kind == NAME and line.value in people_index.names.values() and not apart:
            names.add(line.value)
        if line.kind in (MERGE, NAME) and len(names - {""}) > 1:
            return sorted(names - {""})
    return []


# -- what is said ---------------------------------------------------------------------------------------


def name(people_index: PeopleIndex, person: str, new_name: str, another: bool = False) -> list[Decision]:
    """Name a person; with `another` they are not whoever has that name already."""
    new_name = checked_name(new_name)
    namesakes = [
        p for p, row in people_index.people.items() if new_name and row["name"] == new_name and p != person
    ]
    apart = [
        said(DIFFERENT, person, people_index.anchors(person), people_index.anchors(other))
        for other in namesakes
        if another
    ]
    return [*apart, said(NAME, person, people_index.members(person), value=new_name)]


def checked_name(new_name: str) -> str:
    """A name as it is stored.

    Raises
    ------
    UsageError
        Nobody can have it.
    """
    try:
        new_name = acceptable_name(new_name)
    except ValueError as error:
        raise UsageError(f"{error}.".capitalize()) from error
    if PERSON_NUMBER.fullmatch(new_name):
        raise UsageError(f"{new_name!r} is how people without a name are called; choose another.")
    if LIKE_AN_ID.fullmatch(new_name):
        raise UsageError(f"{new_name!r} looks like the id of a person or a face; choose another name.")
    return new_name


def merge(people_index: PeopleIndex, people: Sequence[str]) -> list[Decision]:
    """Make people one, with all their faces; the first keeps their name."""
    first, *others = dict.fromkeys(people)
    if not others:
        raise UsageError("A merge needs two people or more, and these are one.")
    anchors = people_index.anchors(first)
    lines = [said(MERGE, first, anchors, people_index.anchors(other)) for other in others]
    kept = people_index.people[first]["name"]
    renamed = kept and any(people_index.people[other]["name"] not in ("", kept) for other in others)
    return [*lines, *([said(NAME, first, people_index.members(first), value=kept)] if renamed else [])]


def split(people_index: PeopleIndex, person: str, faces: Sequence[str]) -> list[Decision]:
    """Take faces out of a person, as another person."""
    for face in faces:
        if people_index.person_of[face] != person:
            raise UsageError(f"Face {face} is not one of {people_index.called(person)}'s; nothing was split.")
    return in_pieces(SPLIT, person, faces, people_index.anchors(person, without=faces))


def reject(people_index: PeopleIndex, person: str, faces: Sequence[str]) -> list[Decision]:
    """Say of faces that they are not a person."""
    return in_pieces(REJECT, person, faces, people_index.anchors(person, without=faces))


def same(people_index: PeopleIndex, refs: Sequence[Ref]) -> list[Decision]:
    """Put faces together, with each other or with a person; people among themselves are merged."""
    people = list(dict.fromkeys(ref.person for ref in refs if ref.person))
    faces = list(dict.fromkeys(ref.face for ref in refs if ref.face))
    if len(people) + len(faces) < 2:
        raise UsageError("Name two faces or people who are the same.")
    lines = merge(people_index, people) if len(people) > 1 else []
    if not faces:
        return lines
    others = people_index.anchors(people[0], without=faces) if people else ()
    return [*lines, *in_pieces(SAME, people[0] if people else "", faces, others)]


def different(people_index: PeopleIndex, one: Ref, other: Ref) -> list[Decision]:
    """Keep two people, two faces, or a face and a person apart."""
    if one == other:
        raise UsageError("Nobody is different from themselves; name two people or faces.")
    left, right = (_side(people_index, one, other), _side(people_index, other, one))
    return [said(DIFFERENT, one.person or other.person, left, right)]


def ignore(people_index: PeopleIndex, people: Sequence[str], undo: bool = False) -> list[Decision]:
    """Leave people out of the lists, or take them in again."""
    return [
        said(IGNORE, person, people_index.anchors(person), value=UNDONE if undo else "") for person in people
    ]


def cover(people_index: PeopleIndex, person: str, face: str) -> list[Decision]:
    """Choose the face that stands for a person in lists."""
    if people_index.person_of[face] != person:
        raise UsageError(f"Face {face} is not one of {people_index.called(person)}'s; choose another.")
    return [said(COVER, person, (face,))]


def said(
    kind: str, person: str, faces: Sequence[str], others: Sequence[str] = (), value: str = ""
) -> Decision:
    """A decision that is yet to be written down, which sets its time."""
    return Decision(datetime.min.replace(tzinfo=UTC), kind, tuple(faces), tuple(others), value, person)


def in_pieces(kind: str, person: str, faces: Sequence[str], others: Sequence[str]) -> list[Decision]:
    """As many decisions as the faces need lines, each with the first face."""
    first, *rest = dict.fromkeys(faces)
    step = MOST_FACES - 1
    pieces = [rest[start : start + step] for start in range(0, max(len(rest), 1), step)]
    return [said(kind, person, (first, *piece), others) for piece in pieces]


def _side(people_index: PeopleIndex, ref: Ref, against: Ref) -> tuple[str, ...]:
    return (ref.face,) if ref.face else people_index.anchors(ref.person, without=[against.face])
