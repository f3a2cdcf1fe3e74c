"""Photos that lie on their side or stand on their head without saying so, as scans do.

The detector knows upright faces. In a photo on its side it finds half of them, with landmarks that mean
nothing, and embeddings of such faces resemble one another more than those of one person do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from photoclust.records import Detections

Pixels = npt.NDArray[np.uint8]

# Face probability from which on a photo shows a face for certain (python benchmarks/turned.py PHOTOS).
CERTAIN = 0.99
LONGEST = 1024  # pixels of the longer side of a photo in which one such face is looked for in all directions


class FindsFaces(Protocol):
    """Finds upright faces in photos."""

    def detect_all(self, photos: Sequence[Pixels]) -> list[Detections]:
        """Find the faces of photos: uint8, each of shape (height, width, 3), RGB."""
        ...


def detect_turned(detector: FindsFaces, pixels: Pixels) -> Detections:
    """Find the faces of one photo; see `detect_all_turned`."""
    return detect_all_turned(detector, [pixels])[0]


def detect_all_turned(detector: FindsFaces, photos: Sequence[Pixels]) -> list[Detections]:
    """Find the faces of photos, each turned if need be until it shows one for certain.

    Parameters
    ----------
    detector
        Finds upright faces.
    photos
        uint8, each of shape (height, width, 3), RGB.

    Returns
    -------
    list of Detections
        In pixels of the photos as they are; ``turns`` says which way their faces are up.
    """
    found = detector.detect_all(photos)
    unsure = [n for n, faces in enumerate(found) if _certainty(faces) < CERTAIN]
    turns = _turns(detector, [photos[n] for n in unsure])
    lying = [(n, turn) for n, turn in zip(unsure, turns, strict=True) if turn]
    again = detector.detect_all([np.rot90(photos[n], turn) for n, turn in lying])
    for (n, turn), turned in zip(lying, again, strict=True):
        if _certainty(turned) >= CERTAIN:
            found[n] = turned_back(turned, turn, photos[n].shape[:2])
    return found


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


def _turns(detector: FindsFaces, photos: Sequence[Pixels]) -> list[int]:
    """Quarter turns after which each photo shows a face for certain, 0 where none does.

    Asked of a small copy of the photo, half its size or less: that takes a quarter of the detector's time and
    less, and faces must be as much larger.
    """
    small = [np.rot90(_small(pixels), turns) for pixels in photos for turns in (1, 2, 3)]
    certainty = np.array([_certainty(found) for found in detector.detect_all(small)]).reshape(-1, 3)
    return np.where(certainty.max(1) >= CERTAIN, 1 + certainty.argmax(1), 0).tolist()


def _small(pixels: Pixels) -> Pixels:
    shrink = max(2, -(-max(pixels.shape) // LONGEST))
    return np.asarray(Image.fromarray(pixels).reduce(shrink))


def _certainty(found: Detections) -> float:
    return float(found.scores.max(initial=0))
