"""Trees over the edges of a neighbour graph, compiled: the shortest ones, and ones of bounded size."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np

from photoclust.compiled import compiled


@compiled
def _root(component: Any, node: int) -> int:
    while component[node] != node:
        component[node] = component[component[node]]
        node = component[node]
    return node


@compiled
def _choose(chosen: Any, weight: Any, tree: int, reach: float, u: int, v: int) -> None:
    """Let a tree prefer an edge that is shorter, or as short and between lower numbers."""
    here = (reach, min(u, v), max(u, v))
    if here < (weight[tree], chosen[tree, 0], chosen[tree, 1]):
        weight[tree], chosen[tree, 0], chosen[tree, 1] = here


@compiled
def _shortest_edges(indices: Any, lengths: Any, core: Any, tie: float, component: Any) -> Any:
    """Find the shortest edge that leaves each tree, by its number: two nodes, and the reachability."""
    chosen, weight = np.full((len(core), 2), len(core)), np.full(len(core), inf)
    for i in range(len(core)):
        for place in range(indices.shape[1]):
            j = indices[i, place]
            if component[j] != component[i]:
                length = sqrt(2.0 * np.float64(lengths[i, place]))
                reach = max(max(core[i], core[j]), length) + tie * length
                _choose(chosen, weight, component[i], reach, i, j)
                _choose(chosen, weight, component[j], reach, i, j)
    return chosen, weight


@compiled
def spanning_forest(indices: Any, lengths: Any, core: Any, tie: float) -> Any:
    """Minimum spanning forest of a neighbour graph under mutual reachability (Borůvka, 1926).

    Each round joins every tree with the one it is nearest to. Of edges equally long the one between lower
    numbers comes first, so that there is one such forest.

    Parameters
    ----------
    indices, lengths
        int32 and float32, shape (n, k): neighbours, nearest first, and their cosine distances.
    core
        float64, shape (n,): Euclidean core distances.
    tie
        Share of its Euclidean length that is added to the reachability of an edge.

    Returns
    -------
    edges
        float64, shape (m, 3): lower node, upper node and reachability.
    component
        int64, shape (n,): lowest node of the tree that each node is in.
    """
    n, count = len(indices), 0
    component, edges = np.arange(n), np.empty((n, 3))
    while True:
        before = count
        chosen, weight = _shortest_edges(indices, lengths, core, tie, component)
        for tree in range(n):
            if weight[tree] < inf:
                one, other = _root(component, chosen[tree, 0]), _root(component, chosen[tree, 1])
                if one != other:
                    component[max(one, other)] = min(one, other)
                    edges[count, :2], edges[count, 2] = chosen[tree], weight[tree]
                    count += 1
        if count == before:
            return edges[:count], component
        for node in range(n):
            component[node] = _root(component, node)


@compiled
def bounded_trees(edges: Any, start: Any, most: int) -> Any:
    """Join nodes by edges, taken in their order, but for those that would make a tree too large.

    Parameters
    ----------
    edges
        float64, shape (m, 3): two nodes and a length.
    start
        int64, shape (n,): lowest of the nodes that each is together with to begin with.
    most
        Nodes of a tree.

    Returns
    -------
    tree
        int64, shape (n,): lowest node of the tree that each is in.
    dropped
        Length of the first edge that was not taken, infinite where all were.
    """
    tree, size = start.copy(), np.bincount(start, minlength=len(start))
    dropped = inf
    for m in range(len(edges)):
        one, other = _root(tree, int(edges[m, 0])), _root(tree, int(edges[m, 1]))
        low, high = min(one, other), max(one, other)
        if low != high and size[low] + size[high] <= most:
            tree[high] = low
            size[low] += size[high]
        elif low != high:
            dropped = min(dropped, edges[m, 2])
    for node in range(len(tree)):
        tree[node] = _root(tree, node)
    return tree, dropped


@compiled
def single_linkage(edges: Any) -> Any:
    """Hierarchy of the n nodes of a spanning tree, as scipy's and hdbscan's functions take it.

    Parameters
    ----------
    edges
        float64, shape (n - 1, 3): two nodes and a length, shortest first.

    Returns
    -------
    float64, shape (n - 1, 4): two clusters, the larger number first, the length, and the nodes in both; the
    cluster made in row i has the number n + i, and a single node its own.
    """
    n = len(edges) + 1
    component, size = np.arange(2 * n - 1), np.ones(2 * n - 1, np.int64)
    merges = np.empty((n - 1, 4))
    for m in range(n - 1):
        one, other = _root(component, int(edges[m, 0])), _root(component, int(edges[m, 1]))
        component[one] = component[other] = n + m
        size[n + m] = size[one] + size[other]
        merges[m, 0], merges[m, 1] = max(one, other), min(one, other)
        merges[m, 2], merges[m, 3] = edges[m, 2], size[n + m]
    return merges
