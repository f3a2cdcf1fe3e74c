"""Faces that may found a person, joined while the evidence lasts.

They are joined first inside the density clusters, then across them: a mixed cluster comes apart, and
fragments of a person come together. At first only what is certain is joined, then what else is likely in view
of who is near (`photoclust.people.clustering.context`). What the user has put together starts as one group;
what is to be apart never joins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from photoclust.config import ClusterConfig
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.spread import SpreadModel
from photoclust.people.clustering.agglomerate import (
    Joining,
    Pairs,
    Partition,
    absorb,
    faces_in,
    join,
    pairs_of,
    regrouped,
    weighed_by,
)
from photoclust.people.clustering.constraints import Constraints
from photoclust.people.clustering.context import START, Context, InContext
from photoclust.people.clustering.density import density_clusters
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.required import evidence_for_groups, people_like, required_evidence
from photoclust.people.graph.near_duplicates import NEAR_IDENTICAL, components
from photoclust.people.graph.neighbours import NeighbourGraph, neighbours
from photoclust.types import Doubles, Floats, MakeArray, Rows

Edges = tuple[Rows, Rows]

FARTHEST = 0.7  # cosine distance of the longest edges looked at; scores are the same for 0.6 to 1


@dataclass(frozen=True)
class Candidates:
    """What joining knows of n faces.

    Attributes
    ----------
    embeddings
        float32, shape (n, d), score-normalised (`Calibration.score_normalised`).
    graph
        Their nearest neighbours, inside components if there are more than one.
    component
        int64, shape (n,): component of each, or None where they are one.
    reach
        Euclidean length beyond which density clusters of components are not looked for, or None.
    low
        bool, shape (n,): faces too poor to found a person, or to tell who else is one that decisions made of
        them.
    constraints
        What the user has decided; among its exclusions what keeps faces of one photo apart.
    calibration
        Its model for such embeddings weighs the evidence.
    config
        ``false_join_rate`` and what HDBSCAN wants to know.
    known_labels
        int32, shape (n,): their density clusters where those were found before, or None.
    known_pairs
        What `single_pairs` gives for these labels, where that was found before, or None.
    make
        Makes arrays with a row for each face or group.
    """

    embeddings: npt.NDArray[np.float32]
    graph: NeighbourGraph
    component: Rows | None
    reach: float | None
    low: npt.NDArray[np.bool_]
    constraints: Constraints
    calibration: Calibration
    config: ClusterConfig
    known_labels: npt.NDArray[np.int32] | None = None
    known_pairs: Pairs | None = None
    make: MakeArray = np.empty

    def __len__(self) -> int:
        return len(self.graph)

    @property
    def model(self) -> SpreadModel:
        """Weighs the evidence."""
        return self.calibration.weighed

    @property
    def uncounted(self) -> Rows:
        """int64: rows of low faces that are somebody's because the user said so."""
        return np.flatnonzero(self.low & self.constraints.members)

    def take(self, rows: Rows) -> Candidates:
        """Some of them, whole components, numbered anew; `rows` is ascending."""
        position = np.full(len(self), -1)
        position[rows] = np.arange(len(rows))
        graph = NeighbourGraph(
            position.astype(np.int32)[self.graph.indices[rows]], self.graph.distances[rows]
        )
        constraints = self.constraints.among(rows, position)
        component = None if self.component is None else self.component[rows]
        return replace(
            self,
            embeddings=self.embeddings[rows],
            graph=graph,
            component=component,
            low=self.low[rows],
            constraints=constraints,
            known_labels=None if self.known_labels is None else self.known_labels[rows],
            known_pairs=None,
            make=np.empty,
        )

    def labels(self) -> npt.NDArray[np.int32]:
        """Density clusters of the faces, see `density_clusters`."""
        known = self.known_labels
        return density_clusters(self.graph, self.config, self.reach) if known is None else known

    def required(self, faces: float, larger: Doubles, rate: float = 1.0) -> Doubles:
        """Evidence that joining a group of so many faces needs among so many, at so much of the rate."""
        rate *= self.config.false_join_rate
        return required_evidence(people_like(faces, larger), self.calibration, rate)


INSIDE, ACROSS, IN_CONTEXT = "inside", "across", "in context"
"""Stages of joining founders: inside the density clusters, across them, and what is left in its context."""


class Founders:
    """Faces that may found a person, each a group of its own at first.

    Shares of a collection come out as the whole of it does when all go through a stage together: each is told
    the number of faces everywhere, for it says how careful to be, and before a round the strongest evidence.

    Attributes
    ----------
    labels
        int32, shape (n,): density cluster of each face, −1 for noise.
    partition
        Their groups.
    """

    def __init__(self, faces: Candidates) -> None:
        self.labels = faces.labels()
        self.partition, self._counted = _founders(faces)
        self._faces = faces
        self._weigh = weighed_by(faces.model)

    @property
    def neighbours(self) -> int:
        """How many neighbours each face has."""
        return self._faces.graph.indices.shape[1]

    def begin(self, stage: str, everyone: float) -> float:
        """Begin a stage among so many faces; gives the strongest evidence for a join, −inf for none."""
        if stage == IN_CONTEXT:
            self._joining = self._in_context(everyone)
        else:
            pairs = self._inside() if stage == INSIDE else self._across()
            required = partial(self._faces.required, everyone, rate=START)
            self._joining = Joining(self.partition, pairs, self._weigh, required)
        return self._joining.top

    def step(self, top: float) -> float:
        """Go through one round of the stage; gives the strongest evidence that is left."""
        self._joining.step(top)
        return self._joining.top

    def _inside(self) -> Pairs:
        faces, known, low = self._faces, self._faces.known_pairs, self._faces.low
        if known is None:
            return self._pairs(_near_together(faces.graph, self.labels))
        founders = known.take(~(low[known.left] | low[known.right]))
        group = self.partition.group
        several = np.bincount(group, minlength=len(faces)) > 1
        return regrouped(self.partition, founders, group, several, self._weigh)

    def _across(self) -> Pairs:
        return self._pairs(self._faces.graph.distances <= FARTHEST)

    def _pairs(self, chosen: npt.NDArray[np.bool_]) -> Pairs:
        faces = self._faces
        return pairs_of(self.partition, *_edges(faces.graph, chosen, faces.low), self._weigh)

    def _in_context(self, everyone: float) -> Joining:
        faces, left = self._faces, self._joining.pairs
        pair = float(faces.required(everyone, np.ones(1))[0])
        group = evidence_for_groups(everyone, faces.config.false_join_rate)
        context = Context.of(self.partition, left, faces.calibration)
        weigh = InContext(context, faces.model, pair, group, faces.embeddings, self._counted)
        return Joining(self.partition, weigh.again(self.partition, left), weigh, np.zeros_like)


def single_pairs(
    score_normalised: Floats, graph: NeighbourGraph, labels: npt.NDArray[np.int32], model: SpreadModel
) -> Pairs:
    """Near faces within density clusters, and the evidence of each pair while every face is alone.

    Decisions change that for the faces they speak of: the rest is taken from here.

    Parameters
    ----------
    score_normalised
        float32, shape (n, d): the faces.
    graph
        Their nearest neighbours.
    labels
        int32, shape (n,): density cluster of each, −1 for noise.
    model
        Weighs the evidence.
    """
    n = len(graph)
    alone = Partition.of(np.arange(n), Exclusions.none(), np.full(n, -1), score_normalised)
    edges = _edges(graph, _near_together(graph, labels), np.zeros(n, bool))
    return pairs_of(alone, *edges, weighed_by(model))


def join_large(faces: Candidates, partition: Partition) -> None:
    """Join groups with more faces than neighbours: their edges may all lie inside them.

    Only the sums of those groups are looked at. Nobody knows who else is near: what is certain is joined.
    """
    k = faces.graph.indices.shape[1]
    weigh = weighed_by(faces.model)
    pairs = pairs_of(partition, *_between(partition, large(partition, k), k), weigh)
    required = partial(faces.required, faces_in(partition), rate=START)
    join(Joining(partition, pairs, weigh, required))


def large(partition: Partition, k: int) -> Rows:
    """Groups of more than `k` faces."""
    group = np.unique(partition.group)
    return group[partition.count[group] > k]


# -- founders -----------------------------------------------------------------------------------------


def _founders(faces: Candidates) -> tuple[Partition, npt.NDArray[np.bool_]]:
    """Every face a group of its own, near-identical founders in one that counts as a single face.

    Faces that the user has put together begin in one group, in which low ones do not count. Tells also which
    founders are counted: one of each burst.
    """
    graph, constraints, everyone = faces.graph, faces.constraints, np.arange(len(faces))
    near = _edges(graph, graph.distances <= NEAR_IDENTICAL, faces.low)
    burst, start = _beginnings(near, constraints.exclusions, constraints)
    sums = faces.embeddings.copy()
    extra = np.flatnonzero(burst != everyone)
    np.add.at(sums, burst[extra], faces.embeddings[extra])
    merged, more = np.unique(burst[extra], return_counts=True)
    sums[merged] /= (1 + more[:, None]).astype(np.float32)
    partition = Partition.of(burst, constraints.exclusions, constraints.part_of, sums)
    for column in (partition.sums, partition.squares, partition.count):
        column[faces.uncounted] = 0
    absorb(partition, np.where(burst == everyone, start, everyone))
    return partition, ~faces.low & (burst == everyone)


def _beginnings(near: Edges, exclusions: Exclusions, constraints: Constraints) -> tuple[Rows, Rows]:
    """Burst of each face, and the group it starts in; no burst where it would unite what clashes."""
    n, everyone = len(constraints), np.arange(len(constraints))
    whole = components(
        np.r_[near[0], everyone, everyone], np.r_[near[1], constraints.start, constraints.person()], n
    )
    clashing = whole[exclusions.late(constraints.start, whole, np.zeros(n))]
    free = ~np.isin(whole[near[0]], clashing)
    near = near[0][free], near[1][free]
    start = components(np.r_[near[0], everyone], np.r_[near[1], constraints.start], n)
    return components(*near, n), start


# -- joins --------------------------------------------------------------------------------------------


def _near_together(graph: NeighbourGraph, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Neighbours that are near and in one density cluster, bool, of the shape of the graph."""
    near = graph.distances <= FARTHEST
    return near & (labels[:, None] >= 0) & (labels[:, None] == labels[graph.indices])


def _edges(graph: NeighbourGraph, chosen: npt.NDArray[np.bool_], low: npt.NDArray[np.bool_]) -> Edges:
    """Edges of the graph that are chosen and whose ends are both founders."""
    left, column = np.nonzero(chosen)
    right = graph.indices[left, column].astype(np.int64)
    keep = ~(low[left] | low[right])
    return left[keep], right[keep]


def _between(partition: Partition, groups: Rows, k: int) -> Edges:
    """Edges from some groups to the nearest others of them."""
    means = partition.sums[groups, :-1]
    means = means / np.linalg.norm(means, axis=1, keepdims=True)
    nearest = neighbours(means, k).indices
    return np.repeat(groups, nearest.shape[1]), groups[nearest.ravel()]
