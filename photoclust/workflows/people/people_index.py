"""The people of an index as the user knows them: who is meant, and which faces stand for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.errors import IndexMissingError, UsageError
from photoclust.index.identities import read_identities
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.decisions.file import Decisions, followed, read_decisions
from photoclust.people.decisions.line import MOST_FACES, NAME, Decision
from photoclust.records import MEMBER
from photoclust.report.album import Album, look_up
from photoclust.report.names import visible
from photoclust.workflows.snapshot.grouping import placed_by_decisions
from photoclust.workflows.snapshot.history import config_of, person_in_force

LIKE_AN_ID = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}")
"""What ids of people and of faces look like; a name that does would hide whom an id means."""

PERSON_NUMBER = re.compile(r"person\s+#?(\d{1,9})", re.IGNORECASE)

ANCHORS = 12  # faces that stand for a person in a decision


@dataclass(frozen=True)
class Ref:
    """Who or what is meant: a person, or a face where `person` is empty."""

    person: str
    face: str


@dataclass(frozen=True)
class Known:
    """What somebody who looks at an index for long has in memory, and need not be read again.

    Attributes
    ----------
    clustering
        The grouping in force.
    people
        ``person_id``, ``name``, ``number``, ``ignored`` and ``faces`` of each person as the user sees them.
    person_of
        Person id of each face as the user sees them, ``""`` where it is nobody's.
    members
        How clear each member of a person is, and its id.
    """

    clustering: Clustering
    people: Mapping[str, dict[str, Any]]
    person_of: Mapping[str, str]
    members: Callable[[str], list[tuple[float, str]]]


class PeopleIndex:
    """The people of an index as the user knows them, and what has been said about them."""

    def __init__(self, store: IndexStore, known: Known | None = None) -> None:
        current = known.clustering if known else store.current_clustering()
        if current is None:
            raise IndexMissingError(
                f"{store.folder} has no people yet.",
                python="Make them with Index.group.",
                cli=f"Make them with `photoclust cluster --index {store.folder}`.",
            )
        self._store = store
        self.text = store.decisions_text()
        self._current = current
        self.people: Mapping[str, dict[str, Any]] = (
            known.people if known else {row["person_id"]: row for row in current.people.to_pylist()}
        )
        self.assignments = current.assignments
        self.config = config_of(current.run)
        self._known = known

    @cached_property
    def decisions(self) -> Decisions:
        """What the decisions file says."""
        decisions, now = read_decisions(self.text), self._store.followed()
        return followed(decisions, now) if now else decisions

    @cached_property
    def names(self) -> dict[str, str]:
        """Name of each person, empty where there is none."""
        return {person: row["name"] for person, row in self.people.items()}

    @property
    def person_of(self) -> Mapping[str, str]:
        """Person of each face, empty where it is nobody's."""
        return self._known.person_of if self._known else self._current.person_of

    @cached_property
    def _quality(self) -> pa.Table:
        """How good each face of the index is."""
        from photoclust.workflows.snapshot.compared import (
            ComparedFaces,
        )  # numpy's compilers: lists do without

        return ComparedFaces.load(self._store, self.config).table

    def _members(self, person: str) -> list[tuple[float, str]]:
        """How clear each member of a person is, and its id."""
        if self._known:
            return self._known.members(person)
        own = self.assignments.select(["face_id", "confidence", "person_id", "status"])
        own = own.filter((pc.field("person_id") == person) & (pc.field("status") == MEMBER))
        quality = look_up(self._quality, "face_id", own["face_id"])["quality"]
        columns = own["face_id"], own["confidence"], quality
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        return [(clear * sure, face) for face, sure, clear in rows if clear is not None]

    @property
    def in_force(self) -> Clustering:
        """The clustering in force."""
        return self._current

    # -- who is meant ---------------------------------------------------------------------------------

    def person(self, text: str) -> str:
        """Id of the person that `text` means: an id, a name, or the beginning of an id.

        Raises
        ------
        UsageError
            When there is none, or more than one.
        """
        text = person_in_force(self._current, text) or text
        if text in self.people:
            return text
        named = [person for person, row in self.people.items() if row["name"] and row["name"] == text]
        if number := PERSON_NUMBER.fullmatch(text.strip()):
            if not named:
                return self._numbered(int(number[1]))
            numbered = (one for one, row in self.people.items() if row["number"] == int(number[1]))
            named += [one for one in numbered if not self.people[one]["name"]]
        found = named or _beginning(self.people, text)
        if not found:
            raise self._unknown_person(text)
        return _the_one(found, text)

    def _numbered(self, number: int) -> str:
        """The person who is called by a number, or who has most of the faces of the one who was."""
        ids = {row["number"]: person for person, row in self.people.items() if row["number"]}
        if not ids:  # an earlier version grouped them: the number is the place on the page
            ids = dict(enumerate(sorted(self.people, key=lambda one: bool(self.people[one]["ignored"])), 1))
        stored = read_identities(self._store.folder) if number else None  # those of before have no number
        given = stored[0].filter(pc.field("number") == number)["person_id"].to_pylist() if stored else []
        person = ids.get(number, "") or next((person_in_force(self._current, one) for one in given), "")
        if person not in self.people:
            what = "is nobody now: their faces have gone" if given else "is nobody's number"
            raise UsageError(
                f"Person {number} {what}.",
                python="Index.people are those there are.",
                cli="`photoclust people list` lists who there is.",
            )
        return person

    def face(self, text: str) -> str:
        """Id of the face that `text` means: an id, or the beginning of one.

        Raises
        ------
        UsageError
            When there is none, or more than one.
        """
        if text in self.person_of:
            return text
        found = _beginning(self.person_of, text)
        if not found:
            raise UsageError(
                f"There is no face {text[:80]!r}.",
                python="The faces of a person are Index.person(...).faces.",
                cli="`photoclust people show PERSON` lists the faces of a person.",
            )
        return _the_one(found, text)

    def either(self, text: str) -> Ref:
        """Person or face that `text` means; a person where both could be meant.

        Raises
        ------
        UsageError
            When there is neither.
        """
        if text in self.person_of:
            return Ref("", text)
        try:
            return Ref(self.person(text), "")
        except UsageError as error:
            if _beginning(self.person_of, text):
                return Ref("", self.face(text))
            raise error from None

    def called(self, person: str) -> str:
        """Name of a person, or what the review page calls them, or their id."""
        row = self.people[person]
        return row["name"] or (f"Person {row['number']}" if row["number"] else person)

    def called_of(self, face: str) -> str:
        """What the person of a face is called; of nobody's face that."""
        person = self.person_of.get(face, "")
        return visible(self.called(person)) if person in self.people else f"face {face[:8]}"

    def unnamed(self, person: str, face: str) -> str:
        """What somebody without a name is called: by the id they had, and one of their faces.

        The number of that id or, where the id is not known, of the person whose own face it is.
        """
        number = self._numbers.get(person) or self._numbers.get(self._owners.get(face, ""))
        return f"Person {number}" if number else f"face {face[:8]}"

    @cached_property
    def _identities(self) -> list[dict[str, Any]]:
        """Every id that was ever given, with its number and its own faces."""
        stored = read_identities(self._store.folder)
        return stored[0].to_pylist() if stored else []

    @cached_property
    def _numbers(self) -> dict[str, int]:
        now = {person: row["number"] or 0 for person, row in self.people.items()}
        return now | {row["person_id"]: row["number"] for row in self._identities}

    @cached_property
    def _owners(self) -> dict[str, str]:
        own = {face: row["person_id"] for row in self._identities for face in row["face_ids"]}
        return {**self.person_of, **own}

    def _unknown_person(self, text: str) -> UsageError:
        from difflib import get_close_matches  # only who is not found is looked for in this way

        known = [row["name"] for row in self.people.values() if row["name"]] + list(self.people)
        close = get_close_matches(text, known, n=3, cutoff=0.5)
        if close:
            question = f"did you mean {' or '.join(map(visible, close))}"
            return UsageError(f"There is no person {text[:80]!r}; {question}?")
        return UsageError(
            f"There is no person {text[:80]!r}.",
            python="Index.people are those there are.",
            cli="`photoclust people list` lists them.",
        )

    # -- which faces ----------------------------------------------------------------------------------

    def anchors(self, person: str, without: Collection[str] = ()) -> tuple[str, ...]:
        """A few faces that stand for a person, from the clearer half of theirs."""
        left = set(without)
        members = [(clear, face) for clear, face in self._members(person) if face not in left]
        if not members:
            raise UsageError(f"{self.called(person)} has no other face left to tell them by.")
        clearest = sorted(members, reverse=True)[: max(ANCHORS, len(members) // 2)]
        return _sample([face for _, face in clearest], ANCHORS)

    def members(self, person: str) -> tuple[str, ...]:
        """All faces of a person, as many as a decision may name; first some that stood for them before.

        A few are too few for a name: given to twelve faces each on half of 3,708 photos, the names of 50
        people kept 95 to 97 % of their faces when the other half came.
        """
        inside = {face for _, face in self._members(person)}
        said = (line for line in reversed(self.decisions.lines) if line.kind == NAME)
        old = list(dict.fromkeys(face for line in said for face in line.faces if face in inside))[:ANCHORS]
        return (*old, *_sample(inside.difference(old), MOST_FACES - len(old)))

    def faces_of(self, person: str) -> set[str]:
        """All faces of a person."""
        return {face for face, owner in self.person_of.items() if owner == person}

    def pictured(self, person: str) -> list[dict[str, Any]]:
        """Each face of a person, the most confident first.

        With its photo, box, status and confidence, and if it is ``decided``: theirs because the user said so.
        """
        faces = self._store.faces(["box", "quality"])
        album = Album(self._store.photos(), faces, self.assignments, self._current.people)
        rows = album.face_rows().filter(pc.field("person_id") == person)
        rows = rows.sort_by([("confidence", "descending"), ("face_id", "ascending")])
        boxes = faces["box"].take(rows["row"]).to_pylist()
        columns = rows.select(["face_id", "photo", "confidence", "status"]).to_pylist()
        placed = placed_by_decisions(self.decisions, self.assignments)
        return [
            row | {"box": box, "decided": row["face_id"] in placed}
            for row, box in zip(columns, boxes, strict=True)
        ]

    def about(self, person: str) -> list[Decision]:
        """Decisions that speak of a face of a person, oldest first."""
        faces = self.faces_of(person)
        return [line for line in self.decisions.lines if not faces.isdisjoint((*line.faces, *line.others))]


def _sample(faces: Collection[str], most: int) -> tuple[str, ...]:
    """At most so many faces: every so manieth in the order of ids, which follow from content alone."""
    ordered = sorted(faces)
    chosen = np.linspace(0, len(ordered) - 1, min(len(ordered), most)).round().astype(int)
    return tuple(ordered[i] for i in dict.fromkeys(chosen.tolist()))


def _beginning(ids: Collection[str], text: str) -> list[str]:
    return [one for one in ids if text and one.startswith(text)]


def _the_one(found: Sequence[str], text: str) -> str:
    if len(found) == 1:
        return found[0]
    few = ", ".join(found[:4]) + (" and more" if len(found) > 4 else "")
    raise UsageError(f"{text[:80]!r} could be {len(found)} of them ({few}); give more of the id.")
