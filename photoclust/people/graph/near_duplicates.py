"""Near-duplicates: faces that are nearly one picture, as in a burst. What holds for one holds for all."""

from __future__ import annotations

import numpy as np

from photoclust.people.graph.neighbours import NeighbourGraph
from photoclust.types import Rows

NEAR_IDENTICAL = 0.05  # cosine distance; no two of 1,711 people come nearer than this


def near_duplicates(graph: NeighbourGraph) -> Rows:
    """Burst of each of n faces, by its lowest row, int64, shape (n,)."""
    return components(*near_identical(graph), len(graph))


def near_identical(graph: NeighbourGraph) -> tuple[Rows, Rows]:
    """Edges between near-identical faces."""
    left, column = np.nonzero(graph.distances <= NEAR_IDENTICAL)
    return left, graph.indices[left, column].astype(np.int64)


def components(left: Rows, right: Rows, n: int) -> Rows:
    """The lowest row that each of n rows is connected with by edges, int64, shape (n,).

    Each row points to a lower one, its root to itself; in every round the higher root of an edge comes to
    point to the lower one, and paths are shortened. Graph libraries take longer to import than this to run.
    """
    lowest = np.arange(n)
    while True:
        one, other = lowest[left], lowest[right]
        apart = one != other
        if not apart.any():
            return lowest
        left, right, one, other = left[apart], right[apart], one[apart], other[apart]
        np.minimum.at(lowest, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(above := lowest[lowest], lowest):
            lowest = above
