"""A neighbour graph cut into components of bounded size, which can be clustered apart.

Edges are taken from the nearest to the farthest, up to the farthest that verification looks at, and none
that would make a component too large; those between components are then dropped. In a large collection
everything is connected somehow: of 204,381 faces edges of up to 0.7 connect all, and edges of up to 0.45 80
%. But the longest edges say next to nothing there, and the people found are as right as without: LFW's
development people among 20,000 strangers come out with a pairwise F of 0.973 undivided and 0.974 in
components of 20,000 or of 5,000 (``benchmarks/distractors.py INDEX 20000 diagonal 5000``). It is so
for any size: the chain of strangers that connects everything needs an impostor pair for each face, and
joining allows for a hundredth of one.
"""

from __future__ import annotations

import heapq

import numpy as np

from photoclust.people.clustering.constraints import Constraints
from photoclust.people.graph.near_duplicates import components
from photoclust.people.graph.neighbours import NeighbourGraph
from photoclust.types import MakeArray, Rows

_FACES = 65_536  # whose neighbours are looked at at once


def bounded_components(
    graph: NeighbourGraph, most: int, farthest: float, constraints: Constraints
) -> tuple[Rows, float]:
    """Cut the graph of n faces.

    Parameters
    ----------
    graph
        Nearest neighbours.
    most
        Faces of a component; more only where decisions put more together.
    farthest
        Cosine distance of the longest edge that connects.
    constraints
        What the user has decided: faces put together are in one component.

    Returns
    -------
    component
        int64, shape (n,): component of each face, by its lowest row.
    reach
        Euclidean length of the shortest edge that was dropped; of `farthest` where that is shorter.
    """
    from photoclust.people.graph.forest import bounded_trees, spanning_forest  # compile: seconds

    everyone, unmoved = np.arange(len(graph)), np.zeros(len(graph))
    together = components(
        np.r_[everyone, everyone], np.r_[constraints.start, constraints.person()], len(graph)
    )
    edges, _ = spanning_forest(graph.indices, graph.distances, unmoved, 0.0)  # others would connect nothing
    longest = float(np.sqrt(2 * farthest))
    edges = edges[edges[:, 2] <= longest]
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0], edges[:, 2]))]
    component, dropped = bounded_trees(edges, together, most)
    return component, min(longest, dropped)


def within(graph: NeighbourGraph, component: Rows, make: MakeArray = np.empty) -> NeighbourGraph:
    """The graph without its edges between components: where one was a face is its own neighbour.

    Distances stay, since how dense it is about a face does not depend on how the graph is cut. `make` makes
    the array of the neighbours.
    """
    inside = make(graph.indices.shape, np.int32)
    for start in range(0, len(graph), _FACES):
        part = slice(start, start + _FACES)
        near, own = graph.indices[part], np.arange(start, start + len(graph.indices[part]), dtype=np.int32)
        same = component[near] == component[part, None]
        inside[part] = np.where(same, near, own[:, None])
    return NeighbourGraph(inside, graph.distances)


def shared_out(component: Rows, shares: int) -> list[Rows]:
    """Rows of so many shares of about equal size, ascending, each of whole components; large ones first."""
    _, number, size = np.unique(component, return_inverse=True, return_counts=True)
    loads, share = [(0, one) for one in range(shares)], np.empty(len(size), np.int64)
    for one in np.argsort(-size, kind="stable").tolist():
        load, least = loads[0]
        share[one] = least
        heapq.heapreplace(loads, (load + int(size[one]), least))
    of_face = share[number]
    return [np.flatnonzero(of_face == one) for one in range(shares)]
