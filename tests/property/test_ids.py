"""Whom an id means, through decisions, decisions taken back, growth, deletion and groupings gone back to.

A collection is some bunches of faces that any grouping finds together. What is said joins bunches, or gives
one a name; two of one name are joined. A bunch that is a person by itself, and was one before, is the same
person: it has the id it had then, and nobody else ever has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from photoclust.people.identity.continuity import Continuity, keep_ids, successor
from photoclust.people.identity.ids import Past

BUNCHES = 5
NAMES = ("Ada", "Bea")

bunch, many = st.integers(0, BUNCHES - 1), st.integers(0, 999)
steps = st.one_of(
    st.tuples(st.just("join"), bunch, bunch),
    st.tuples(st.just("name"), bunch, st.sampled_from(NAMES)),
    st.tuples(st.just("undo"), many, st.just(0)),
    st.tuples(st.just("undo last"), st.just(0), st.just(0)),
    st.tuples(st.just("grow"), bunch, st.integers(1, 6)),
    st.tuples(st.just("delete"), bunch, st.integers(1, 3)),
    st.tuples(st.just("refuse"), bunch, bunch),
    st.tuples(st.just("use"), many, st.just(0)),
)


@dataclass
class Collection:
    """Bunches of faces, what was said of them, and the groupings made so far."""

    faces: list[list[str]] = field(default_factory=lambda: [[f"{b}-0", f"{b}-1"] for b in range(BUNCHES)])
    said: list[tuple[str, int, int | str]] = field(default_factory=list)
    count: int = 2
    people: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    kept: Continuity | None = None
    stored: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)

    def take(self, step: tuple[str, int, int | str]) -> None:
        """Do what a user does, and group anew."""
        what, one, other = step
        if what in ("join", "name"):
            self.said.append(step)
        elif what.startswith("undo") and self.said:
            self.said.pop(one % len(self.said) if what == "undo" else -1)
        elif what == "grow" and self.faces[one]:  # who has no face left cannot be known again
            self.faces[one] += [f"{one}-{self.count + new}" for new in range(int(other))]
            self.count += int(other)
        elif what == "delete":
            del self.faces[one][: int(other)]
        elif what == "use" and self.stored:
            self.people, self.names = self.stored[one % len(self.stored)]
        if what == "refuse":
            self.said.append(("join", one, other))
            self.group(in_force=False)
            self.said.pop()
        self.group()

    def group(self, in_force: bool = True) -> None:
        """Group the faces; the grouping need not come into force."""
        parts, names = self.parts()
        face_ids = sorted(face for own in self.faces for face in own)
        part = np.array([parts[int(face[0])] for face in face_ids], np.int32)
        part[np.bincount(part, minlength=BUNCHES)[part] < 2] = -1
        said = {face: names[int(face[0])] for face in face_ids if names[int(face[0])]}
        past = Past(self.people, names=self.names)
        if self.kept:
            past = Past(self.people, self.kept.identities, self.names, joint=self.kept.joint)
        self.kept = keep_ids(part, face_ids, past, said)
        people = dict(zip(face_ids, self.kept.people, strict=True))
        called = {people[face]: name for face, name in said.items() if people[face]}
        self.stored.append((people, called))
        if in_force:
            self.people, self.names = people, called

    def parts(self) -> tuple[list[int], list[str]]:
        """The person each bunch is part of, and its name."""
        parts = list(range(BUNCHES))

        def join(one: int, other: int) -> None:
            parts[:] = [parts[one] if part == parts[other] else part for part in parts]

        for what, one, other in self.said:
            if what == "join":
                join(one, int(other))
        names = [""] * BUNCHES
        for what, one, name in self.said:
            if what == "name":
                names = [str(name) if parts[b] == parts[one] else old for b, old in enumerate(names)]
        for name in NAMES:
            alike = [b for b in range(BUNCHES) if names[b] == name and self.faces[b]]
            for other in alike[1:]:
                join(alike[0], other)
        return parts, names

    def alone(self) -> Iterable[tuple[int, str]]:
        """Bunches that are a person by themselves, and their ids."""
        parts, _ = self.parts()
        for b, own in enumerate(self.faces):
            if len(own) > 1 and parts.count(parts[b]) == 1:
                yield b, self.people[own[0]]


@settings(max_examples=200)
@given(st.lists(steps, max_size=25))
def test_an_id_never_means_somebody_else(history: list[tuple[str, int, int | str]]) -> None:
    collection = Collection()
    collection.group()
    was: dict[str, int] = {}  # whom each id meant that was ever one bunch's alone
    for step in history:
        before = dict(collection.kept.identities) if collection.kept else {}
        collection.take(step)
        assert collection.kept is not None
        for b, person in collection.alone():
            assert was.setdefault(person, b) == b, step
            for other, meant in was.items():
                own = before[other].own if other in before else ()
                if (
                    meant == b and other != person and own
                ):  # it had another id: too few of those faces are left
                    assert 2 * len(set(own) & set(collection.faces[b])) <= len(own)
        for person, meant in was.items():  # nor does it lead to somebody else
            now = successor(person, collection.kept.retired)
            there = {face for face, one in collection.people.items() if now and one == now}
            assert not there or there & set(collection.faces[meant]), (step, person)


@given(
    st.lists(steps, max_size=12), st.lists(st.tuples(st.just("join"), bunch, bunch), min_size=1, max_size=4)
)
def test_what_is_undone_leaves_the_ids_there_were(
    history: list[tuple[str, int, int | str]], more: list[tuple[str, int, int]]
) -> None:
    collection = Collection()
    for step in history:
        collection.take(step)
    collection.group()
    before = dict(collection.people)
    for step in more:
        collection.take(step)
    for _ in more:
        collection.take(("undo last", 0, 0))
    assert collection.kept is not None
    leads_to = {
        face: person and successor(person, collection.kept.retired) for face, person in before.items()
    }
    assert leads_to == collection.people
    if not any(what == "name" for what, *_ in history):
        assert collection.people == before
