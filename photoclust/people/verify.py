"""From density clusters to people: every join is weighed, every member is checked.

The way of a face:

1. Near-identical faces, as in a burst, count as one.
2. Faces good enough to found a person are joined while the evidence lasts (`agglomerate`), first inside the
   density clusters, then across them: a mixed cluster comes apart, and fragments of a person come together.
3. A member is taken out that its group speaks against, or another group much more for.
4. What is left, low-quality faces included, joins a group that speaks for it; it founds and bridges none.

How much evidence a join needs follows from the number of people in the collection; see `required_evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from photoclust.config import ClusterConfig
from photoclust.people.agglomerate import ANY_PHOTO, Partition, Rows, join
from photoclust.people.calibration import Calibration, calibration_of
from photoclust.people.membership import NOBODY, Templates, attach, own_evidence, rivals
from photoclust.people.neighbours import NeighbourGraph, neighbours
from photoclust.records import LOW_QUALITY, MEMBER, UNSURE

Edges = tuple[Rows, Rows]

NEAR_IDENTICAL = 0.05  # cosine distance; no two of 1,711 people come nearer than this
DUPLICATE_OVERLAP = 0.5  # intersection over union of two boxes
FARTHEST = 0.7  # cosine distance of the longest edges looked at; scores are the same for 0.6 to 1


@dataclass(frozen=True)
class VerifyInput:
    """What verification knows of n faces.

    Attributes
    ----------
    embeddings
        float32, shape (n, d), unit rows, centred (`Calibration.centred`) if the model has a calibration.
    quality
        float32, shape (n,), in [0, 1].
    photos
        int, shape (n,): equal for faces of one photo.
    boxes
        float32, shape (n, 4): x0, y0, x1, y1 in pixels of the photo.
    """

    embeddings: npt.NDArray[np.float32]
    quality: npt.NDArray[np.float32]
    photos: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.embeddings)


@dataclass(frozen=True)
class Groups:
    """Verified groups of n faces.

    Attributes
    ----------
    group
        int32, shape (n,): group of each face, numbered by first appearance; −1 where it is nobody's.
    confidence
        float32, shape (n,), in [0, 1]: probability that the membership is right; 0 where there is none.
    status
        str, shape (n,): `MEMBER`, `UNSURE` or `LOW_QUALITY`.
    """

    group: npt.NDArray[np.int32]
    confidence: npt.NDArray[np.float32]
    status: npt.NDArray[np.str_]


def verify(
    faces: VerifyInput,
    graph: NeighbourGraph,
    labels: npt.NDArray[np.int32],
    config: ClusterConfig,
    calibration: Calibration | None = None,
) -> Groups:
    """Derive people from density clusters.

    Parameters
    ----------
    faces
        The n faces.
    graph
        Their nearest neighbours.
    labels
        int32, shape (n,): density cluster of each, −1 for noise.
    config
        ``min_cluster_size``, ``min_quality`` and ``false_join_rate``.
    calibration
        What is known of the embedder; by default of the default one.

    Returns
    -------
    Groups
    """
    calibration = calibration or calibration_of("casia-webface")
    low = faces.quality < config.min_quality
    partition = _founders(faces, graph, low)
    _join_in_order(partition, graph, labels, low, calibration, config)
    group = _without_small(np.where(low, NOBODY, partition.group), config.min_cluster_size)
    templates = Templates.of(faces.embeddings, group)
    group = _leave_doubtful(templates, graph, calibration, config)
    templates = Templates.of(faces.embeddings, _without_small(group, config.min_cluster_size))
    required = required_evidence(partition, config.false_join_rate)
    group = attach(templates, graph, partition.photos, calibration, required)
    against = np.log(people_in(partition))
    return _groups(Templates.of(faces.embeddings, group), graph, low, calibration, against)


def required_evidence(partition: Partition, false_join_rate: float) -> float:
    """Least log-likelihood ratio that joins two groups.

    Of two people the likelihood ratio exceeds x with probability 1 / x at most (Markov's inequality). A
    person is compared with every other, so that ln(people / rate) keeps the chance that somebody is falsely
    joined to anybody below the rate, however large the collection. That is as true as the model: for single
    pairs the calibration's table holds the rates measured, exp(−evidence) down to 1 in 10,000 and above that
    beyond.

    People are counted as the inverse Simpson index of the present groups, (Σ n)² / Σ n²: the number of
    equally large groups in which two random faces meet as seldom. It starts at the number of faces and falls
    as they join: caution follows from what the collection holds, be it a hundred faces of five people or of
    ninety.
    """
    return float(np.log(people_in(partition) / false_join_rate))


def people_in(partition: Partition) -> float:
    """Inverse Simpson index of the groups, 1 or more."""
    count = partition.count[np.unique(partition.group)]
    return float(count.sum() ** 2 / (count**2).sum()) if len(count) else 1.0


# -- founders -----------------------------------------------------------------------------------------


def _founders(faces: VerifyInput, graph: NeighbourGraph, low: npt.NDArray[np.bool_]) -> Partition:
    """Every face a group of its own, near-identical founders in one that counts as a single face."""
    photos = conflicting_photos(faces, graph)
    left, right = _edges(graph, graph.distances <= NEAR_IDENTICAL, low)
    group = _components(left, right, len(faces))
    clash = _repeated(group, photos)
    group = np.where(np.isin(group, clash), np.arange(len(faces)), group)
    sums = faces.embeddings.copy()
    extra = np.flatnonzero(group != np.arange(len(faces)))
    np.add.at(sums, group[extra], faces.embeddings[extra])
    merged = np.unique(group[extra])
    sums[merged] /= np.linalg.norm(sums[merged], axis=1, keepdims=True)
    return Partition.of(group, photos, sums)


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
    left, right = _edges(graph, graph.distances <= NEAR_IDENTICAL)
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


def _components(left: Rows, right: Rows, n: int) -> Rows:
    """The lowest row that each row is connected with."""
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(n, n))
    component = connected_components(graph, directed=False)[1]
    return np.unique(component, return_index=True)[1][component] if n else np.zeros(0, np.int64)


def _repeated(group: Rows, photos: Rows) -> Rows:
    """Groups that hold a photo twice."""
    bound = photos != ANY_PHOTO
    key, times = np.unique(np.stack([group[bound], photos[bound]]), axis=1, return_counts=True)
    return key[0, times > 1]


# -- joins --------------------------------------------------------------------------------------------


def _join_in_order(
    partition: Partition,
    graph: NeighbourGraph,
    labels: npt.NDArray[np.int32],
    low: npt.NDArray[np.bool_],
    calibration: Calibration,
    config: ClusterConfig,
) -> None:
    """Join founders inside density clusters, then across them, then groups too large to see one another."""

    def required(now: Partition) -> float:
        return required_evidence(now, config.false_join_rate)

    near = graph.distances <= FARTHEST
    together = near & (labels[:, None] >= 0) & (labels[:, None] == labels[graph.indices])
    for chosen in (together, near):
        join(partition, _edges(graph, chosen, low), calibration, required)
    join(partition, _between_large(partition, graph.indices.shape[1]), calibration, required)


def _edges(
    graph: NeighbourGraph, chosen: npt.NDArray[np.bool_], low: npt.NDArray[np.bool_] | None = None
) -> Edges:
    """Edges of the graph that are chosen and whose ends are both founders."""
    left, column = np.nonzero(chosen)
    right = graph.indices[left, column].astype(np.int64)
    if low is None:
        return left, right
    keep = ~(low[left] | low[right])
    return left[keep], right[keep]


def _between_large(partition: Partition, k: int) -> Edges:
    """Edges between groups with more faces than neighbours: theirs may all lie inside the group."""
    large = np.unique(partition.group)
    large = large[partition.count[large] > k]
    means = partition.sums[large]
    means = means / np.linalg.norm(means, axis=1, keepdims=True)
    nearest = neighbours(means, k).indices
    return np.repeat(large, nearest.shape[1]), large[nearest.ravel()]


# -- members ------------------------------------------------------------------------------------------


def _without_small(group: Rows, least: int) -> Rows:
    """Groups of fewer faces than make a person are nobody's."""
    times = np.bincount(group[group != NOBODY], minlength=1)
    return np.where((group != NOBODY) & (times[group] >= least), group, NOBODY)


def _leave_doubtful(
    templates: Templates, graph: NeighbourGraph, calibration: Calibration, config: ClusterConfig
) -> Rows:
    """Take members out whose group speaks against them, or another so much more for them as to move them."""
    own, other = own_evidence(templates, calibration), rivals(templates, graph, calibration)
    stays = (own > 0) & (other.evidence < own - np.log(config.false_join_rate))
    return np.where(stays, templates.group, NOBODY)


def _groups(
    templates: Templates,
    graph: NeighbourGraph,
    low: npt.NDArray[np.bool_],
    calibration: Calibration,
    against: float,
) -> Groups:
    """Number the groups by first appearance and say how sure each membership is.

    `against` is what the number of people speaks against any membership: the logarithm of the prior odds.
    """
    own, other = own_evidence(templates, calibration), rivals(templates, graph, calibration)
    confidence = calibration.confidence(own - np.maximum(0, other.evidence) - against)
    member = templates.group != NOBODY
    _, first, number = np.unique(templates.group[member], return_index=True, return_inverse=True)
    group = np.full(len(member), NOBODY, np.int32)
    group[member] = np.argsort(np.argsort(first))[number]
    status = np.where(member, MEMBER, np.where(low, LOW_QUALITY, UNSURE))
    return Groups(group, np.where(member, confidence, 0).astype(np.float32), status)
