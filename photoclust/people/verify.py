"""From density clusters to people: every join is weighed, every member is checked.

The way of a face:

1. Near-identical faces, as in a burst, count as one.
2. Faces good enough to found a person are joined while the evidence lasts (`agglomerate`), first inside the
   density clusters, then across them: a mixed cluster comes apart, and fragments of a person come together.
3. A member is taken out that its group speaks against, or another group much more for.
4. What is left, low-quality faces included, joins a group that speaks for it; it founds and bridges none.

What the user has decided is law (`Constraints`): faces put together start in one group and stay in it, be
they doubtful or of low quality; what is to be apart never joins; parts of one person become one in the end.

How much evidence a join needs follows from the number of people in the collection; see `required_evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from photoclust.config import ClusterConfig
from photoclust.people.agglomerate import Partition, Rows, absorb, join
from photoclust.people.bursts import NEAR_IDENTICAL, components
from photoclust.people.calibration import Calibration, calibration_of
from photoclust.people.constraints import Constraints
from photoclust.people.exclusions import Exclusions
from photoclust.people.membership import NOBODY, Templates, attach, own_evidence, rivals
from photoclust.people.neighbours import NeighbourGraph, neighbours
from photoclust.people.same_photo import same_photo
from photoclust.records import LOW_QUALITY, MEMBER, UNSURE

Edges = tuple[Rows, Rows]

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
    constraints: Constraints | None = None,
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
        What is known of the embedder; by default what is assumed of any.
    constraints
        What the user has decided; by default nothing.

    Returns
    -------
    Groups
    """
    embeddings, calibration = (calibration or calibration_of()).weighed(faces.embeddings)
    faces = replace(faces, embeddings=embeddings)
    law = constraints or Constraints.none(len(faces))
    low = (faces.quality < config.min_quality) & ~law.members
    partition = _founders(faces, graph, low, law, config.photo_copies)
    _join_in_order(partition, graph, labels, low, calibration, config)
    group = _without_small(np.where(low, NOBODY, partition.group), config.min_cluster_size, law)
    templates = Templates.of(faces.embeddings, group, law.part_of)
    group = _leave_doubtful(templates, graph, law, calibration, config)
    group = _without_small(group, config.min_cluster_size, law)
    templates = Templates.of(faces.embeddings, group, law.part_of)
    required = required_evidence(partition, calibration, config.false_join_rate)
    group = attach(templates, graph, partition.exclusions, calibration, required)
    templates = Templates.of(faces.embeddings, group, law.part_of)
    confidence = _confidence(templates, graph, calibration, against=np.log(people_in(partition)))
    return _groups(templates.person, np.where(law.certain, 1, confidence), low)


def required_evidence(partition: Partition, calibration: Calibration, false_join_rate: float) -> float:
    """Least log-likelihood ratio that joins two groups.

    A person is compared with every other, so that a false match rate of `false_join_rate` / people keeps the
    chance that somebody is falsely joined to anybody below the rate, however large the collection. Which
    evidence that takes, `Calibration.evidence_at` has from measurement: on small collections less than the
    ln(people / rate) that would do were nothing known but the model (Markov's inequality).

    People are counted as the inverse Simpson index of the present groups, (Σ n)² / Σ n²: the number of
    equally large groups in which two random faces meet as seldom. It starts at the number of faces and falls
    as they join: caution follows from what the collection holds, be it a hundred faces of five people or of
    ninety. Evidence below 0 speaks against, and joins nobody at any rate.
    """
    return max(0.0, calibration.evidence_at(false_join_rate / people_in(partition)))


def people_in(partition: Partition) -> float:
    """Inverse Simpson index of the groups, 1 or more."""
    count = partition.count[np.unique(partition.group)]
    return float(count.sum() ** 2 / (count**2).sum()) if len(count) else 1.0


# -- founders -----------------------------------------------------------------------------------------


def _founders(
    faces: VerifyInput,
    graph: NeighbourGraph,
    low: npt.NDArray[np.bool_],
    law: Constraints,
    copies: bool,
) -> Partition:
    """Every face a group of its own, near-identical founders in one that counts as a single face.

    Faces that the user has put together begin in one group.
    """
    exclusions = same_photo(faces, graph, copies).also(law.exclusions)
    burst, start = _beginnings(_edges(graph, graph.distances <= NEAR_IDENTICAL, low), exclusions, law)
    sums = faces.embeddings.copy()
    extra = np.flatnonzero(burst != np.arange(len(faces)))
    np.add.at(sums, burst[extra], faces.embeddings[extra])
    merged, more = np.unique(burst[extra], return_counts=True)
    sums[merged] /= (1 + more[:, None]).astype(np.float32)
    partition = Partition.of(burst, exclusions, law.part_of, sums)
    absorb(partition, np.where(burst == np.arange(len(faces)), start, np.arange(len(faces))))
    return partition


def _beginnings(near: Edges, exclusions: Exclusions, law: Constraints) -> tuple[Rows, Rows]:
    """Burst of each face, and the group it starts in; no burst where it would unite what clashes."""
    n, everyone = len(law), np.arange(len(law))
    whole = components(np.r_[near[0], everyone, everyone], np.r_[near[1], law.start, law.person()], n)
    clashing = whole[exclusions.late(law.start, whole, np.zeros(n))]
    free = ~np.isin(whole[near[0]], clashing)
    near = near[0][free], near[1][free]
    start = components(np.r_[near[0], everyone], np.r_[near[1], law.start], n)
    return components(*near, n), start


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
        return required_evidence(now, calibration, config.false_join_rate)

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


def _without_small(group: Rows, least: int, law: Constraints) -> Rows:
    """Groups of fewer faces than make a person are nobody's, unless decisions made them."""
    times = np.bincount(group[group != NOBODY], minlength=1)
    times[group[law.members]] = max(least, len(group))
    return np.where((group != NOBODY) & (times[group] >= least), group, NOBODY)


def _leave_doubtful(
    templates: Templates,
    graph: NeighbourGraph,
    law: Constraints,
    calibration: Calibration,
    config: ClusterConfig,
) -> Rows:
    """Take members out whose group speaks against them, or another so much more for them as to move them."""
    own, other = own_evidence(templates, calibration), rivals(templates, graph, calibration)
    stays = (own > 0) & (other.evidence < own - np.log(config.false_join_rate))
    return np.where(stays | law.members, templates.group, NOBODY)


def _confidence(
    templates: Templates, graph: NeighbourGraph, calibration: Calibration, against: float
) -> npt.NDArray[np.float64]:
    """Say how sure each membership is.

    `against` is what the number of people speaks against any membership: the logarithm of the prior odds.
    """
    own, other = own_evidence(templates, calibration), rivals(templates, graph, calibration)
    return calibration.confidence(own - np.maximum(0, other.evidence) - against)


def _groups(person: Rows, confidence: npt.NDArray[np.float64], low: npt.NDArray[np.bool_]) -> Groups:
    """Number the groups by first appearance."""
    member = person != NOBODY
    _, first, number = np.unique(person[member], return_index=True, return_inverse=True)
    group = np.full(len(member), NOBODY, np.int32)
    group[member] = np.argsort(np.argsort(first))[number]
    status = np.where(member, MEMBER, np.where(low, LOW_QUALITY, UNSURE))
    return Groups(group, np.where(member, confidence, 0).astype(np.float32), status)
