"""Person ids that stay: this grouping against what earlier ones called people.

The contract:

- A group is known by the faces it shares with people of before, never by its number. Of several groups that
  share faces with a person the one with faces that carry a name keeps the id, then the one with most of them.
- Of several people that come together those with a name keep their id before others, then the one with most
  faces. The others retire; where a majority of their faces is in one person, that is their successor.
- An id is given once. A person who has retired, and whose faces are found together again, gets the old id
  back; nobody else ever does.
- The outcome follows from the input alone; ties are broken by face id and by person id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Retired:
    """A person whose id is no longer in force.

    Attributes
    ----------
    faces
        Ids of the faces the person had last.
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
    retired
        People of earlier ones, by their ids.
    """

    people: Mapping[str, str] = field(default_factory=dict[str, str])
    retired: Mapping[str, Retired] = field(default_factory=dict[str, Retired])


@dataclass(frozen=True)
class Continuity:
    """Ids of the people of a grouping.

    Attributes
    ----------
    people
        Person id of each face, ``""`` where it is nobody's.
    retired
        People of earlier groupings who are not among them.
    """

    people: list[str]
    retired: dict[str, Retired]


def keep_ids(
    groups: npt.NDArray[np.int32],
    face_ids: Sequence[str],
    past: Past | None = None,
    named: Collection[str] = (),
) -> Continuity:
    """Name each group after the person it continues, or anew.

    A new id is derived from the group's smallest face id, so that the same faces with the same past always
    give the same ids.

    Parameters
    ----------
    groups
        int32, shape (n,): group of each face, −1 for none.
    face_ids
        Id of each face.
    past
        What earlier groupings called people.
    named
        Ids of faces, and of people, that carry a name.

    Returns
    -------
    Continuity
    """
    past = past or Past()
    members: dict[int, list[str]] = {}
    for group, face in zip(groups.tolist(), face_ids, strict=True):
        if group >= 0:
            members.setdefault(group, []).append(face)
    ids = _inherited(members, past, frozenset(named))
    used = {*ids.values(), *past.people.values(), *past.retired}
    for group in sorted(members, key=lambda g: min(members[g])):
        if group not in ids:
            ids[group] = _new_id(min(members[group]), used)
            used.add(ids[group])
    people = [ids[group] if group >= 0 else "" for group in groups.tolist()]
    return Continuity(people, _retired(dict(zip(face_ids, people, strict=True)), past))


def successor(person_id: str, retired: Mapping[str, Retired]) -> str:
    """Follow a person id to the one in force now: itself, that of a successor, or ``""`` for nobody's."""
    while person_id in retired:
        person_id = retired[person_id].successor
    return person_id


def faces_of(people: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Faces of each person, from pairs of face id and person id; ``""`` is no person."""
    faces: dict[str, list[str]] = {}
    for face, person in people:
        if person:
            faces.setdefault(person, []).append(face)
    return faces


@dataclass(frozen=True, order=True)
class _Claim:
    """A person's claim to a group; the least comes first."""

    person_with_a_name: int  # all counts negative
    faces_with_a_name: int
    retired: bool
    faces: int
    first_face: str
    person: str
    group: int


def _inherited(members: Mapping[int, Sequence[str]], past: Past, named: frozenset[str]) -> dict[int, str]:
    """Person id of each group that continues somebody."""
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for claim in sorted(_claims(members, past, named)):
        if claim.group not in ids and claim.person not in taken:
            ids[claim.group] = claim.person
            taken.add(claim.person)
    return ids


def _claims(members: Mapping[int, Sequence[str]], past: Past, named: frozenset[str]) -> Iterable[_Claim]:
    former: dict[str, list[str]] = {}
    for person, own in past.retired.items():
        for face in own.faces:
            former.setdefault(face, []).append(person)
    size = Counter(past.people.values())
    for group, faces in members.items():
        shared = faces_of((face, person) for face in faces for person in former.get(face, ()))
        shared = {
            person: own for person, own in shared.items() if _is_majority(own, past.retired[person].faces)
        }
        shared |= faces_of((face, past.people.get(face, "")) for face in faces)
        for person, own in shared.items():
            carried = len(named.intersection(own))
            stays = (
                carried or 2 * len(own) > size[person]
            )  # a face or two that went elsewhere take no name along
            yield _Claim(
                person_with_a_name=-bool(person in named and stays),
                faces_with_a_name=-carried,
                retired=person in past.retired,
                faces=-len(own),
                first_face=min(faces),
                person=person,
                group=group,
            )


def _is_majority(part: Sequence[str], whole: Sequence[str]) -> bool:
    return 2 * len(part) > len(whole)


def _retired(people: Mapping[str, str], past: Past) -> dict[str, Retired]:
    """Everybody who has an id that is not in force, and who has most of their faces now."""
    in_force = set(people.values())
    before = {person: Retired(tuple(sorted(own))) for person, own in faces_of(past.people.items()).items()}
    return {
        person: Retired(old.faces, _heir(old.faces, people) or old.successor)
        for person, old in sorted({**past.retired, **before}.items())
        if person not in in_force
    }


def _heir(faces: Sequence[str], people: Mapping[str, str]) -> str:
    """The person who has a majority of some faces; ``""`` if nobody has."""
    count = Counter(people.get(face, "") for face in faces)
    count.pop("", None)
    person, shared = min(count.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    return person if 2 * shared > len(faces) else ""


def _new_id(face_id: str, used: set[str]) -> str:
    """An id that follows from the face id; a digit is added while it is used."""
    salt = 0
    while True:
        person = blake2b(f"{face_id}/{salt}".encode(), digest_size=8).hexdigest()
        if person not in used:
            return person
        salt += 1
