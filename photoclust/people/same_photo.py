"""One photo, one person once: which faces of a photo must be different people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from photoclust.people.bursts import near_identical
from photoclust.people.exclusions import Exclusions, Rows
from photoclust.people.neighbours import NeighbourGraph

if TYPE_CHECKING:
    from photoclust.people.verify import VerifyInput

Edges = tuple[Rows, Rows]

ANY_PHOTO = -1  # the photo of a face that no other face shares a photo with
DUPLICATE_OVERLAP = 0.5  # intersection over union of two boxes


def same_photo(faces: VerifyInput, graph: NeighbourGraph) -> Exclusions:
    """Keep the faces of each photo apart, as far as they conflict."""
    photos = conflicting_photos(faces, graph)
    bound = np.flatnonzero(photos != ANY_PHOTO)
    return Exclusions.once(bound, photos[bound])


def conflicting_photos(faces: VerifyInput, graph: NeighbourGraph) -> Rows:
    """Photo of each face that shares it with another face; `ANY_PHOTO` for the others and for duplicates.

    Two faces of one photo are two people, unless they are one face detected twice (boxes that overlap by
    more than half of their union) or one picture twice (near-identical, as in a collage): then the one of
    lower quality is let go.
    """
    photos = np.unique(faces.photos, return_inverse=True)[1].astype(np.int64)
    left, right = (
        np.concatenate(both)
        for both in zip(_overlapping(faces.boxes, photos), _near_identical(graph, photos), strict=True)
    )
    worse = np.where(faces.quality[left] < faces.quality[right], left, right)
    photos[worse] = ANY_PHOTO
    shared = np.bincount(photos[photos != ANY_PHOTO], minlength=1) > 1
    return np.where((photos != ANY_PHOTO) & shared[photos], photos, ANY_PHOTO)


def _near_identical(graph: NeighbourGraph, photos: Rows) -> Edges:
    """Pairs of near-identical faces in one photo, the lower row left."""
    left, right = near_identical(graph)
    same = (photos[left] == photos[right]) & (left < right)
    return left[same], right[same]


def _overlapping(boxes: npt.NDArray[np.float32], photos: Rows) -> Edges:
    """Pairs of boxes in one photo whose intersection is more than half of their union, the lower row left."""
    order = np.argsort(photos, kind="stable")
    found: list[Edges] = []
    for step in range(1, int(np.bincount(photos, minlength=1).max())):
        left, right = order[:-step], order[step:]
        same = photos[left] == photos[right]
        left, right = left[same], right[same]
        close = _overlap(boxes[left], boxes[right]) > DUPLICATE_OVERLAP
        found.append((left[close], right[close]))
    none = np.zeros(0, np.int64)
    return (
        np.concatenate([none, *(pair[0] for pair in found)]),
        np.concatenate([none, *(pair[1] for pair in found)]),
    )


def _overlap(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Intersection over union of corresponding boxes, in [0, 1]."""
    low, high = np.maximum(left[:, :2], right[:, :2]), np.minimum(left[:, 2:], right[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    both = np.prod(left[:, 2:] - left[:, :2], axis=1) + np.prod(right[:, 2:] - right[:, :2], axis=1)
    return common / np.maximum(both - common, 1e-6)
