"""Person ids that stay: this grouping against what earlier ones called people.

The contract:

- An id belongs to faces, its own: those it was first given to, and those that came to the person since and
  had never been anybody's, while the person held most of its own. While a person holds most of the own faces
  of another id too, the two have come together, and faces that come then are nobody's own. A face is own to
  one id; one that is deleted is no more, while that id is in force.
- An id goes where most of its own faces are, those first that carry a name. One that is not in force comes
  back only to a group with a majority of its own faces.
- Of several ids that come together the one with the name stays, then one in force, then the one that the
  others were parted from, then the one with most faces. The others retire; where a majority of their own
  faces is in one person, that is their successor.
- A group that no id goes to gets a new one, which takes its faces for its own. An id that was ever given,
  whether the grouping was put in force or not, is never given anew.
- So whoever is parted again as they were before has the id they had before, and nobody has an id who has no
  own face of it: neither a name nor faces that came along later take one over.
- The outcome follows from the input alone; ties are broken by the number of an id, by id and by face id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt

from photoclust.people.identity.claims import Shares, claims_of, first_of, shares_of
from photoclust.people.identity.ids import (
    Identity,
    Past,
    Retired,
    complete,
    new_identities,
    owners_of,
    rebuilt,
)


@dataclass(frozen=True)
class Continuity:
    """Ids of the people of a grouping.

    Attributes
    ----------
    people
        Person id of each face, ``""`` where it is nobody's.
    identities
        Every id that was ever given.
    retired
        Those that are not in force.
    joint
        Faces that are nobody's own: they came while two people were one.
    """

    people: list[str]
    identities: dict[str, Identity]
    retired: dict[str, Retired]
    joint: frozenset[str] = frozenset()


def keep_ids(
    groups: npt.NDArray[np.int32],
    face_ids: Sequence[str],
    past: Past | None = None,
    said: Mapping[str, str] | None = None,
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
    said
        The name that each face carries, by face id; faces without one are left out.

    Returns
    -------
    Continuity
    """
    past, said, present = past or Past(), said or {}, set(face_ids)
    identities = complete(past)
    group_of = {face: group for face, group in zip(face_ids, groups.tolist(), strict=True) if group >= 0}
    members: dict[int, list[str]] = {}
    for face, group in group_of.items():
        members.setdefault(group, []).append(face)
    shares = shares_of(group_of, identities, past, said)
    ids = {
        group: first_of(rivals, identities)
        for group, rivals in claims_of(shares, members, identities, present).items()
    }
    new = new_identities({group: own for group, own in members.items() if group not in ids}, identities, past)
    ids |= {group: person for group, (person, _) in new.items()}
    in_force = set(ids.values())
    owners = owners_of(identities)
    for face in [face for face in owners.keys() - present if owners[face] in in_force]:
        del owners[face]
    owners |= _came_to_own(ids, members, shares, identities, past, present)
    owners |= {face: ids[group] for group in new for face in members[group]}
    kept = rebuilt(identities | dict(new.values()), owners)
    people = dict(zip(group_of, map(ids.__getitem__, group_of.values()), strict=True))
    joint = frozenset(past.joint | group_of.keys()) - owners.keys()
    return Continuity(
        list(map(people.get, face_ids, repeat(""))), kept, _retired(kept, people, present), joint
    )


def successor(person_id: str, retired: Mapping[str, Retired]) -> str:
    """Follow a person id to the one in force now: itself, that of a successor, or ``""`` for nobody's."""
    while person_id in retired:
        person_id = retired[person_id].successor
    return person_id


def _came_to_own(
    ids: Mapping[int, str],
    members: Mapping[int, Sequence[str]],
    shares: Shares,
    identities: Mapping[str, Identity],
    past: Past,
    present: set[str],
) -> dict[str, str]:
    """Owners of the faces that become somebody's own, among people who had an id."""
    owners, in_force = owners_of(identities), set(ids.values())
    there = {person: len(present.intersection(one.own)) for person, one in identities.items()}
    joined = {
        group
        for person in identities.keys() - in_force
        for group, count in shares.own[person].items()
        if 2 * count > there[person]
    }
    came: dict[str, str] = {}
    for group, person in ids.items():
        held = shares.own[person][group] if person in identities else 0
        if 2 * held > there.get(person, 0) and group not in joined:
            came |= {face: person for face in members[group] if not (face in owners or face in past.joint)}
    return came


def _retired(
    identities: Mapping[str, Identity], people: Mapping[str, str], present: Set[str]
) -> dict[str, Retired]:
    """Every id that is not in force, and who has most of its own faces that are there."""
    in_force = set(people.values())
    return {
        person: Retired(one.own, _heir([face for face in one.own if face in present], people))
        for person, one in sorted(identities.items())
        if person not in in_force
    }


def _heir(faces: Sequence[str], people: Mapping[str, str]) -> str:
    """The person who has a majority of some faces; ``""`` if nobody has."""
    count = Counter(people.get(face, "") for face in faces)
    count.pop("", None)
    person, shared = min(count.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    return person if 2 * shared > len(faces) else ""
