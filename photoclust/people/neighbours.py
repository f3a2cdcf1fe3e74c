"""Exact k-nearest-neighbour graph of embeddings under cosine distance.

The contract:

- The graph of n faces holds for each the k' = min(k, n - 1) nearest others, itself left out, ordered by
  distance and then by row number.
- A distance is a function of the two vectors alone: float64 arithmetic, rounded once to float32. The fast
  float32 search only proposes candidates, so the result does not depend on threads, blocks or libraries.
- `update` gives what `neighbours` gives on the faces there are, whatever has come and gone since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from photoclust.errors import VectorError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

# A float32 inner product of 512-d unit vectors is within 512 * 2**-24 = 3e-5 of the true one (Higham,
# Accuracy and Stability of Numerical Algorithms, 3.1).
_ROUNDING = 3e-5
_SPARE = 8  # candidates fetched beyond k, so that rounding seldom decides who is in
_BLOCK = 4096  # queries at a time: 16 MB of candidates at k = 48
_NORM_TOLERANCE = 0.01  # float16 storage moves a norm by less than 0.0005


@dataclass(frozen=True)
class NeighbourGraph:
    """Nearest neighbours of n faces.

    Attributes
    ----------
    indices
        int32, shape (n, k'): rows of the nearest other faces, nearest first.
    distances
        float32, shape (n, k'): their cosine distances, in [0, 2].
    """

    indices: Ints
    distances: Floats

    def __len__(self) -> int:
        return len(self.indices)


def unit_rows(embeddings: npt.NDArray[Any]) -> Floats:
    """Rows scaled to unit length, after refusing those that are no unit vectors.

    Parameters
    ----------
    embeddings
        Real, shape (n, d).

    Returns
    -------
    float32, shape (n, d), every row of length 1.

    Raises
    ------
    VectorError
        A row holds NaN or infinity, or its length is not 1 within 0.01; ``row`` tells which.
    """
    rows = np.ascontiguousarray(embeddings, np.float32)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    bad = ~(np.abs(norms - 1) <= _NORM_TOLERANCE)  # NaN compares false
    if bad.any():
        row = int(bad.argmax())
        raise VectorError(
            f"The embedding in row {row} has length {norms[row]:.3g}, not 1; index its photo again.", row
        )
    return rows / norms[:, None].astype(np.float32)


def neighbours(embeddings: npt.NDArray[Any], k: int) -> NeighbourGraph:
    """Build the exact k-nearest-neighbour graph.

    Parameters
    ----------
    embeddings
        Real, shape (n, d), unit rows.
    k
        Neighbours wanted for each face; n - 1 where there are fewer.

    Returns
    -------
    NeighbourGraph

    Raises
    ------
    VectorError
        A row is not a finite unit vector.
    """
    rows = unit_rows(embeddings)
    return _nearest(rows, np.arange(len(rows)), rows, 0, min(k, len(rows) - 1))


def update(
    graph: NeighbourGraph, position: npt.NDArray[np.int64], embeddings: npt.NDArray[Any], k: int
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

    Returns
    -------
    NeighbourGraph
        Equal to ``neighbours(embeddings, k)``.

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
    rows = unit_rows(embeddings)
    every, width = np.arange(len(rows)), max(0, min(k, len(rows) - 1))
    indices = position[graph.indices]
    whole = (position >= 0) & (indices >= 0).all(axis=1)
    kept, new = position[whole], np.setdiff1d(every, here)
    arrivals = _nearest(rows[kept], np.full(len(kept), -1), rows[new], 0, min(k, len(new)))
    amended = _merge(
        NeighbourGraph(indices[whole].astype(np.int32), graph.distances[whole]),
        NeighbourGraph(new[arrivals.indices].astype(np.int32), arrivals.distances),
        width,
    )
    searched = np.setdiff1d(every, kept)
    found = _nearest(rows[searched], searched, rows, 0, width)
    updated = NeighbourGraph(np.empty((len(rows), width), np.int32), np.empty((len(rows), width), np.float32))
    for place, part in ((kept, amended), (searched, found)):
        updated.indices[place], updated.distances[place] = part.indices, part.distances
    return updated


def cosine_distances(left: Floats, right: Floats) -> Floats:
    """Cosine distance of corresponding unit rows, the same for the same pair wherever it stands.

    Parameters
    ----------
    left, right
        float32, broadcastable to shape (..., d).

    Returns
    -------
    float32, shape (...), in [0, 2].
    """
    similarity = np.multiply(left, right, dtype=np.float64).sum(axis=-1)
    return np.clip(1 - similarity, 0, 2).astype(np.float32)


def _nearest(
    queries: Floats, ids: npt.NDArray[np.int64], base: Floats, offset: int, k: int
) -> NeighbourGraph:
    """The k rows of `base` nearest to each query; rows are numbered from `offset`, `ids` are the queries'."""
    indices = np.zeros((len(queries), max(k, 0)), np.int32)
    distances = np.zeros(indices.shape, np.float32)
    if indices.size == 0:
        return NeighbourGraph(indices, distances)
    index: Any = faiss.IndexFlatIP(base.shape[1])
    index.add(base)
    for start in range(0, len(queries), _BLOCK):
        part = slice(start, start + _BLOCK)
        found = _search(index, queries[part], ids[part] - offset, base, k)
        indices[part], distances[part] = found.indices + offset, found.distances
    return NeighbourGraph(indices, distances)


def _search(index: Any, queries: Floats, own: npt.NDArray[np.int64], base: Floats, k: int) -> NeighbourGraph:
    """Exact k nearest of one block; `own` is each query's row in `base`, if it is there."""
    fetch = min(k + 1 + _SPARE, len(base))
    similarity, candidates = index.search(queries, fetch)
    found = _rank(queries, own, base, candidates, k)
    if fetch == len(base):
        return found
    limit = 1 - similarity[:, -1]  # what was not fetched is no nearer than this, rounding aside
    for row in np.flatnonzero(found.distances[:, -1] + 2 * _ROUNDING >= limit):
        near = np.flatnonzero(base @ queries[row] >= 1 - found.distances[row, -1] - 2 * _ROUNDING)
        one = slice(row, row + 1)
        exact = _rank(queries[one], own[one], base, near[None], k)
        found.indices[row], found.distances[row] = exact.indices[0], exact.distances[0]
    return found


def _rank(
    queries: Floats, own: npt.NDArray[np.int64], base: Floats, candidates: npt.NDArray[np.int64], k: int
) -> NeighbourGraph:
    """Order candidates by canonical distance, then row; drop the query itself; keep k."""
    distances = np.empty(candidates.shape, np.float32)
    step = max(1, 2**22 // (candidates.shape[1] * base.shape[1]))  # 32 MB of float64 at a time
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        distances[part] = cosine_distances(queries[part, None], base[candidates[part]])
    distances[candidates == own[:, None]] = np.inf
    order = np.lexsort((candidates, distances), axis=-1)[:, :k]
    return NeighbourGraph(
        np.take_along_axis(candidates, order, -1).astype(np.int32), np.take_along_axis(distances, order, -1)
    )


def _merge(left: NeighbourGraph, right: NeighbourGraph, k: int) -> NeighbourGraph:
    """Join two lists of neighbours for each face and keep the k nearest."""
    indices = np.concatenate([left.indices, right.indices], axis=1)
    distances = np.concatenate([left.distances, right.distances], axis=1)
    order = np.lexsort((indices, distances), axis=-1)[:, :k]
    return NeighbourGraph(np.take_along_axis(indices, order, -1), np.take_along_axis(distances, order, -1))
