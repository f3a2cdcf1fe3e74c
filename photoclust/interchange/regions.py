"""Face regions: rectangles of one picture, seen upright or as the file stores it.

Detection, boxes of the index and everything people see are upright. Metadata speaks of the picture as it is
stored, before its EXIF orientation is applied (Guidelines for Handling Image Metadata 2.0 of the Metadata
Working Group, chapter 5.9, "Image regions").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SAME_PLACE = 0.9
"""Least overlap of a rectangle with itself after another program has rounded it to pixels.

A face of 40 pixels whose sides each move by half a pixel keeps 0.95 of itself.
"""

SAME_FACE = 0.5
"""Least overlap of two rectangles around one face, as object detection is judged (PASCAL VOC)."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as fractions of the picture's width and height, in [0, 1]."""


@dataclass(frozen=True)
class Region:
    """A rectangle and whose face is in it; ``""`` for nobody's in particular."""

    name: str
    box: Box


def fractions(box: Sequence[float], width: int, height: int) -> Box | None:
    """Give a box in pixels as fractions of its picture, as far as it lies inside; None where it does not."""
    x0, y0, x1, y1 = box
    sides = (x0 / width, y0 / height, x1 / width, y1 / height)
    inside = tuple(min(max(side, 0.0), 1.0) for side in sides)
    return (inside[0], inside[1], inside[2], inside[3]) if _area(inside) > 0 else None


def stored(box: Box, orientation: int) -> Box:
    """Where a box of the upright picture lies in the picture as stored.

    Parameters
    ----------
    box
        Fractions of the upright picture.
    orientation
        EXIF orientation of the file, 1 to 8 (EXIF 2.32, section 4.6.4, tag 0x0112).
    """
    x0, y0, x1, y1 = _mirrored(box, orientation)
    return (y0, x0, y1, x1) if orientation >= 5 else (x0, y0, x1, y1)


def upright(box: Box, orientation: int) -> Box:
    """Where a box of the picture as stored lies in the upright picture; the inverse of `stored`."""
    x0, y0, x1, y1 = box
    return _mirrored((y0, x0, y1, x1) if orientation >= 5 else box, orientation)


def _mirrored(box: Box, orientation: int) -> Box:
    """Mirror a box as an orientation does, apart from the exchange of rows and columns by 5 to 8."""
    x0, y0, x1, y1 = box
    if orientation in (2, 3, 6, 7):
        x0, x1 = 1 - x1, 1 - x0
    if orientation in (3, 4, 7, 8):
        y0, y1 = 1 - y1, 1 - y0
    return x0, y0, x1, y1


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, in [0, 1]."""
    common = (max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3]))
    shared = _area(common)
    return shared / (_area(one) + _area(other) - shared) if shared else 0.0


def _area(box: Sequence[float]) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
