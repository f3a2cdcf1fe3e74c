"""Person ids that stay: this grouping against the one before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt


def keep_ids(
    groups: npt.NDArray[np.int32], face_ids: Sequence[str], previous: Mapping[str, str] | None = None
) -> list[str]:
    """Name each group after the person most of its faces were, or anew.

    The group with most of a previous person's faces keeps that person's id; ties go to the group with
    the smallest face id. A new id is derived from the group's smallest face id, so the same faces
    always give the same ids.

    Parameters
    ----------
    groups
        int32, shape (n,): group of each face, −1 for none.
    face_ids
        Id of each face.
    previous
        Person id of each face before; faces that were nobody's are left out or ``""``.

    Returns
    -------
    Person id of each face, ``""`` where it is nobody's.
    """
    members: dict[int, list[str]] = {}
    for group, face in zip(groups.tolist(), face_ids, strict=True):
        if group >= 0:
            members.setdefault(group, []).append(face)
    ids = _inherited(members, previous or {})
    taken = set(ids.values())
    for group in sorted(members, key=lambda g: min(members[g])):
        if group not in ids:
            ids[group] = _new_id(min(members[group]), taken)
            taken.add(ids[group])
    return [ids[group] if group >= 0 else "" for group in groups.tolist()]


def _inherited(members: Mapping[int, Sequence[str]], previous: Mapping[str, str]) -> dict[int, str]:
    """Person id of each group that continues a previous person."""
    claims: list[tuple[int, str, int, str]] = []
    for group, faces in members.items():
        shared = Counter(previous.get(face, "") for face in faces)
        shared.pop("", None)
        claims += [(-count, min(faces), group, person) for person, count in shared.items()]
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for _, _, group, person in sorted(claims):
        if group not in ids and person not in taken:
            ids[group] = person
            taken.add(person)
    return ids


def _new_id(face_id: str, taken: set[str]) -> str:
    """An id that follows from the face id; a digit is added while it is taken."""
    salt = 0
    while True:
        person = blake2b(f"{face_id}/{salt}".encode(), digest_size=8).hexdigest()
        if person not in taken:
            return person
        salt += 1
