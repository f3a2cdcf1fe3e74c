"""Exact k-nearest-neighbour graph of embeddings under cosine distance.

The contract:

- The graph of n faces holds for each the k' = min(k, n - 1) nearest others, itself left out, ordered by
  distance and then by row number.
- A distance is a function of the two vectors alone: float64 arithmetic, rounded once to float32. The fast
  float32 search only proposes candidates, so the result does not depend on threads, blocks or libraries.
- `photoclust.people.graph.updating.update` gives what `neighbours` gives on the faces there are, whatever has
  come and gone since.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.errors import VectorError
from photoclust.people.graph.few import PAIRS, few_distances, rank_few, search_few
from photoclust.people.graph.search import Ints, search_on
from photoclust.types import Floats, MakeArray, Rows

# A float32 inner product of 512-d unit vectors is within 512 * 2**-24 = 3e-5 of the true one (Higham,
# Accuracy and Stability of Numerical Algorithms, 3.1).
_ROUNDING = 3e-5
_SPARE = 8  # candidates fetched beyond k, so that rounding seldom decides who is in
_MOST = 65_536  # queries that are compared at once with others than themselves
_AT_ONCE = 1024  # queries whose candidates a thread ranks: some milliseconds
_FEW_TERMS = 100_000  # products of two numbers up to which kernels are not worth loading
NORM_TOLERANCE = 0.01  # float16 storage moves a norm by less than 0.0005


@dataclass(frozen=True)
class NeighbourGraph:
    """Nearest neighbours of n faces.

    Attributes
    ----------
    indices
        int32, shape (n, k'): rows of the nearest other faces, nearest first.
    distances
        float32, shape (n, k'): their cosine distances, in [0, 2].
    approximate
        Whether nearer ones may have been missed, see `photoclust.people.graph.approximate`.
    """

    indices: Ints
    distances: Floats
    approximate: bool = False

    def __len__(self) -> int:
        return len(self.indices)


Nearest = Callable[[Floats, Rows, Floats, int, int, str], NeighbourGraph]
"""`nearest`, or what gives the same by other means."""


def unit_rows(embeddings: npt.NDArray[Any], make: MakeArray = np.empty) -> Floats:
    """Rows scaled to unit length, after refusing those that are no unit vectors.

    Parameters
    ----------
    embeddings
        Real, shape (n, d).
    make
        Makes the array of the outcome.

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
    bad = ~(np.abs(norms - 1) <= NORM_TOLERANCE)  # NaN compares false
    if bad.any():
        row = int(bad.argmax())
        raise VectorError(
            f"The embedding in row {row} has length {norms[row]:.3g}, not 1; index its photo again.", row
        )
    return np.divide(rows, norms[:, None].astype(np.float32), out=make(rows.shape, np.float32))


def neighbours(
    embeddings: npt.NDArray[Any],
    k: int,
    device: str = "cpu",
    search: Nearest | None = None,
    make: MakeArray = np.empty,
) -> NeighbourGraph:
    """Build the exact k-nearest-neighbour graph.

    Parameters
    ----------
    embeddings
        Real, shape (n, d), unit rows.
    k
        Neighbours wanted for each face; n - 1 where there are fewer.
    device
        Where candidates are looked for, see `search_on`; the graph is the same.
    search
        What compares faces; by default `nearest`.
    make
        Makes an array of unit rows.

    Returns
    -------
    NeighbourGraph

    Raises
    ------
    VectorError
        A row is not a finite unit vector.
    """
    rows = unit_rows(embeddings, make)
    return (search or nearest)(rows, np.arange(len(rows)), rows, 0, k, device)


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
    pairs = np.broadcast_arrays(left, right)
    if pairs[0].size <= _FEW_TERMS:
        return few_distances(*pairs)
    from photoclust.people.graph.kernels import distances

    found = np.empty(pairs[0].shape[:-1], np.float32)
    one, other = (np.ascontiguousarray(side).reshape(-1, side.shape[-1]) for side in pairs)
    distances(one, other, found.reshape(-1))
    return found


def nearest(
    queries: Floats,
    ids: npt.NDArray[np.int64],
    base: Floats,
    offset: int,
    k: int,
    device: str = "cpu",
    make: MakeArray = np.empty,
) -> NeighbourGraph:
    """Find the nearest of a block of rows to each of a block of queries: work that can be shared out.

    Parameters
    ----------
    queries, base
        float32, shapes (q, d) and (b, d), rows from `unit_rows`.
    ids
        int64, shape (q,): number of each query in the collection.
    offset
        Number of the first row of `base` in the collection. A query is no neighbour of itself.
    k
        Neighbours wanted of each query; fewer where `base` has fewer rows besides the query. Where it holds
        some of the queries only, the last neighbours of those may be rows at an infinite distance, which
        `merge_neighbours` drops.
    device
        See `search_on`.
    make
        Makes the arrays of the outcome where queries are many.

    Returns
    -------
    NeighbourGraph
        Of q faces; rows are numbered as in the collection.
    """
    if len(queries) > _MOST and queries is not base and k < len(base):
        return _nearest_in_blocks(queries, ids, base, offset, k, device, make)
    own = ids - offset
    k = min(k, len(base) - bool(((own >= 0) & (own < len(base))).all()))
    if k <= 0 or not len(queries):
        return NeighbourGraph(
            np.zeros((len(queries), max(k, 0)), np.int32), np.zeros((len(queries), max(k, 0)), np.float32)
        )
    width = min(k + 1 + _SPARE, len(base))
    few = len(queries) * len(base) <= PAIRS
    found = (search_few if few else search_on(device, len(base)))(queries, base, width)
    graph = ranked(queries, own, base, found.rows, k)
    if width < len(base):
        limit = 1 - found.similarity.min(axis=1)  # what was not found is no nearer than this, rounding aside
        for row in np.flatnonzero(graph.distances[:, -1] + 2 * _ROUNDING >= limit):
            _look_again(graph, int(row), queries, own, base)
    return NeighbourGraph(graph.indices + np.int32(offset), graph.distances)


def _nearest_in_blocks(
    queries: Floats, ids: Rows, base: Floats, offset: int, k: int, device: str, make: MakeArray
) -> NeighbourGraph:
    """`nearest` of many queries: what the search notes of each is twice as large as its neighbours."""
    shape = len(queries), k
    graph = NeighbourGraph(make(shape, np.int32), make(shape, np.float32))
    for start in range(0, len(queries), _MOST):
        part = slice(start, start + _MOST)
        found = nearest(queries[part], ids[part], base, offset, k, device)
        graph.indices[part], graph.distances[part] = found.indices, found.distances
    return graph


def merge_neighbours(left: NeighbourGraph, right: NeighbourGraph, k: int) -> NeighbourGraph:
    """Join two lists of neighbours of the same faces and keep the `k` nearest; no row may be in both.

    The lists that `nearest` gives for the blocks of a collection merge into the graph of all of it.
    """
    distances = np.concatenate([left.distances, right.distances], axis=1)
    rows = np.concatenate([left.indices, right.indices], axis=1)
    return replace(_first(distances, rows, k), approximate=left.approximate or right.approximate)


def _look_again(graph: NeighbourGraph, row: int, queries: Floats, own: Rows, base: Floats) -> None:
    """Rank everything that rounding might have kept from being found, where ties or near ties are many."""
    one, k = slice(row, row + 1), graph.indices.shape[1]
    near = np.flatnonzero(base @ queries[row] >= 1 - graph.distances[row, -1] - 2 * _ROUNDING)
    exact = ranked(queries[one], own[one], base, near[None].astype(np.int32), k)
    graph.indices[row], graph.distances[row] = exact.indices[0], exact.distances[0]


def ranked(queries: Floats, own: Rows, base: Floats, candidates: Ints, k: int) -> NeighbourGraph:
    """Order candidates by exact distance, then row; drop the query itself; keep `k`.

    Parameters
    ----------
    queries, base
        float32, shapes (q, d) and (b, d), rows from `unit_rows`.
    own
        int64, shape (q,): row of each query in `base`, or what is no row.
    candidates
        int32, shape (q, width), more than `k`: rows of `base`, none twice.
    k
        Neighbours wanted of each query.
    """
    if len(queries) * len(base) <= PAIRS:
        return NeighbourGraph(*rank_few(queries, own, base, candidates, k))
    import faiss

    from photoclust.people.graph.kernels import rank

    graph = NeighbourGraph(np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32))

    def weigh(start: int) -> None:
        part = slice(start, start + _AT_ONCE)
        rank(queries[part], own[part], base, candidates[part], graph.indices[part], graph.distances[part])

    with ThreadPoolExecutor(faiss.omp_get_max_threads()) as threads:
        list(threads.map(weigh, range(0, len(queries), _AT_ONCE)))
    return graph


def _first(distances: Floats, rows: Ints, k: int) -> NeighbourGraph:
    """The k nearest of each line, by distance and then by row.

    Bits of floats that are not negative are ordered as the floats are: distance and row are sorted as one
    integer, which takes a fifth of the time of `np.lexsort`.
    """
    key = np.sort(distances.view(np.int32).astype(np.int64) << 32 | rows, axis=1)[:, :k]
    return NeighbourGraph((key & 0xFFFFFFFF).astype(np.int32), (key >> 32).astype(np.int32).view(np.float32))
