"""What came out of the demo album, compared with what was put in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from photoclust.workflows.demo.album import DemoAlbum

_LEAST_RIGHT = 0.95


@dataclass(frozen=True)
class FoundFace:
    """A face that came out of the main job.

    Attributes
    ----------
    photo
        Path below the album's folder.
    place
        Where the face's centre lies across the upright photo, 0 left to 1 right.
    height
        Of the face's box in pixels.
    person_id
        Empty where the face is nobody's.
    """

    photo: str
    place: float
    height: float
    person_id: str


@dataclass(frozen=True)
class Outcome:
    """How what was found compares with what was put in; `problems` is empty where it is right."""

    faces: int
    right: int
    people: int
    problems: list[str]


def check_outcome(album: DemoAlbum, found: Iterable[FoundFace]) -> Outcome:
    """Compare the people found with those put in.

    It is right where each sitter became one person, no person holds two sitters, and at least 95 % of the
    faces are with their person; the rest may be unsure.

    Parameters
    ----------
    album
        What was put in.
    found
        The faces of the main job.

    Returns
    -------
    Outcome
        Counts, and what is wrong in sentences.
    """
    members: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sitter, person_id in _main_faces(album, found := list(found)):
        members[person_id][sitter] += 1
    originals = [people for name, people in album.people.items() if name not in album.copies]
    expected = Counter(sitter for people in originals for sitter in people)
    owners = {person: counts.most_common(1)[0][0] for person, counts in members.items() if person}
    strangers = {face.person_id for face in found} - {*owners, ""}
    right = sum(members[person][owner] for person, owner in owners.items())
    problems = _wrong_people(members, Counter(owners.values()), expected, len(strangers))
    if right < _LEAST_RIGHT * expected.total():
        problems.append(f"Only {right} of {expected.total()} faces are with their person.")
    return Outcome(expected.total(), right, len(owners) + len(strangers), problems)


def _wrong_people(
    members: dict[str, Counter[str]], people: Counter[str], expected: Counter[str], strangers: int
) -> list[str]:
    mixed = [counts for person, counts in members.items() if person and len(counts) > 1]
    problems = [f"{' and '.join(sorted(counts))} became one person." for counts in mixed]
    problems += [f"{name} became {people[name]} people." for name in expected if people[name] != 1]
    if strangers:
        problems.append(f"{strangers} people were found that nobody put in.")
    return problems


def _main_faces(album: DemoAlbum, found: list[FoundFace]) -> list[tuple[str, str]]:
    """Who sits in each panel, and the person that the largest face found there was given.

    What is found besides is a detector's error and only matters if it becomes a person of its own.
    """
    largest: dict[tuple[str, int], FoundFace] = {}
    for face in sorted(found, key=lambda face: face.height):
        panels = len(album.people.get(face.photo, ()))
        largest[face.photo, int(min(max(face.place, 0), 0.999) * panels)] = face
    return [
        (album.people[photo][panel], face.person_id)
        for (photo, panel), face in largest.items()
        if album.people.get(photo)
    ]
