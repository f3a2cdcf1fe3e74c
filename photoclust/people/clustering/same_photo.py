"""One photo, one person once: which faces of a photo must be different people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from photoclust.config import ClusterConfig
from photoclust.people.calibration.hubness import ANY_PHOTO
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import NeighbourGraph, cosine_distances
from photoclust.types import Rows

Edges = tuple[Rows, Rows]

# Cosine distance below which two faces of one photo are one picture twice. Of 40 portraits composed with a
# copy of themselves all mirror images, all smaller copies and 93 % of dim, blurred, tilted ones came nearer;
# of 852 pairs of faces in one photo of LFW's development people and two albums none came nearer than 0.199.
SAME_PICTURE = 0.15
DUPLICATE_OVERLAP = 0.5  # intersection over union of two boxes
# A collage, a contact sheet, a page of an album: three pairs of its clear faces and more are very alike, as
# pictures of one person are, and these are two fifths and more of those that are at all alike. Of people who
# only look alike many more are somewhat alike than very (python benchmarks/collages.py INDEX CROWDS).
VERY_ALIKE, ALIKE = 0.35, 0.5  # cosine distances
VERY_ALIKE_PAIRS, VERY_ALIKE_SHARE = 3, 0.4


def once_a_photo(photos: Rows) -> Exclusions:
    """Keep the faces of each photo apart, as far as they conflict; `photos` from `conflicting_photos`."""
    bound = np.flatnonzero(photos != ANY_PHOTO)
    return Exclusions.once(bound, photos[bound])


def conflicting_photos(faces: VerifyInput, graph: NeighbourGraph, copies: bool = True) -> Rows:
    """Photo of each face that shares it with another face; `ANY_PHOTO` for the others and for duplicates.

    Two faces of one photo are two people, unless they are one face detected twice (boxes that overlap by
    more than half of their union) or one picture twice (`SAME_PICTURE`, as in a mirror, a collage or on a
    screen; not without `copies`): then the one of lower quality is let go. A photo that is made of photos
    keeps nobody apart (`made_of_photos`; not without `copies`).
    """
    photos = np.unique(faces.photos, return_inverse=True)[1].astype(np.int64)
    left, right = (
        np.concatenate(both)
        for both in zip(
            _overlapping(faces.boxes, photos),
            _copies(graph, photos if copies else np.arange(len(photos))),
            strict=True,
        )
    )
    worse = np.where(faces.quality[left] < faces.quality[right], left, right)
    photos[worse] = ANY_PHOTO
    if copies:
        photos[np.isin(faces.photos, made_of_photos(faces, graph))] = ANY_PHOTO
    shared = np.bincount(photos[photos != ANY_PHOTO], minlength=1) > 1
    return np.where((photos != ANY_PHOTO) & shared[photos], photos, ANY_PHOTO)


def made_of_photos(faces: VerifyInput, graph: NeighbourGraph) -> Rows:
    """Numbers of the photos that show photos, each with faces of its own; see `VERY_ALIKE_PAIRS`."""
    left, _ = _near(graph, faces.photos, VERY_ALIKE)
    photos, pairs = np.unique(faces.photos[left], return_counts=True)
    likely = photos[pairs >= VERY_ALIKE_PAIRS]  # what is near in a photo is among the nearest of all
    clear = np.flatnonzero((faces.quality >= ClusterConfig.min_quality) & np.isin(faces.photos, likely))
    order = clear[np.argsort(faces.photos[clear], kind="stable")]
    starts = np.flatnonzero(np.diff(faces.photos[order]))
    return np.array(
        [faces.photos[own[0]] for own in np.split(order, starts + 1) if _is_made(faces, own)], np.int64
    )


def _is_made(faces: VerifyInput, own: Rows) -> bool:
    """Tell from its clear faces if a photo is made of photos; of faces that overlap one may be the other."""
    very, alike = 0, 0
    for place, first in enumerate(own.tolist(), 1):
        rest = own[place:]
        rest = rest[_overlap(faces.boxes[[first]], faces.boxes[rest]) == 0]
        distances = cosine_distances(faces.embeddings[np.full(len(rest), first)], faces.embeddings[rest])
        very, alike = very + int((distances <= VERY_ALIKE).sum()), alike + int((distances <= ALIKE).sum())
    return very >= max(VERY_ALIKE_PAIRS, VERY_ALIKE_SHARE * alike)


def _copies(graph: NeighbourGraph, photos: Rows) -> Edges:
    """Pairs of faces in one photo that are one picture twice, the lower row left."""
    return _near(graph, photos, SAME_PICTURE)


def _near(graph: NeighbourGraph, photos: Rows, distance: float) -> Edges:
    """Pairs of faces in one photo that are neighbours within a distance, each once, the lower row left."""
    pairs = [np.zeros((0, 2), np.int64)]
    for column, length in zip(graph.indices.T, graph.distances.T, strict=True):
        rows = np.flatnonzero(length <= distance)
        rows = rows[photos[column[rows]] == photos[rows]]
        pairs.append(np.sort(np.column_stack([rows, column[rows]]), axis=1))
    left, right = np.unique(np.concatenate(pairs), axis=0).T
    return left, right


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
