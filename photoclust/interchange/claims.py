"""What other programs say of who is in a photo, whatever file it stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from photoclust.interchange.reading import Applied
from photoclust.interchange.regions import Box, fractions, upright

STORED, UPRIGHT, EITHER, PIXELS = "stored", "upright", "either", "pixels"
"""What a rectangle is a part of: the photo as stored, the upright one, nobody knows which; or it is in pixels
of the upright photo."""

SAME_SHAPE = 0.05
"""Most by which the ratio of sides of one picture may differ: that of a RAW and its preview does by 0.02."""

MOST_BYTES = 64 << 20
"""Longest file of names that is read."""


class UnusableError(Exception):
    """A file cannot be used; a clause that says why."""


@dataclass(frozen=True)
class Claim:
    """Somebody is in a photo, at a place or somewhere.

    Attributes
    ----------
    name
        Who.
    box
        Where, in fractions or pixels; None where that is not said.
    frame
        Of what: one of the words above.
    """

    name: str
    box: Box | None = None
    frame: str = STORED


@dataclass(frozen=True)
class PhotoClaims:
    """What one file says of one photo.

    Attributes
    ----------
    source
        The file.
    photo
        Path of the photo, as far as the file tells it.
    claims
        What it says.
    by_stem
        `photo` is without its extension.
    applied
        Size of the picture that stored rectangles were drawn on, where that is said.
    """

    source: Path
    photo: Path
    claims: Sequence[Claim] = field(default=())
    by_stem: bool = False
    applied: Applied = field(default=Applied())


@dataclass(frozen=True)
class Shape:
    """Size of an upright photo in pixels, and its EXIF orientation."""

    width: int
    height: int
    orientation: int


def seen_upright(box: Box, frame: str, applied: Applied, shape: Shape) -> Box | None:
    """Give a box in the upright photo; None where it was drawn on a picture of another shape.

    Stored rectangles whose dimensions are those of the upright photo, as some programs write them, are taken
    for upright.
    """
    if not (shape.width and shape.height):
        return None
    if frame in (UPRIGHT, PIXELS):
        return box if frame == UPRIGHT else fractions(box, shape.width, shape.height)
    if not applied.width:
        return upright(box, shape.orientation)
    drawn, seen = applied.width / applied.height, shape.width / shape.height
    as_stored = 1 / seen if shape.orientation >= 5 else seen
    if _alike(drawn, as_stored):
        return upright(box, shape.orientation)
    return box if _alike(drawn, seen) else None


def _alike(one: float, other: float) -> bool:
    return abs(one / other - 1) <= SAME_SHAPE
