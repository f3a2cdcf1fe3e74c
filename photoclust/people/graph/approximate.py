"""Approximate neighbours for very many faces: inverted lists propose, exact distances rank.

Faces are divided into lists about centroids, and a face is compared with those in the lists it is nearest to
(Sivic and Zisserman, Video Google, ICCV 2003). As many lists are looked into as a sample of the faces needs.
What is found has exact distances; what is missed is told by `recall`.

The centroids are faiss's. Its lists are not: they are looked through for one query at a time, which takes as
long as comparing 200,000 faces exactly. Here all queries that look into a list are multiplied with it.

The result follows from the vectors alone, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from photoclust.people.graph.neighbours import Nearest, NeighbourGraph, nearest, ranked
from photoclust.people.graph.search import Ints, empty_lists, no_lists, one_thread, search, take, threads
from photoclust.types import Floats, MakeArray, Rows

if TYPE_CHECKING:
    from photoclust.people.graph.kernels import Lists

WANTED = 0.98
"""Recall up to which lists are added. Density clusters of 200,000 synthetic faces are then as right as with
exact neighbours, a pairwise F of 0.987 (``benchmarks/approximate.py``)."""

SAMPLE = 1000
"""Faces on whose exact neighbours recall is measured: 0.989 of 200,000 faces, where that of all was 0.988."""

_LISTS = 4  # times √n, as faiss's authors advise for up to a million vectors
_TRAINED_ON, _ROUNDS = 64, 10  # faces a centroid, and rounds of k-means: seconds of one thread
_AT_ONCE, _A_THREAD = 131_072, 8192  # queries; a million probes are 4 MB


@dataclass(frozen=True)
class ApproximateSearch:
    """`photoclust.people.graph.neighbours.nearest`, approximate where the work is much.

    Parameters
    ----------
    exact
        What compares faces otherwise, so also the few that are new with all the others.
    begin
        Faces which, compared with one another, are so much work that it is done approximately.
    progress
        Called with the number of faces to compare; gives what is told of each few done.
    make
        Makes the arrays of the outcome, and of the faces list by list.
    """

    exact: Nearest
    begin: int
    progress: Callable[[int], AbstractContextManager[Callable[[int], None]]]
    make: MakeArray = np.empty

    def __call__(
        self, queries: Floats, ids: Rows, base: Floats, offset: int, k: int, device: str = "cpu"
    ) -> NeighbourGraph:
        """Find the nearest of a block of rows to each of a block of queries; see `nearest`."""
        if len(queries) * len(base) < self.begin**2 or len(base) <= k:
            return self.exact(queries, ids, base, offset, k, device)
        with self.progress(len(queries)) as tell:
            lists = InvertedLists(base, self.make)
            sample = _sample(len(queries), seed=1)
            truth = nearest(queries[sample], ids[sample], base, offset, k, device)
            lists.open(queries[sample], truth, ids[sample] - offset)
            graph = lists.nearest(queries, ids - offset, k, tell)
        np.add(graph.indices, np.int32(offset), out=graph.indices)
        return NeighbourGraph(graph.indices, graph.distances, approximate=True)


class InvertedLists:
    """Vectors in lists about centroids; `probes` says how many lists are looked into.

    Parameters
    ----------
    base
        float32, shape (n, d), unit rows; a copy is held.
    make
        Makes arrays with a row for each vector, or for each query.
    """

    def __init__(self, base: Floats, make: MakeArray = np.empty) -> None:
        self._make = make
        self.base, self.count, self.probes = base, min(len(base), int(_LISTS * len(base) ** 0.5)), 1
        self._centroids = _centroids(base, self.count)
        of = search(base, self._centroids, 1).rows[:, 0]
        self._rows = np.argsort(of, kind="stable").astype(np.int32)  # list by list
        self._starts = np.searchsorted(of[self._rows], np.arange(self.count + 1))
        self._listed = make(base.shape, np.float32)
        np.take(base, self._rows, axis=0, out=self._listed, mode="clip")  # "raise" takes a copy

    def open(self, queries: Floats, truth: NeighbourGraph, own: Rows) -> None:
        """Look into twice as many lists until `WANTED` of the true neighbours of some queries are found."""
        k = truth.indices.shape[1]
        while _share(self.nearest(queries, own, k), truth) < WANTED and self.probes < self.count:
            self.probes = min(2 * self.probes, self.count)

    def nearest(
        self, queries: Floats, own: Rows, k: int, tell: Callable[[int], None] = lambda done: None
    ) -> NeighbourGraph:
        """Rank what the lists propose; `own` is the row of each query in the base, or none."""
        shape = len(queries), k
        indices, distances = self._make(shape, np.int32), self._make(shape, np.float32)
        for start in range(0, len(queries), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            found = ranked(queries[part], own[part], self.base, self._candidates(queries[part], k + 1), k)
            indices[part], distances[part] = found.indices, found.distances
            tell(len(found))
        return NeighbourGraph(indices, distances)

    def _candidates(self, queries: Floats, width: int) -> Ints:
        """Rows from the nearest lists; from all where these hold too few."""
        from photoclust.people.graph.kernels import best

        probed, lists = search(queries, self._centroids, self.probes).rows, empty_lists(len(queries), width)

        def look(start: int) -> None:
            part = slice(start, start + _A_THREAD)
            self._look(queries[part], probed[part], take(lists, part), width)

        with threads() as pool:
            list(pool.map(look, range(0, len(queries), _A_THREAD)))
        rows, enough = np.empty((len(queries), width), np.int32), lists.held >= width
        found = np.empty((int(enough.sum()), width), np.int32)
        best(take(lists, np.flatnonzero(enough)), np.empty(found.shape, np.float32), found)
        rows[enough] = self._rows[found]
        if not enough.all():
            rows[~enough] = search(queries[~enough], self.base, width).rows
        return rows

    def _look(self, queries: Floats, probed: Ints, lists: Lists, width: int) -> None:
        """Offer to each query what is in the lists that it probes, list by list."""
        from photoclust.people.graph.kernels import offer

        order = np.argsort(probed, axis=None, kind="stable")
        starts = np.searchsorted(probed.ravel()[order], np.arange(self.count + 1))
        for number in range(self.count):
            own = order[starts[number] : starts[number + 1]] // probed.shape[1]
            listed = slice(self._starts[number], self._starts[number + 1])
            products = queries[own] @ self._listed[listed].T
            if products.size:
                some = take(lists, own)
                offer(products, some, 0, no_lists(products.shape[1]), listed.start, width)
                lists.keys[own], lists.held[own], lists.floor[own] = some


def recall(graph: NeighbourGraph, embeddings: Floats) -> float:
    """Share of the true nearest neighbours that a graph holds, measured on `SAMPLE` of its faces.

    They are other faces than those by which the number of lists was chosen.

    Parameters
    ----------
    graph
        Neighbours of n faces.
    embeddings
        float32, shape (n, d), unit rows.

    Returns
    -------
    In [0, 1]. A neighbour counts that is no further than the furthest of the true ones.
    """
    rows = _sample(len(graph), seed=2)
    truth = nearest(embeddings[rows], rows, embeddings, 0, graph.indices.shape[1], "auto")
    return _share(NeighbourGraph(graph.indices[rows], graph.distances[rows]), truth)


def _share(found: NeighbourGraph, truth: NeighbourGraph) -> float:
    return float((found.distances <= truth.distances[:, -1:]).mean())


def _sample(n: int, seed: int) -> Rows:
    return np.sort(np.random.default_rng(seed).choice(n, min(n, SAMPLE), replace=False))


def _centroids(base: Floats, count: int) -> Floats:
    """Centroids of k-means on the sphere, always the same: one thread, and a seed."""
    import faiss

    with one_thread():
        means = faiss.Kmeans(
            base.shape[1],
            count,
            niter=_ROUNDS,
            seed=0,
            spherical=True,
            max_points_per_centroid=_TRAINED_ON,
            min_points_per_centroid=1,
        )
        means.train(base)
    return np.asarray(means.centroids)
