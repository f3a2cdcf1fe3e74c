"""Ids through any history of groupings."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from photoclust.people.identity.changes import Grouping, changes
from photoclust.people.identity.continuity import keep_ids, successor
from photoclust.people.identity.ids import Past, faces_of

FACES = 14
histories = st.lists(
    st.lists(st.integers(-1, 4), min_size=FACES, max_size=FACES), min_size=2, max_size=6
)  # group of each face, time after time; −2 would be a photo that is gone
names = st.sets(st.integers(0, FACES - 1), max_size=3)


@given(histories, names, st.integers(0, 2**32 - 1))
def test_what_always_holds(history: list[list[int]], named: set[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    every = np.array([f"{i:02d}" for i in range(FACES)])
    past, ever = Past(), set[str]()
    for groups in history:
        there = np.flatnonzero(rng.random(FACES) < 0.9)
        face_ids, now = every[there].tolist(), np.array(groups, np.int32)[there]
        marked = dict.fromkeys((f"{i:02d}" for i in named), "Ada")
        result = keep_ids(now, face_ids, past, marked)
        people = dict(zip(face_ids, result.people, strict=True))

        # one id for a group, one group for an id
        assert len({(g, p) for g, p in zip(now.tolist(), result.people, strict=True)}) == len(
            set(now.tolist())
        )
        assert len(set(now.tolist())) == len(set(result.people))

        # neither the order of the faces nor the numbers of the groups matter
        order, numbers = rng.permutation(len(there)), rng.permutation(5)
        renumbered = np.where(now >= 0, numbers[now], -1)[order].astype(np.int32)
        again = keep_ids(renumbered, [face_ids[i] for i in order], past, marked)
        assert [again.people[i] for i in np.argsort(order)] == result.people
        assert again.retired == result.retired

        # who had an id before is in force or retired, and every id leads to somebody in force or to nobody
        in_force = set(result.people) - {""}
        ever |= in_force
        assert ever == in_force | result.retired.keys() == result.identities.keys()
        assert not in_force & result.retired.keys()
        assert all(successor(person, result.retired) in in_force | {""} for person in ever)

        # a face is own to one id at most, and ids keep their numbers
        owned = [face for one in result.identities.values() for face in one.own]
        assert len(owned) == len(set(owned))
        assert sorted(one.number for one in result.identities.values()) == list(range(1, 1 + len(ever)))
        assert all(result.identities[p].number == one.number for p, one in past.identities.items())

        # an id goes to somebody with own faces of it; one that was not in force to who has most of them
        before, after = faces_of(past.people.items()), faces_of(people.items())
        for person in in_force & past.identities.keys():
            own, had = set(past.identities[person].own), set(before.get(person, ()))
            assert (own | had) & set(after[person])
            assert person in before or 2 * len(own & set(after[person])) > len(own)

        # a person who stays whole and meets nobody else keeps the id
        owner = {face: person for person, one in past.identities.items() for face in one.own}
        for person, had in before.items():
            mine = [
                other for other, faces in after.items() if set(faces) & {*had, *past.identities[person].own}
            ]
            alone = len(mine) == 1 and {owner.get(face, person) for face in after[mine[0]]} == {person}
            if alone and set(had) & set(after[mine[0]]) & owner.keys():
                assert mine == [person]

        # every face whose person is another is in one of the changes
        found = changes(Grouping(past.people), Grouping(people))
        told = {face for change in found for face in change.face_ids}
        assert told == {
            face for face, person in past.people.items() if person and people.get(face, "") != person
        }
        came = sum(change.faces for change in found if change.kind == "grown")
        new = sum(len(after[change.person_id]) for change in found if change.kind == "new")
        fresh = {face for face, person in people.items() if person and not past.people.get(face, "")}
        assert came <= len(fresh) <= came + new
        past = Past(people, result.identities, joint=result.joint)


@given(histories)
def test_the_same_grouping_again_changes_nothing(history: list[list[int]]) -> None:
    past, face_ids = Past(), [f"{i:02d}" for i in range(FACES)]
    for groups in history:
        now = np.array(groups, np.int32)
        first = keep_ids(now, face_ids, past)
        past = Past(dict(zip(face_ids, first.people, strict=True)), first.identities, joint=first.joint)
        assert keep_ids(now, face_ids, past).people == first.people
