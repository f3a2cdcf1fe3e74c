"""Every id that was ever given to a person, and the faces that tell whom it means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from hashlib import blake2b


@dataclass(frozen=True)
class Identity:
    """An id that was given to a person.

    Attributes
    ----------
    own
        Ids of the faces that tell whom it means, sorted.
    parted_from
        Id of the person who had most of these faces when it was given; ``""`` where nobody had.
    number
        Its place in the order in which ids were given, from 1; 0 where that is not known.
    """

    own: tuple[str, ...]
    parted_from: str = ""
    number: int = 0


@dataclass(frozen=True)
class Retired:
    """A person whose id is not in force.

    Attributes
    ----------
    faces
        Ids of the id's own faces.
    successor
        Id of the person who has most of them now; ``""`` where nobody has.
    """

    faces: tuple[str, ...]
    successor: str = ""


@dataclass(frozen=True)
class Past:
    """What earlier groupings called people.

    Attributes
    ----------
    people
        Person id of each face in the grouping in force; faces that were nobody's are left out or ``""``.
    identities
        Every id that was ever given. One in force that is missing here owns the faces it has.
    names
        Names of the people in force, by id.
    joint
        Faces that are nobody's own: they came while two people were one.
    next_number
        The least number that a new id may get: those of people who were forgotten are not given again.
    """

    people: Mapping[str, str] = field(default_factory=dict[str, str])
    identities: Mapping[str, Identity] = field(default_factory=dict[str, Identity])
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    next_number: int = 1
    joint: frozenset[str] = frozenset()


def identities_of(
    people: Mapping[str, str], retired: Mapping[str, Retired], order: Iterable[str] = ()
) -> dict[str, Identity]:
    """Identities of an index that was made before they were kept.

    Parameters
    ----------
    people
        Person id of each face in the grouping in force.
    retired
        People of earlier ones, with the faces they had last.
    order
        Ids in the order in which they are numbered; those that are left come last, sorted.
    """
    owners: dict[str, str] = {}
    for person, one in sorted(retired.items(), key=lambda item: (len(item[1].faces), item[0])):
        for face in one.faces:
            owners.setdefault(face, person)
    for person, own in faces_of(people.items()).items():
        owners |= dict.fromkeys([face for face in own if face not in owners] or own, person)
    known = dict.fromkeys([*order, *sorted({*people.values(), *retired} - {""})])
    numbered = {person: Identity((), "", number) for number, person in enumerate(known, 1)}
    return rebuilt(numbered, owners)


def faces_of(people: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Faces of each person, from pairs of face id and person id; ``""`` is no person."""
    faces: dict[str, list[str]] = {}
    for face, person in people:
        if person:
            faces.setdefault(person, []).append(face)
    return faces


def next_number(identities: Mapping[str, Identity], least: int = 1) -> int:
    """The number of the next id that is given."""
    return max(least, 1 + max((one.number for one in identities.values()), default=0))


def complete(past: Past) -> dict[str, Identity]:
    """All identities, those of people in force that nobody wrote down included."""
    if set(past.people.values()) - {""} <= past.identities.keys():
        return dict(past.identities)
    owners = owners_of(past.identities)
    unknown = {
        person: own for person, own in faces_of(past.people.items()).items() if person not in past.identities
    }
    for person, own in unknown.items():
        owners |= dict.fromkeys([face for face in own if face not in owners] or own, person)
    first = next_number(past.identities, past.next_number)
    numbered = {person: Identity((), "", first + step) for step, person in enumerate(sorted(unknown))}
    return rebuilt({**past.identities, **numbered}, owners)


def new_identities(
    groups: Mapping[int, Sequence[str]], identities: Mapping[str, Identity], past: Past
) -> dict[int, tuple[str, Identity]]:
    """An id that was never given for each of some groups, the largest first."""
    used, number = set(identities), next_number(identities, past.next_number)
    new: dict[int, tuple[str, Identity]] = {}
    for group, faces in sorted(groups.items(), key=lambda item: (-len(item[1]), min(item[1]))):
        person = _new_id(min(faces), used)
        used.add(person)
        before = Counter(sorted(filter(None, (past.people.get(face, "") for face in faces))))
        origin = before.most_common(1)[0][0] if before else ""
        new[group] = person, Identity(tuple(sorted(faces)), origin, number + len(new))
    return new


def owners_of(identities: Mapping[str, Identity]) -> dict[str, str]:
    """The id that each face is own to."""
    return {face: person for person, identity in identities.items() for face in identity.own}


def rebuilt(identities: Mapping[str, Identity], owners: Mapping[str, str]) -> dict[str, Identity]:
    """The same identities with the faces that they own now, in the order of their numbers."""
    own = faces_of(owners.items())
    return {
        person: Identity(tuple(sorted(own.get(person, ()))), one.parted_from, one.number)
        for person, one in sorted(identities.items(), key=lambda item: (item[1].number, item[0]))
    }


def _new_id(face_id: str, used: Set[str]) -> str:
    """An id that follows from the face id, and another while it is used.

    16 hexadecimal digits, of which the first is a letter: a spreadsheet reads 123e45 as a number.
    """
    salt = 0
    while True:
        digits = blake2b(f"{face_id}/{salt}".encode(), digest_size=8).hexdigest()
        person = "abcdef"[int(digits[0], 16) % 6] + digits[1:]
        if person not in used:
            return person
        salt += 1
