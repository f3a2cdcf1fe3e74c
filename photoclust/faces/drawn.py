"""A face that somebody has drawn a box around: where its eyes, nose and mouth are, and which way up it is.

Boxes drawn by hand are looser or tighter than those of the detector, and an embedding follows from the box.
Of 46 faces of LFW and of footballers, drawn with sides of .8 to 1, .95 to 1.1 and 1.1 to 1.6 of the
detector's and a little off the middle, the mean cosine with the embedding of the detected face is .93, .97
and .73 as they were drawn. It is .98, .98 and .96 where O-Net has moved them once, and .98 each time where it
has twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from photoclust.faces.turned import turned_back
from photoclust.records import Detections

if TYPE_CHECKING:
    from photoclust.faces.detect import Detector

Pixels = npt.NDArray[np.uint8]
Box = npt.NDArray[np.float32]

SAME_FACE = 0.3  # least intersection over union of a drawn box and what the detector makes of it

# Where eyes, nose and corners of the mouth are in a box of the detector, in sides of it: the mean over faces
# of LFW's development people and of footballers.
USUAL = np.array([[0.27, 0.39], [0.73, 0.39], [0.5, 0.57], [0.3, 0.75], [0.7, 0.75]], np.float32)


def drawn_face(detector: Detector, pixels: Pixels, box: Box) -> Detections:
    """Look closely at a box that somebody drew.

    Parameters
    ----------
    detector
        Its last stage says how the face lies in the box, which then fits as if the face had been found.
    pixels
        uint8, shape (height, width, 3), RGB, upright.
    box
        float32, shape (4,): x0, y0, x1, y1 in pixels, with some pixels of the photo inside.

    Returns
    -------
    Detections
        One face. Where the detector sees none, the box as it was drawn, landmarks where they usually are, and
        a score of 0.
    """
    part, corner = _surroundings(pixels, box)
    inside = box - np.tile(corner, 2)
    looks = [_look(detector, part, inside, 0)]
    if not len(looks[0]):
        looks = [_look(detector, part, inside, turns) for turns in (1, 2, 3)]
    seen = max(looks, key=lambda found: float(found.scores.max(initial=-1)))
    if not len(seen):
        return _as_drawn(box)
    boxes = seen.boxes + np.tile(corner, 2)
    return replace(
        seen, boxes=boxes.astype(np.float32), landmarks=(seen.landmarks + corner).astype(np.float32)
    )


def _as_drawn(box: Box) -> Detections:
    landmarks = box[:2] + USUAL * (box[2:] - box[:2])
    return Detections(
        box[None].astype(np.float32), landmarks[None].astype(np.float32), np.zeros(1, np.float32)
    )


def _surroundings(pixels: Pixels, box: Box) -> tuple[Pixels, Box]:
    """The part of a photo about a box, as much wider each way as the box is long, and its low corner."""
    limit = np.array([pixels.shape[1], pixels.shape[0]])
    side = (box[2:] - box[:2]).max()
    low = np.clip(np.floor(box[:2] - side), 0, limit - 1).astype(int)
    high = np.clip(np.ceil(box[2:] + side), low + 1, limit).astype(int)
    return pixels[low[1] : high[1], low[0] : high[0]], low.astype(np.float32)


def _look(detector: Detector, part: Pixels, box: Box, turns: int) -> Detections:
    """The face in a box after so many quarter turns, if the detector sees one there."""
    turned = np.ascontiguousarray(np.rot90(part, turns))
    seen = turned_back(detector.look_at(turned, _turned(box, turns, part.shape)), turns, part.shape[:2])
    near = [row for row, found in enumerate(seen.boxes) if _overlap(found, box) >= SAME_FACE]
    return seen.take(near[0]) if near else Detections.none()


def _turned(box: Box, turns: int, shape: tuple[int, ...]) -> Box:
    """Where a box is after quarter turns counter-clockwise of a picture of `shape` (height, width)."""
    corners, (height, width) = box.reshape(2, 2), shape[:2]
    for _ in range(turns):
        corners = np.stack([corners[:, 1], width - corners[:, 0]], 1)
        height, width = width, height
    return np.concatenate([corners.min(0), corners.max(0)]).astype(np.float32)


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union, in [0, 1]."""
    common = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None).prod()
    both = (one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - common
    return float(common / max(both, 1e-6))
