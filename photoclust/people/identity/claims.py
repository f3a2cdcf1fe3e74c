"""Which group each person id goes to, and who keeps the id where several come together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from photoclust.people.identity.ids import Identity, Past, owners_of


@dataclass(frozen=True)
class Shares:
    """How many faces of each person are in each group; and who is in force, and named.

    Attributes
    ----------
    own, last
        Counts by person, then by group: own faces, and faces the person had last.
    named
        Of the own faces, those that carry a name: the person's, if it is still said of one of their faces.
    in_force
        Ids that are in force.
    still_named
        Of these, people whose name is still said of one of their faces.
    """

    own: Mapping[str, Counter[int]]
    last: Mapping[str, Counter[int]]
    named: Mapping[str, Counter[int]]
    in_force: Set[str]
    still_named: Set[str]


def shares_of(
    group_of: Mapping[str, int], identities: Mapping[str, Identity], past: Past, said: Mapping[str, str]
) -> Shares:
    """Count the faces that speak for each person in each group; parameters as of `keep_ids`."""
    people, owners, nobody = past.people, owners_of(identities), ""
    both = said.keys() & people.keys()
    still_named = {people[face] for face in both if said[face] == past.names.get(people[face])}
    named = {person: Counter[int]() for person in identities}
    for face in said:
        person = people.get(face, nobody)
        if person and person == owners.get(face) and face in group_of:
            named[person][group_of[face]] += person not in still_named or said[face] == past.names[person]
    return Shares(
        _counted(group_of, owners, identities),
        _counted(group_of, people, identities),
        named,
        set(people.values()) - {nobody},
        still_named,
    )


def _counted(
    group_of: Mapping[str, int], person_of: Mapping[str, str], identities: Mapping[str, Identity]
) -> dict[str, Counter[int]]:
    """How many faces of each person are in each group; without Python's loops, which take seconds."""
    counts = {person: Counter[int]() for person in identities}
    pairs = Counter(zip(map(person_of.get, group_of), group_of.values(), strict=True))
    for (person, group), faces in pairs.items():
        if person:
            counts[person][group] = faces
    return counts


@dataclass(frozen=True)
class Claim:
    """A person's claim to a group.

    Attributes
    ----------
    name
        2 where own faces carry the person's name, 1 where they carry a name and the person has none.
    in_force
        The person is.
    continues
        And the group has a majority of the own faces that are still there.
    faces
        How many faces speak for it: those the person had last, or the own faces of an id not in force.
    """

    person: str
    name: int
    in_force: bool
    continues: bool
    faces: int


def claims_of(
    shares: Shares,
    members: Mapping[int, Sequence[str]],
    identities: Mapping[str, Identity],
    present: set[str],
) -> dict[int, list[Claim]]:
    """Claims to each group; a person has one at most. `present` are the faces of the index."""
    first_face = {group: min(faces) for group, faces in members.items()}
    claims: dict[int, list[Claim]] = {}
    for person, identity in identities.items():
        group = _best(person, shares, first_face)
        if group is not None and (claim := _claim(person, group, identity, shares, present)):
            claims.setdefault(group, []).append(claim)
    return claims


def _best(person: str, shares: Shares, first_face: Mapping[int, str]) -> int | None:
    """The group that an id goes to if no other stands in the way."""
    own, last, named = shares.own[person], shares.last[person], shares.named[person]
    return min(
        own, key=lambda group: (-named[group], -own[group], -last[group], first_face[group]), default=None
    )


def _claim(person: str, group: int, identity: Identity, shares: Shares, present: set[str]) -> Claim | None:
    """A person's claim to a group; None where too few faces speak for it."""
    own, last = shares.own[person][group], shares.last[person][group]
    if person not in shares.in_force:
        return Claim(person, 0, False, False, own) if 2 * own > len(identity.own) else None
    most = 2 * own > len(present.intersection(identity.own))
    if not (most or last):
        return None
    name = (2 if person in shares.still_named else 1) if shares.named[person][group] else 0
    return Claim(person, name, True, most, last)


def first_of(rivals: Sequence[Claim], identities: Mapping[str, Identity]) -> str:
    """Who of several people that come together keeps the id."""

    def order(claim: Claim) -> tuple[int, bool, int, int, bool, int, str]:
        like = {one.person for one in rivals if one.in_force == claim.in_force}
        descent = len(like.intersection(_ancestors(claim.person, identities)))
        settled = not claim.continues, descent, -claim.faces, not claim.in_force
        return -claim.name, *settled, identities[claim.person].number, claim.person

    return min(rivals, key=order).person


def _ancestors(person: str, identities: Mapping[str, Identity]) -> list[str]:
    """Whom a person was parted from, whom that one was, and so on."""
    found: list[str] = []
    while person in identities and (person := identities[person].parted_from) and person not in found:
        found.append(person)
    return found
