"""Which faces of a photo are those it had before it was cropped, turned, compressed anew or retouched.

Faces are the same where their place is and their embedding is much alike. A place is compared in each of the
eight ways to turn a picture, the whole picture laid on the whole, and cut out as two faces that are nearly
equal say. Of one face of before at most one of now is the successor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SAME_PLACE, _SAME_THERE, _SAME_ANYWHERE = 0.4, 0.6, 0.8  # overlap; cosine similarity there, and anywhere
_SEEDS = 20


@dataclass(frozen=True)
class PhotoFaces:
    """The faces of one version of a photo.

    Attributes
    ----------
    face_ids
        Id of each of n faces.
    boxes
        Shape (n, 4), in pixels.
    embeddings
        Shape (n, d), unit vectors.
    size
        Width and height of the photo, both 0 where that is not known.
    """

    face_ids: Sequence[str]
    boxes: Array
    embeddings: Array
    size: tuple[int, int]


def successors(before: PhotoFaces, after: PhotoFaces) -> list[tuple[str, str]]:
    """Pairs of a face of before and the face it is now, each in one pair at most."""
    if not (len(before.face_ids) and len(after.face_ids)):
        return []
    alike = before.embeddings @ after.embeddings.T
    candidates = (_weights(boxes, after.boxes, alike) for boxes in _placements(before, after, alike))
    placed = max(candidates, key=lambda weights: float(weights.max(axis=1).sum()))
    anywhere = np.where(alike >= _SAME_ANYWHERE, alike, 0.0)
    weights = np.where(placed > 0, placed + 1, anywhere)
    from scipy.optimize import linear_sum_assignment  # takes as long as reading 100,000 known photos

    rows, columns = linear_sum_assignment(weights, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    old, new = list(before.face_ids), list(after.face_ids)
    return [(old[row], new[column]) for row, column in pairs if weights[row, column] > 0]


def _weights(boxes: Array, others: Array, alike: Array) -> Array:
    overlap = _overlaps(boxes, others)
    return np.where((overlap >= _SAME_PLACE) & (alike >= _SAME_THERE), overlap + alike, 0.0)


def _placements(before: PhotoFaces, after: PhotoFaces, alike: Array) -> Iterator[Array]:
    """Where the faces of before may be now: shape (n, 4) each."""
    width, height = before.size
    if not (width and height and all(after.size)):
        yield before.boxes
        return
    order = np.argsort(-alike, axis=None)[:_SEEDS]
    seeds = [divmod(int(at), alike.shape[1]) for at in order if alike.flat[at] >= _SAME_ANYWHERE]
    for turned, size in _turns(before.boxes, width, height):
        yield turned * np.tile(np.array(after.size) / np.array(size), 2)
        for row, column in seeds:
            scale = np.sqrt(_areas(after.boxes)[column] / max(_areas(turned)[row], 1e-6))
            shift = _centres(after.boxes)[column] - scale * _centres(turned)[row]
            yield turned * scale + np.tile(shift, 2)


def _turns(boxes: Array, width: int, height: int) -> Iterator[tuple[Array, tuple[int, int]]]:
    """Boxes in a picture turned and mirrored in each of eight ways, and its size then."""
    for mirrored in (False, True):
        turned: Array = boxes
        size = (width, height)
        if mirrored:
            turned = np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1)
        for _ in range(4):
            yield turned, size
            x0, y0, x1, y1 = turned.T
            turned = np.stack([size[1] - y1, x0, size[1] - y0, x1], axis=1)
            size = (size[1], size[0])


def _areas(boxes: Array) -> Array:
    return np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)


def _centres(boxes: Array) -> Array:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _overlaps(boxes: Array, others: Array) -> Array:
    """Intersection over union of each box with each of the others."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=2)
    return common / np.maximum(_areas(boxes)[:, None] + _areas(others)[None] - common, 1e-6)
