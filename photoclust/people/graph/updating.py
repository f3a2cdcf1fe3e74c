"""The neighbour graph of a collection to which faces have come, or from which they have gone.

It is the graph that `photoclust.people.graph.neighbours.neighbours` builds anew, for a fraction of the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.people.graph.neighbours import Nearest, NeighbourGraph, merge_neighbours, nearest, unit_rows
from photoclust.types import Rows


def update(
    graph: NeighbourGraph,
    position: Rows,
    embeddings: npt.NDArray[Any],
    k: int,
    device: str = "cpu",
    search: Nearest | None = None,
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
    device
        Where candidates are looked for, see `search_on`.
    search
        What compares faces; by default `nearest`.

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
    rows, search = unit_rows(embeddings), search or nearest
    every, width = np.arange(len(rows)), max(0, min(k, len(rows) - 1))
    indices = position[graph.indices]
    whole = (position >= 0) & (indices >= 0).all(axis=1)
    kept, new = position[whole], np.setdiff1d(every, here)
    arrivals = search(rows[kept], np.full(len(kept), -1), rows[new], 0, k, device)
    amended = merge_neighbours(
        NeighbourGraph(indices[whole].astype(np.int32), graph.distances[whole], graph.approximate),
        NeighbourGraph(new[arrivals.indices].astype(np.int32), arrivals.distances, arrivals.approximate),
        width,
    )
    searched = np.setdiff1d(every, kept)
    found = search(rows[searched], searched, rows, 0, width, device)
    shape, approximate = (len(rows), width), amended.approximate or found.approximate
    updated = NeighbourGraph(np.empty(shape, np.int32), np.empty(shape, np.float32), approximate)
    for place, part in ((kept, amended), (searched, found)):
        updated.indices[place], updated.distances[place] = part.indices, part.distances
    return updated
