"""Components clustered apart, by as many workers as there are; the outcome is that of one.

A worker takes shares of the faces, whole components, finds their density clusters and joins their founders.
What joins in one share has nothing to do with another, but for two numbers that all are told (`Founders`), so
that they go through the rounds together. What is left is done on all faces together: it costs little, and
groups that are larger than a list of neighbours may meet across components.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.spread import squared_lengths
from photoclust.people.clustering.agglomerate import Partition, faces_in
from photoclust.people.clustering.components import shared_out
from photoclust.people.clustering.density import numbered
from photoclust.people.clustering.joining import ACROSS, IN_CONTEXT, INSIDE, Candidates, Founders, large
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.clustering.verify import Groups, settled
from photoclust.types import Floats, Rows

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Share:
    """What became of some faces.

    Attributes
    ----------
    labels
        int32, shape (n,): density clusters.
    group
        int64, shape (n,): group of each, by the row of one of its faces.
    count
        float64, shape (n,): faces in each group; stale where no group goes by that number.
    large
        int64, shape (l,): groups of more faces than a face has neighbours.
    sums
        float32, shape (l, d): of their embeddings.
    """

    labels: Labels
    group: Rows
    count: npt.NDArray[np.float64]
    large: Rows
    sums: Floats


TakeShare = Callable[[], Candidates]
"""Takes a share out of all faces; called again where it has to be done again."""


class Worker:
    """Clusters shares of the faces."""

    def __init__(self) -> None:
        self._taken: list[Candidates] = []
        self._shares: list[Founders] = []

    def take(self, faces: Candidates) -> None:
        """Take one more share, before all else."""
        self._taken.append(faces)

    def found(self) -> float:
        """Find the density clusters of the shares; gives the number of faces that may found a person."""
        while self._taken:  # a share is not held any longer than it is needed
            self._shares.append(Founders(self._taken.pop(0)))
        return sum(faces_in(share.partition) for share in self._shares)

    def begin(self, stage: str, everyone: float) -> float:
        """See `Founders.begin`."""
        return max(share.begin(stage, everyone) for share in self._shares)

    def step(self, top: float) -> float:
        """See `Founders.step`."""
        return max(share.step(top) for share in self._shares)

    def outcome(self) -> list[Share]:
        """What became of each share."""
        return list(map(_share, self._shares))


def _share(founders: Founders) -> Share:
    partition = founders.partition
    many = large(partition, founders.neighbours)
    return Share(founders.labels, partition.group, partition.count, many, partition.sums[many])


class Workers(Protocol):
    """Some workers, wherever they are."""

    def __len__(self) -> int:
        """How many."""
        ...

    def take(self, worker: int, share: TakeShare) -> None:
        """Give a share to one of them."""
        ...

    def each(self, call: str, *arguments: object) -> list[Any]:
        """Call a method of each `Worker`, all at once; their answers, in order."""
        ...


class InProcess:
    """One worker, in this process."""

    def __init__(self) -> None:
        self._worker = Worker()

    def __len__(self) -> int:
        return 1

    def take(self, worker: int, share: TakeShare) -> None:
        """Give it a share."""
        self._worker.take(share())

    def each(self, call: str, *arguments: object) -> list[Any]:
        """Call a method of it."""
        return [getattr(self._worker, call)(*arguments)]


StartWorkers = Callable[[], AbstractContextManager[Workers]]


def cluster_faces(faces: Candidates, start: StartWorkers | None = None) -> tuple[Labels, Groups]:
    """Density clusters, and the people that come of them.

    Parameters
    ----------
    faces
        From `candidates_of`.
    start
        Starts workers; called only where there are components to be clustered apart. By default this process
        does everything.
    """
    with start() if start and faces.component is not None else nullcontext(InProcess()) as workers:
        rows = _shares(faces, len(workers))
        for number, own in enumerate(rows):
            share = partial(faces.take, own) if len(rows) > 1 else lambda: faces
            workers.take(number % len(workers), share)
        done = _joined(workers)
    labels, partition = np.full(len(faces), NOBODY), _untouched(faces)
    for worker, shares in enumerate(done):
        for own, share in zip(rows[worker :: len(done)], shares, strict=True):
            labels[own] = np.where(share.labels >= 0, share.labels + 1 + labels.max(initial=NOBODY), NOBODY)
            _put(partition, own, share)
    return numbered(labels).astype(np.int32), settled(faces, partition)


def _shares(faces: Candidates, workers: int) -> list[Rows]:
    """Rows of each share: none is larger than a component may be, and every worker has one."""
    if faces.component is None:
        return [np.arange(len(faces))]
    return shared_out(faces.component, max(workers, -(-len(faces) // faces.config.max_component)))


def _joined(workers: Workers) -> list[list[Share]]:
    """Let all shares join their founders together, stage by stage and round by round."""
    everyone = sum(workers.each("found"))
    for stage in (INSIDE, ACROSS, IN_CONTEXT):
        top = max(workers.each("begin", stage, everyone))
        while top > -np.inf:
            top = max(workers.each("step", top))
    return workers.each("outcome")


def _untouched(faces: Candidates) -> Partition:
    """A partition to be filled in."""
    n, constraints = len(faces), faces.constraints
    sums = faces.make(faces.embeddings.shape, np.float32)
    return Partition(
        np.arange(n), constraints.exclusions, constraints.part_of, np.zeros(n), sums, np.zeros(n)
    )


def _put(partition: Partition, rows: Rows, share: Share) -> None:
    """Fill in what became of some rows."""
    partition.group[rows], partition.count[rows] = rows[share.group], share.count
    own = rows[share.large]
    partition.sums[own] = share.sums
    partition.squares[own] = squared_lengths(share.sums)
