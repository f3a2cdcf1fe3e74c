"""Names that people gave in other programs, taken over as decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.people.decisions.line import (
    LONGEST_NAME,
    MOST_FACES,
    NAME,
    REJECT,
    SPLIT,
    Decision,
    acceptable_name,
)
from photoclust.workflows.context import Context
from photoclust.workflows.people.apply import apply, note
from photoclust.workflows.people.names_of_others import NamesFound, NameWithoutFace, find_names
from photoclust.workflows.people.people_index import LIKE_AN_ID, PERSON_NUMBER, PeopleIndex
from photoclust.workflows.people.which_faces import draw, drawn_on_all


@dataclass(frozen=True)
class NewName:
    """A name for a person, or for faces that were nobody's, for whom there was none.

    Attributes
    ----------
    name
        The name.
    person
        Id of the person; ``""`` for faces of nobody.
    called
        What they were called.
    faces
        How many of their faces carry the name in other programs.
    whole
        Whether all of the person is named, as no face of theirs carries another name.
    """

    name: str
    person: str
    called: str
    faces: int
    whole: bool


@dataclass(frozen=True)
class OtherName:
    """A face that has another name in the index, which stays; or was taken out of that person."""

    face: str
    name: str
    called: str


@dataclass(frozen=True)
class NamesImport:
    """What came of an import.

    Attributes
    ----------
    found
        What other programs say, and what of that fits no face.
    already
        How many faces have that name in the index already.
    new
        Who gets a name.
    drawn
        Rectangles without a face here, which become faces drawn by hand.
    several
        People several of whose names were found: what they are called, and the names with how many faces
        carry each.
    differing
        Faces whose name in the index is another, or that were taken out of that person.
    not_names
        Names that nobody can have, and why.
    moved, people
        Faces that changed their person, and how many people there are; None where nothing was applied.
    not_applied
        Decisions that could not be applied, a sentence each.
    """

    found: NamesFound
    already: int = 0
    new: list[NewName] = field(default_factory=list[NewName])
    drawn: list[NameWithoutFace] = field(default_factory=list[NameWithoutFace])
    several: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    differing: list[OtherName] = field(default_factory=list[OtherName])
    not_names: dict[str, str] = field(default_factory=dict[str, str])
    moved: int | None = None
    people: int | None = None
    not_applied: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def import_names(
    store: IndexStore, paths: Sequence[str], context: Context, dry_run: bool = False, later: bool = False
) -> NamesImport:
    """Take over names from files of other programs: XMP, Picasa, JSON of Takeout and others, CSV.

    A face gets a name only where neither it nor its person has one. A person all of whose named faces carry
    one name gets it as a whole, as `photoclust people name` gives it; of one whose faces carry several names,
    each name goes to just those faces. Where a rectangle holds no face of ours, one is drawn.

    Parameters
    ----------
    store
        The index; nobody may hold its lock.
    paths
        Files, and folders with all that is in them.
    context
        Where grouping runs and who is told of it.
    dry_run
        Only say what would be done.
    later
        Only write the decisions down.

    Raises
    ------
    UsageError
        A path is not there.
    IndexMissingError
        Nobody has grouped the faces yet.
    """
    people = PeopleIndex(store)
    report = NamesImport(find_names(store, people, paths))
    wanted, already = _wanted(people, report)
    report = replace(report, already=already)
    decisions = [*_drawn(store, people, report), *_decisions(people, wanted, report)]
    if dry_run or not decisions:
        return report
    noted = note(store, lambda _: decisions)
    if not later:
        applied = apply(store, noted.before, context)
        return replace(
            report, moved=applied.moved, people=applied.people, not_applied=tuple(applied.problems)
        )
    return report


Wanted = dict[str, dict[str, list[str]]]
"""Faces by name, by the id of the person they are with, ``""`` for nobody."""


def _wanted(people: PeopleIndex, report: NamesImport) -> tuple[Wanted, int]:
    """Names that are new to the index, and how many faces have theirs already; others go into the report."""
    already = 0
    taken_out = {
        face for line in people.decisions.lines if line.kind in (REJECT, SPLIT) for face in line.faces
    }
    wanted: Wanted = defaultdict(lambda: defaultdict(list))
    for face, said in sorted(report.found.names.items()):
        name, reason = _acceptable(said)
        person = people.person_of.get(face, "")
        current = people.names.get(person, "")
        if reason:
            report.not_names[said] = reason
        elif current == name:
            already += 1
        elif current or face in taken_out:
            report.differing.append(OtherName(face, name, current or "nobody: it was taken out"))
        else:
            wanted[person][name].append(face)
    return wanted, already


def _acceptable(said: str) -> tuple[str, str]:
    """A name as it is stored, and why nobody can have it."""
    try:
        name = acceptable_name(said)
    except ValueError as error:
        return said[:LONGEST_NAME], str(error)
    if PERSON_NUMBER.fullmatch(name):
        return name, "it is how people without a name are called"
    return name, "it looks like the id of a person or a face" if LIKE_AN_ID.fullmatch(name) else ""


def _decisions(people: PeopleIndex, wanted: Wanted, report: NamesImport) -> list[Decision]:
    lines: list[Decision] = []
    for person, names in sorted(wanted.items()):
        called = people.called(person) if person in people.people else ""
        whole = bool(called) and len(names) == 1
        if called and len(names) > 1:
            report.several[called] = {name: len(faces) for name, faces in sorted(names.items())}
        for name, faces in sorted(names.items()):
            report.new.append(NewName(name, person, called, len(faces), whole))
            every = list(dict.fromkeys([*faces, *people.members(person)]))[:MOST_FACES] if whole else faces
            lines += _named(person, name, every)
    return lines


def _named(person: str, name: str, faces: Sequence[str]) -> list[Decision]:
    """As many decisions as the faces need lines."""
    moment = datetime.min.replace(tzinfo=UTC)
    pieces = (tuple(faces[start : start + MOST_FACES]) for start in range(0, len(faces), MOST_FACES))
    return [Decision(moment, NAME, piece, (), name, person) for piece in pieces]


def _drawn(store: IndexStore, people: PeopleIndex, report: NamesImport) -> list[Decision]:
    """Draw the rectangles without a face of ours; those that cannot be drawn are left where they are."""
    lines: list[Decision] = []
    places = drawn_on_all(store, {one.photo_id for one in report.found.without_face if one.photo_id})
    for one in report.found.without_face:
        name, reason = _acceptable(one.name)
        place = places.get(one.photo_id)
        if reason:
            report.not_names[one.name] = reason
        elif place and one.box:
            left, top, right, bottom = one.box
            box = left * place.width, top * place.height, right * place.width, bottom * place.height
            with suppress(UsageError):  # too small, or drawn before
                new = draw(people, place, box)
                place.boxes[new[0].faces[0]] = box
                lines += [*new, *_named("", name, new[0].faces)]
                report.drawn.append(one)
    return lines
