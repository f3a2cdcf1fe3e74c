"""Photos that lie on their side or stand on their head without saying so, as scans do.

The detector knows upright faces. In a photo on its side it finds half of them, with landmarks that mean
nothing, and embeddings of such faces resemble one another more than those of one person do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from photoclust.records import Detections

if TYPE_CHECKING:
    from photoclust.faces.detect import Detector

Pixels = npt.NDArray[np.uint8]

# Face probability from which on a photo shows a face for certain (python benchmarks/turned.py PHOTOS).
CERTAIN = 0.99
LONGEST = 1024  # pixels of the longer side of a photo in which one such face is looked for in all directions


def detect_turned(detector: Detector, pixels: Pixels) -> Detections:
    """Find the faces of a photo, turned if need be until it shows one for certain.

    Parameters
    ----------
    detector
        Finds upright faces.
    pixels
        uint8, shape (height, width, 3), RGB.

    Returns
    -------
    Detections
        In pixels of the photo as it is; ``turns`` says which way its faces are up.
    """
    found = detector.detect(pixels)
    turns = 0 if _certainty(found) >= CERTAIN else _turns(detector, pixels)
    if not turns:
        return found
    turned = detector.detect(np.rot90(pixels, turns))
    return turned_back(turned, turns, pixels.shape[:2]) if _certainty(turned) >= CERTAIN else found


def turned_back(turned: Detections, turns: int, shape: tuple[int, ...]) -> Detections:
    """Say where faces found in a turned photo are in the photo.

    Parameters
    ----------
    turned
        Faces of the photo after quarter turns counter-clockwise (``np.rot90``).
    turns
        How many, 0 to 3.
    shape
        Height and width of the photo.
    """
    points = [turned.boxes.reshape(-1, 2, 2), turned.landmarks]
    for before in reversed(range(turns)):
        width = shape[1 - before % 2]  # of the photo before this turn
        points = [np.stack([width - at[..., 1], at[..., 0]], -1).astype(np.float32) for at in points]
    corners, landmarks = points
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1)
    return replace(turned, boxes=boxes, landmarks=landmarks, turns=turns)


def turns_of(landmarks: npt.NDArray[np.float32]) -> int:
    """Quarter turns counter-clockwise that put the faces of a photo upright.

    Parameters
    ----------
    landmarks
        float32, shape (n, 5, 2), see `Detections`. All faces of a photo were found in one position.
    """
    down = landmarks[:, 3:].mean(1) - landmarks[:, :2].mean(1)  # from the eyes to the mouth
    lengths = np.linalg.norm(down, axis=1, keepdims=True)
    x, y = (down / np.maximum(lengths, 1e-6)).sum(0)
    if abs(y) >= abs(x):
        return 0 if y >= 0 else 2
    return 3 if x > 0 else 1


def _turns(detector: Detector, pixels: Pixels) -> int:
    """Quarter turns after which a photo shows a face for certain, 0 where none does.

    Asked of a small copy of the photo, half its size or less: that takes a quarter of the detector's time and
    less, and faces must be as much larger.
    """
    shrink = max(2, -(-max(pixels.shape) // LONGEST))
    small = np.asarray(Image.fromarray(pixels).reduce(shrink))
    certainty = [_certainty(detector.detect(np.rot90(small, turns))) for turns in (1, 2, 3)]
    return 1 + int(np.argmax(certainty)) if max(certainty) >= CERTAIN else 0


def _certainty(found: Detections) -> float:
    return float(found.scores.max(initial=0))
