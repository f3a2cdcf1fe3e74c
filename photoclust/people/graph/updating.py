"""The neighbour graph of a collection to which faces have come, or from which they have gone.

It is the graph that `photoclust.people.graph.neighbours.neighbours` builds anew, for a fraction of the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.people.graph.neighbours import Nearest, NeighbourGraph, merge_neighbours, nearest, unit_rows
from photoclust.types import Floats, MakeArray, Rows

_AT_ONCE = 65_536  # faces whose neighbours are merged at once


def update(
    graph: NeighbourGraph,
    position: Rows,
    embeddings: npt.NDArray[Any],
    k: int,
    search: Nearest | None = None,
    make: MakeArray = np.empty,
) -> NeighbourGraph:
    """Carry a graph over to a collection to which faces have come, or from which they have gone.

    All faces are compared with the new ones; only the new ones, and those that had a gone face among their
    neighbours, are compared with all.

    Parameters
    ----------
    graph
        The graph of m faces, built with the same `k`.
    position
        int64, shape (m,): row of each of them in `embeddings`, ascending; −1 where it is gone.
    embeddings
        Real, shape (n, d), unit rows.
    k
        Neighbours wanted for each face.
    search
        What compares faces; by default `nearest`.
    make
        Makes arrays with a row for each face.

    Returns
    -------
    NeighbourGraph
        Equal to ``neighbours(embeddings, k)``, if `graph` and `search` are exact. If not, what has come is
        found by all the others of which it is a neighbour as far as `search` finds it, and what was missed
        before stays missed.

    Raises
    ------
    VectorError
        A row is not a finite unit vector.
    ValueError
        `graph` was built from other faces or with another `k`, or the faces have changed their order.
    """
    here = position[position >= 0]
    if graph.indices.shape != (len(position), max(0, min(k, len(position) - 1))):
        raise ValueError(f"The graph has shape {graph.indices.shape}: not of {len(position)} faces, k = {k}.")
    if (np.diff(here) <= 0).any():
        raise ValueError("The faces of the graph are not in the order of the embeddings.")
    rows, search = unit_rows(embeddings, make), search or nearest
    every, width = np.arange(len(rows)), max(0, min(k, len(rows) - 1))
    whole = _whole(graph, position)
    kept, new = position[whole], np.setdiff1d(every, here)
    arrivals = search(_taken(rows, kept, make), np.full(len(kept), -1), rows[new], 0, k, "auto")
    searched = np.setdiff1d(every, kept)
    again = rows if len(searched) == len(rows) else _taken(rows, searched, make)
    found = search(again, searched, rows, 0, width, "auto")
    shape, approximate = (len(rows), width), graph.approximate or arrivals.approximate or found.approximate
    updated = NeighbourGraph(make(shape, np.int32), make(shape, np.float32), approximate)
    updated.indices[searched], updated.distances[searched] = found.indices, found.distances
    for start in range(0, len(kept), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        own = whole[part]
        before = position[graph.indices[own]].astype(np.int32), graph.distances[own]
        come = new[arrivals.indices[part]].astype(np.int32), arrivals.distances[part]
        merged = merge_neighbours(NeighbourGraph(*before), NeighbourGraph(*come), width)
        updated.indices[kept[part]], updated.distances[kept[part]] = merged.indices, merged.distances
    return updated


def _whole(graph: NeighbourGraph, position: Rows) -> Rows:
    """Rows of a graph that are there still, with all of their neighbours."""
    whole = position >= 0
    for start in range(0, len(graph), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        whole[part] &= (position[graph.indices[part]] >= 0).all(axis=1)
    return np.flatnonzero(whole)


def _taken(rows: Floats, chosen: Rows, make: MakeArray) -> Floats:
    """Some of the rows."""
    shape = len(chosen), rows.shape[1]
    return np.take(rows, chosen, axis=0, out=make(shape, np.float32), mode="clip")  # "raise" takes a copy
