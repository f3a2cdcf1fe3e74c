"""Why two faces are, or are not, one person: the way between them in the graph, and where they meet."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from photoclust.people.clustering.density import DensityTree
from photoclust.people.graph.neighbours import NeighbourGraph

_TINY = 1e-9  # stands for distance 0, which a sparse matrix would take for no edge


@dataclass(frozen=True)
class Way:
    """The way between two faces whose longest step is as short as can be.

    Attributes
    ----------
    rows
        Faces on the way, both ends included.
    distances
        Cosine distance of each step, in [0, 2].
    """

    rows: tuple[int, ...]
    distances: tuple[float, ...]

    @property
    def weakest(self) -> int:
        """Number of the longest step, the first of equals."""
        return int(np.argmax(self.distances))


def minimax_way(graph: NeighbourGraph, start: int, end: int) -> Way | None:
    """Find the way between two faces along the strongest edges.

    The path in a minimum spanning tree is a minimax path (Hu, The maximum capacity route problem, Operations
    Research 1961).

    Parameters
    ----------
    graph
        Neighbours of n faces; an edge counts in both directions.
    start, end
        Rows of the faces.

    Returns
    -------
    Way
        None where the graph does not connect them, or they are one face.
    """
    n, k = graph.indices.shape
    if start == end or not k:
        return None
    lengths = np.maximum(graph.distances.astype(np.float64), _TINY).ravel()
    matrix = csr_matrix((lengths, graph.indices.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    tree = minimum_spanning_tree(matrix.maximum(matrix.T)).tocsr()
    tree = tree + tree.T
    before = breadth_first_order(tree, start, directed=False)[1]
    if before[end] < 0:
        return None
    rows = [end]
    while rows[-1] != start:
        rows.append(int(before[rows[-1]]))
    rows.reverse()
    steps = [float(tree[a, b]) for a, b in pairwise(rows)]
    return Way(tuple(rows), tuple(0.0 if step <= _TINY else step for step in steps))


def meeting_distance(tree: DensityTree, one: int, other: int) -> float | None:
    """Mutual reachability distance (Euclidean) up to which two faces are in one density cluster.

    Parameters
    ----------
    tree
        The condensed tree; see `photoclust.people.clustering.density`.
    one, other
        Rows of the faces.

    Returns
    -------
    float
        In [0, 2]. None where they never meet.
    """
    parent = {int(edge["child"]): (int(edge["parent"]), float(edge["lambda_val"])) for edge in tree.condensed}
    left, right = _ancestors(parent, one), _ancestors(parent, other)
    shared = next((node for node in left if node in right), None)
    if shared is None:
        return None
    level = min(left[shared], right[shared])
    return 1 / level if level > 0 else None


def _ancestors(parent: dict[int, tuple[int, float]], node: int) -> dict[int, float]:
    """Each cluster above a node, nearest first, and the λ at which the node's branch left it."""
    above: dict[int, float] = {}
    while node in parent:
        node, level = parent[node]
        above[node] = level
    return above
