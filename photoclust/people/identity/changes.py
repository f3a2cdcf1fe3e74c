"""What became of people from one grouping to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

NEW, GROWN, SHRUNK, SPLIT, MERGED, MOVED, GONE, NAMED = KINDS = (
    "new",  # nobody of before
    "grown",  # faces that were nobody's, or not there, came to a person
    "shrunk",  # faces of a person are nobody's now, or no longer there
    "split",  # faces of a person are now somebody new
    "merged",  # a person is no longer there, and most of the faces are with another
    "moved",  # other faces that went from one person to another
    "gone",  # a person is no longer there, and nobody has most of the faces
    "named",  # the name is another
)


@dataclass(frozen=True)
class Grouping:
    """Who is who.

    Attributes
    ----------
    people
        Person id of each face, ``""`` where it is nobody's.
    names
        Name of each person id that has one.
    """

    people: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Change:
    """One thing that became of a person.

    Attributes
    ----------
    kind
        ``new``, ``grown``, ``shrunk``, ``split`` (some of the faces are somebody new now), ``merged``,
        ``moved`` (faces went from one person to another), ``gone`` or ``named``.
    person_id, name
        Whom it befell.
    faces
        How many faces it concerns.
    before, after
        Faces of the person in the two groupings.
    other_id, other_name
        Who has those faces now; of a new name the old one is `other_name`.
    face_ids
        Which faces; empty for those that came.
    """

    kind: str
    person_id: str
    name: str
    faces: int
    before: int
    after: int
    other_id: str = ""
    other_name: str = ""
    face_ids: tuple[str, ...] = field(default=(), repr=False)


def changes(before: Grouping, after: Grouping) -> list[Change]:
    """Compare two groupings; every face whose person is another is in one of the changes.

    Returns
    -------
    list[Change]
        Those of people with a name first, then in the order of `KINDS`, then the largest first.
    """
    old, new = _sizes(before), _sizes(after)
    names = {**before.names, **after.names}

    def change(kind: str, person: str, faces: int, other: str = "", moved: tuple[str, ...] = ()) -> Change:
        sizes = old[person], new[person]
        return Change(kind, person, names.get(person, ""), faces, *sizes, other, names.get(other, ""), moved)

    found = [change(NEW, person, own) for person, own in new.items() if person not in old]
    for (person, other), faces in _flows(before, after).items():
        if not person:
            found += [change(GROWN, other, len(faces))] if other in old else []
        else:
            kind = _kind_of_flow(len(faces), old[person], person in new, other, other in old)
            found.append(change(kind, person, len(faces), other, tuple(sorted(faces))))
    merged = {one.person_id for one in found if one.kind == MERGED}
    found += [
        change(GONE, person, own) for person, own in old.items() if not (person in new or person in merged)
    ]
    found += _renamed(before, after, old, new)
    return sorted(found, key=lambda c: (not c.name, KINDS.index(c.kind), -c.faces, c.person_id, c.other_id))


def _sizes(grouping: Grouping) -> Counter[str]:
    """Faces of each person."""
    sizes = Counter(grouping.people.values())
    sizes.pop("", None)
    return sizes


def _different(before: Grouping, after: Grouping) -> set[str]:
    """Faces that are not in both groupings as the same person's."""
    return {face for face, _ in before.people.items() ^ after.people.items()}


def _flows(before: Grouping, after: Grouping) -> dict[tuple[str, str], list[str]]:
    """Faces by the person they were and the person they are, where that is another."""
    flows: dict[tuple[str, str], list[str]] = {}
    for face in _different(before, after):
        pair = before.people.get(face, ""), after.people.get(face, "")
        if pair[0] != pair[1]:
            flows.setdefault(pair, []).append(face)
    return flows


def _kind_of_flow(faces: int, of: int, stays: bool, other: str, other_was_there: bool) -> str:
    if not other:
        return SHRUNK
    if not stays and 2 * faces > of:
        return MERGED
    return SPLIT if stays and not other_was_there else MOVED


def _renamed(
    before: Grouping, after: Grouping, old: Mapping[str, int], new: Mapping[str, int]
) -> list[Change]:
    both = [
        (person, before.names.get(person, ""), after.names.get(person, "")) for person in new if person in old
    ]
    return [
        Change(NAMED, person, now, new[person], old[person], new[person], "", was)
        for person, was, now in both
        if was != now
    ]


@dataclass(frozen=True)
class Churn:
    """How many faces of people with a name would leave their person.

    Attributes
    ----------
    faces
        Faces of people with a name that are still there.
    moved
        By person id, how many of theirs are with somebody of another name, or nobody's.
    """

    faces: int
    moved: Mapping[str, int]

    @property
    def share(self) -> float:
        """Share of the faces that move, in [0, 1]."""
        return sum(self.moved.values()) / self.faces if self.faces else 0.0


def named_churn(before: Grouping, after: Grouping) -> Churn:
    """Count the faces of people with a name that a new grouping takes from them.

    A face stays whose person has the same id, or the same name. Faces that are no longer there do not count.
    """
    sizes, moved = _sizes(before), dict[str, int]()
    faces = sum(sizes[person] for person, name in before.names.items() if name)
    for face in _different(before, after):
        person, now = before.people.get(face, ""), after.people.get(face)
        name = before.names.get(person, "")
        if not name:
            continue
        if now is None:
            faces -= 1
        elif after.names.get(now) != name:
            moved[person] = moved.get(person, 0) + 1
    return Churn(faces, moved)
