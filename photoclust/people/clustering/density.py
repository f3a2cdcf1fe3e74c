"""Density-based grouping of the neighbour graph: HDBSCAN with excess of mass.

Campello, Moulavi, Zimek, Sander: Hierarchical Density Estimates for Data Clustering, Visualization, and
Outlier Detection, TKDD 2015. The mutual reachability distances of the k nearest neighbours are all that is
looked at; what the graph leaves unconnected counts as infinitely far apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.config import ClusterConfig
from photoclust.people.graph.near_duplicates import components
from photoclust.people.graph.neighbours import NeighbourGraph

_LEVEL = 1e-10  # told apart from another bridge in float64, but not in the float32 of a reciprocal
_TIE = 1e-6  # share of the plain distance added: far below what tells two distances apart, far above rounding


@dataclass(frozen=True)
class DensityTree:
    """What HDBSCAN made of a graph of n faces.

    Attributes
    ----------
    labels
        int32, shape (n,): cluster of each face, −1 for noise.
    condensed
        Structured, one row for each edge of the condensed tree: ``parent``, ``child``, ``lambda_val``
        (1 / Euclidean distance) and ``child_size``; nodes below n are faces.
    """

    labels: npt.NDArray[np.int32]
    condensed: npt.NDArray[Any]


def density_clusters(
    graph: NeighbourGraph, config: ClusterConfig, reach: float | None = None
) -> npt.NDArray[np.int32]:
    """Cluster labels of n faces, int32, shape (n,), numbered by first appearance, −1 for noise.

    Parameters
    ----------
    graph, config
        As for `density_tree`.
    reach
        The graph is one of unconnected parts of a larger one, or made of such, and edges of a greater mutual
        reachability are not looked at. Then each part may be a cluster, and the faces have the clusters that
        they have in the larger graph.
    """
    labels = density_tree(graph, config).labels if reach is None else _labels_of_parts(graph, config, reach)
    return numbered(labels).astype(np.int32)


def numbered(labels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Labels numbered by first appearance; −1 stays."""
    inside = labels >= 0
    _, first, number = np.unique(labels[inside], return_index=True, return_inverse=True)
    found = np.full(len(labels), -1, np.int64)
    found[inside] = np.argsort(np.argsort(first))[number]
    return found


def density_tree(graph: NeighbourGraph, config: ClusterConfig) -> DensityTree:
    """Cluster labels together with the condensed tree they were cut from.

    The tree is stored nowhere, since it follows from the stored graph, always the same, in seconds.

    Parameters
    ----------
    graph
        Neighbours of n faces.
    config
        ``min_cluster_size`` and ``min_samples``.

    Returns
    -------
    DensityTree
        Empty where there are fewer than two faces.
    """
    from photoclust.people.clustering.condensed import (  # compiles: seconds, the first time
        CONDENSED,
        clusters_of_tree,
    )

    if len(graph) < 2:
        return DensityTree(np.full(len(graph), -1, np.int32), np.zeros(0, CONDENSED))
    tree = _spanning_tree(graph, config.min_samples)
    labels, condensed = clusters_of_tree(tree, config.min_cluster_size)
    return DensityTree(np.asarray(labels, np.int32), condensed)


def _spanning_tree(graph: NeighbourGraph, min_samples: int) -> npt.NDArray[np.float64]:
    """Minimum spanning tree under mutual reachability, float64, shape (n - 1, 3): two faces and a distance.

    What the graph leaves unconnected is joined at an infinite distance, lowest faces with one another.
    """
    edges, component = _spanning_forest(graph, min_samples)
    lowest = np.unique(component)
    bridges = np.column_stack([lowest[:-1], lowest[1:], np.full(len(lowest) - 1, np.inf)])
    return np.concatenate([edges, bridges])


def _labels_of_parts(graph: NeighbourGraph, config: ClusterConfig, reach: float) -> npt.NDArray[np.int64]:
    """Labels of a graph of unconnected parts, of which each may be a cluster.

    Left alone, HDBSCAN makes no cluster of all there is, and joins parts one after another, so that it
    recurses as deeply as there are parts. Here parts smaller than a cluster are noise. The others, and two
    clusters that are added, hang on a tree of bridges that count as equally long, a little more than `reach`:
    so each part begins at the same density, whatever others there are. Were that a lower density than of the
    edges dropped, a part that only strangers hold together would outweigh the people in it.
    """
    from photoclust.people.clustering.condensed import clusters_of_tree

    edges, _ = _spanning_forest(graph, config.min_samples)
    density = np.float64(np.float32(1 / max(reach, 0.01)))  # identical faces are no distance apart
    edges = edges[edges[:, 2] <= 1 / density]
    component = components(edges[:, 0].astype(np.int64), edges[:, 1].astype(np.int64), len(graph))
    n, size = len(graph), config.min_cluster_size
    kept = np.flatnonzero(np.bincount(component, minlength=n)[component] >= size)
    position = np.full(n, -1)
    position[kept] = np.arange(len(kept))
    ends = position[edges[:, :2].astype(np.int64)]
    inside = ends[:, 0] >= 0
    added = len(kept) + np.arange(2 * size).reshape(2, size)
    chains = np.column_stack([added[:, :-1].ravel(), added[:, 1:].ravel(), np.full(2 * size - 2, reach / 2)])
    bridges = _bridges(np.r_[np.unique(position[component[kept]]), added[:, 0]], 1 / density)
    tree = np.concatenate([np.column_stack([ends[inside], edges[inside, 2]]), chains, bridges])
    labels = np.full(n, -1)
    labels[kept] = clusters_of_tree(tree, config.min_cluster_size)[0][: len(kept)]
    return labels


def _bridges(nodes: npt.NDArray[np.int64], reach: float) -> npt.NDArray[np.float64]:
    """Edges that make a tree of some nodes, float64, shape (n - 1, 3): of pairs, pairs of pairs, ..."""
    number = np.arange(1, len(nodes))
    lowest_bit = number & -number
    bridges = np.empty((len(number), 3))
    bridges[:, 0], bridges[:, 1] = nodes[number - lowest_bit], nodes[number]
    bridges[:, 2] = reach * (1 + _LEVEL * (1 + np.log2(lowest_bit)))
    return bridges


def _spanning_forest(
    graph: NeighbourGraph, min_samples: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Spanning forest under mutual reachability: `photoclust.people.graph.forest.spanning_forest`.

    Excess of mass is not invariant under monotone maps of the distance. Euclidean it is, √(2 cosine
    distance) of unit vectors, so that the labels are those of HDBSCAN on the vectors themselves.

    Whole neighbourhoods share a core distance, so that mutual reachability distances tie, and labels would
    hang on the order of the faces: plain hdbscan, given LFW's development faces in another order, agrees with
    itself to an adjusted Rand index of 0.77 to 1.00 (``benchmarks/hdbscan_vs.py``). Of edges that tie
    the one between the nearer faces comes first here.
    """
    from photoclust.people.graph.forest import spanning_forest

    nearest = graph.distances[:, min(min_samples, graph.distances.shape[1]) - 1]
    core = np.sqrt(2 * nearest.astype(np.float64))
    return spanning_forest(graph.indices, graph.distances, core, _TIE)
