"""Which face of ours a name of another program belongs to.

A rectangle and a face are one where they overlap by at least `LEAST_OVERLAP`, or the centre of each lies
inside the other: programs draw heads with or without hair and chin, and an overlap alone would lose what is
drawn generously. Each face goes to one rectangle, those that overlap most first. A name without a place is
used only where one such name and one face are left in the photo.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from photoclust.interchange.claims import EITHER, STORED, UPRIGHT, Claim, PhotoClaims, Shape, seen_upright
from photoclust.interchange.regions import SAME_FACE, Box, Region, overlap

LEAST_OVERLAP = 0.3
"""Least intersection over union of a rectangle and a face that are one without looking at their centres."""


@dataclass(frozen=True)
class Face:
    """A face of a photo: its box in fractions of the upright photo, and the name of its person, or ``""``."""

    box: Box
    name: str = ""


@dataclass
class Matched:
    """What became of the names in one photo.

    Attributes
    ----------
    names
        Name of each face that got one, by the id of the face.
    without_face
        Rectangles with no face of ours.
    contradicting
        Rectangles on a face to which an earlier file gives another name.
    unused
        Names without a place for which no face, or more than one, is left.
    other_shape
        Rectangles drawn on a picture of another shape, cropped say.
    """

    names: dict[str, str] = field(default_factory=dict[str, str])
    without_face: list[Region] = field(default_factory=list[Region])
    contradicting: list[Region] = field(default_factory=list[Region])
    unused: list[str] = field(default_factory=list[str])
    other_shape: list[str] = field(default_factory=list[str])


def matched(said: Iterable[PhotoClaims], faces: Mapping[str, Face], shape: Shape) -> Matched:
    """Match what files say of one photo, the first heard first, to its faces, by id."""
    found, regions, loose = Matched(), list[Region](), list[str]()
    for one in said:
        loose += [claim.name for claim in one.claims if claim.box is None]
        for region in _upright_regions(one, faces, shape, found):
            if not any(_said_already(region, other) for other in regions):
                regions.append(region)
    _give(regions, faces, found)
    _give_loose(list(dict.fromkeys(loose)), {region.name for region in regions}, faces, found)
    return found


def _said_already(region: Region, other: Region) -> bool:
    return region.name == other.name and overlap(region.box, other.box) >= SAME_FACE


def _upright_regions(
    said: PhotoClaims, faces: Mapping[str, Face], shape: Shape, found: Matched
) -> list[Region]:
    """Rectangles in the upright photo; where nobody knows what they are part of, as they fit the faces."""
    placed = [claim for claim in said.claims if claim.box]
    readings = [_read_as(frame, placed, said, shape) for frame in (STORED, UPRIGHT)]
    fit = [sum(_best(region.box, faces) for _, region in reading if region) for reading in readings]
    unknown = any(claim.frame == EITHER for claim in placed)
    chosen = readings[1] if unknown and fit[1] > fit[0] else readings[0]
    found.other_shape += [claim.name for claim, region in chosen if region is None]
    return [region for _, region in chosen if region]


def _read_as(
    frame: str, claims: Sequence[Claim], said: PhotoClaims, shape: Shape
) -> list[tuple[Claim, Region | None]]:
    read: list[tuple[Claim, Region | None]] = []
    for claim in claims:
        assert claim.box, "only those with a place are asked for"
        own = frame if claim.frame == EITHER else claim.frame
        box = seen_upright(claim.box, own, said.applied, shape)
        read.append((claim, Region(claim.name, box) if box else None))
    return read


def _best(box: Box, faces: Mapping[str, Face]) -> float:
    return max((overlap(box, face.box) for face in faces.values()), default=0.0)


def _give(regions: Sequence[Region], faces: Mapping[str, Face], found: Matched) -> None:
    pairs = [
        (-overlap(region.box, face.box), number, face_id)
        for number, region in enumerate(regions)
        for face_id, face in faces.items()
        if is_one(region.box, face.box)
    ]
    given: set[int] = set()
    for _, number, face_id in sorted(pairs):
        if number not in given and face_id not in found.names:
            given.add(number)
            found.names[face_id] = regions[number].name
    on_a_face = {number for _, number, _ in pairs}
    for number, region in enumerate(regions):
        if number not in given:
            (found.contradicting if number in on_a_face else found.without_face).append(region)


def _give_loose(names: Sequence[str], placed: set[str], faces: Mapping[str, Face], found: Matched) -> None:
    """Give names without a place, of those that are not known to be somebody else's face already."""
    known = {face.name for face in faces.values()}
    left = [name for name in names if name not in placed | known]
    free = [face for face, of in faces.items() if face not in found.names and of.name not in names]
    if len(left) == len(free) == 1:
        found.names[free[0]] = left[0]
    else:
        found.unused += left


def is_one(one: Box, other: Box) -> bool:
    """Whether two boxes are around one face."""
    return overlap(one, other) >= LEAST_OVERLAP or (_centre_in(one, other) and _centre_in(other, one))


def _centre_in(one: Box, other: Box) -> bool:
    x, y = (one[0] + one[2]) / 2, (one[1] + one[3]) / 2
    return other[0] <= x <= other[2] and other[1] <= y <= other[3]
