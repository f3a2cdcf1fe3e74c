"""Near-identical faces, as in a burst: what holds for one holds for its twins."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from photoclust.people.exclusions import Rows
from photoclust.people.neighbours import NeighbourGraph

NEAR_IDENTICAL = 0.05  # cosine distance; no two of 1,711 people come nearer than this


def twins(graph: NeighbourGraph) -> Rows:
    """Burst of each of n faces, by its lowest row, int64, shape (n,)."""
    return components(*near_identical(graph), len(graph))


def near_identical(graph: NeighbourGraph) -> tuple[Rows, Rows]:
    """Edges between near-identical faces."""
    left, column = np.nonzero(graph.distances <= NEAR_IDENTICAL)
    return left, graph.indices[left, column].astype(np.int64)


def components(left: Rows, right: Rows, n: int) -> Rows:
    """The lowest row that each of n rows is connected with by edges, int64, shape (n,)."""
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(n, n))
    component = connected_components(graph, directed=False)[1]
    return np.unique(component, return_index=True)[1][component] if n else np.zeros(0, np.int64)
