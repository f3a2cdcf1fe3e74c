"""Components clustered apart, by as many workers as there are; the outcome is that of one.

A worker takes shares of the faces, whole components, finds their density clusters and joins their founders.
All workers go through the rounds in step (`photoclust.people.clustering.rounds`). What is left is done on all
faces together: it costs little, and groups that are larger than a list of neighbours may meet across
components.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.spread import squared_lengths
from photoclust.people.clustering.agglomerate import Partition
from photoclust.people.clustering.components import shared_out
from photoclust.people.clustering.density import numbered
from photoclust.people.clustering.joining import Candidates, joined, large
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.clustering.rounds import Rounds, SuperstepState, run_lockstep, total
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

Said = SuperstepState | list[Share]


class Worker:
    """Clusters shares of the faces, one after another within a round."""

    def __init__(self) -> None:
        self._shares: list[Rounds[Share]] = []
        self._rounds: Rounds[list[Share]] | None = None

    def take(self, faces: Candidates) -> None:
        """Take one more share, before the first round."""
        self._shares.append(_clustered(faces))

    def advance(self, told: SuperstepState | None) -> Said:
        """Go on to the next round, told how all workers stood before it; None before the first."""
        self._rounds = self._rounds or run_lockstep(self._shares)
        try:
            return next(self._rounds) if told is None else self._rounds.send(told)
        except StopIteration as end:
            return end.value


def _clustered(faces: Candidates) -> Rounds[Share]:
    labels = faces.labels()
    partition = yield from joined(faces, labels)
    many = large(partition, faces.graph.indices.shape[1])
    return Share(labels, partition.group, partition.count, many, partition.sums[many])


class Workers(Protocol):
    """Some workers, wherever they are."""

    def __len__(self) -> int:
        """How many."""
        ...

    def take(self, worker: int, share: TakeShare) -> None:
        """Give a share to one of them."""
        ...

    def advance(self, told: SuperstepState | None) -> Sequence[Said]:
        """Let each go on to the next round; their answers, in order."""
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

    def advance(self, told: SuperstepState | None) -> Sequence[Said]:
        """Let it go on to the next round."""
        return [self._worker.advance(told)]


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
        done = _all_rounds(workers)
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


def _all_rounds(workers: Workers) -> list[list[Share]]:
    told: SuperstepState | None = None
    while True:
        said = workers.advance(told)
        done = [one for one in said if not isinstance(one, SuperstepState)]
        if done:
            return done
        told = total(one for one in said if isinstance(one, SuperstepState))


def _untouched(faces: Candidates) -> Partition:
    """A partition to be filled in; sums take memory only where they are written."""
    n, constraints = len(faces), faces.constraints
    sums = np.zeros(faces.embeddings.shape, np.float32)
    return Partition(
        np.arange(n), constraints.exclusions, constraints.part_of, np.zeros(n), sums, np.zeros(n)
    )


def _put(partition: Partition, rows: Rows, share: Share) -> None:
    """Fill in what became of some rows."""
    partition.group[rows], partition.count[rows] = rows[share.group], share.count
    own = rows[share.large]
    partition.sums[own] = share.sums
    partition.squares[own] = squared_lengths(share.sums)
