"""The fast part of the neighbour search: float32 inner products that propose candidates.

Every function here returns, for each query, rows of the base such that no row left out is more similar by
float32 arithmetic than the least similar one returned. Which of several equally similar rows that are, their
order and the last bits of a similarity depend on library, threads and device; `neighbours` weighs the
candidates exactly, so that its graph does not.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]

GPU_WORTH = 20_000  # rows; below, two cores are done (2.6 s) before torch is imported
_TILE = 2048  # rows of a square tile: 16 MB of similarities
_DENSE = 0.125  # share of a tile above the floor from which on whole rows are selected from
_GPU_QUERIES, _GPU_BASE = 8192, 65_536  # a tile of 2 GB


@dataclass(frozen=True)
class Candidates:
    """Rows proposed to each of n queries, in any order.

    Attributes
    ----------
    similarity
        float32, shape (n, width): inner products.
    rows
        int32, shape (n, width): rows of the base, none twice.
    """

    similarity: Floats
    rows: Ints


Search = Callable[[Floats, Floats, int], Candidates]


def search_on(device: str, rows: int) -> Search:
    """Choose the search for so many rows.

    Parameters
    ----------
    device
        ``cpu``; a torch device such as ``cuda``; or ``auto``: ``cuda`` where there is one and it is worth it.
    rows
        Size of the collection.
    """
    if device == "auto":
        device = "cuda" if rows >= GPU_WORTH and _has_cuda() else "cpu"
    if device == "cpu":
        return search
    return lambda queries, base, width: search_with_torch(queries, base, width, device)


def search(queries: Floats, base: Floats, width: int) -> Candidates:
    """Propose `width` rows of `base` to each query, on the processor.

    Where the queries are the base itself, each product is computed once and serves both of its rows.
    """
    if queries is base and len(base) > max(_TILE, width):
        return _search_among(base, width)
    similarity, rows = faiss.knn(queries, base, width, metric=faiss.METRIC_INNER_PRODUCT)
    return Candidates(similarity, rows.astype(np.int32))


def search_with_torch(queries: Floats, base: Floats, width: int, device: str) -> Candidates:
    """Propose `width` rows of `base` to each query, on a torch device; what lies there does not grow."""
    import torch

    precise = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False  # its 10-bit mantissa would break the promise above
    try:
        parts = [
            _top(torch.from_numpy(queries[start : start + _GPU_QUERIES]).to(device), base, width)
            for start in range(0, len(queries), _GPU_QUERIES)
        ]
    finally:
        torch.backends.cuda.matmul.allow_tf32 = precise
    return Candidates(
        np.concatenate([part.similarity for part in parts]), np.concatenate([part.rows for part in parts])
    )


def _top(queries: Any, base: Floats, width: int) -> Candidates:
    """The most similar rows of `base`, block by block, for queries that lie on the device."""
    import torch

    best = torch.empty((len(queries), 0), device=queries.device)
    rows = torch.empty((len(queries), 0), dtype=torch.int32, device=queries.device)
    for start in range(0, len(base), _GPU_BASE):
        block = torch.from_numpy(base[start : start + _GPU_BASE]).to(queries.device)
        values, found = torch.topk(queries @ block.T, min(width, len(block)), dim=1)
        best, rows = torch.cat([best, values], 1), torch.cat([rows, found.int() + start], 1)
        best, kept = torch.topk(best, min(width, best.shape[1]), dim=1)
        rows = rows.gather(1, kept)
    return Candidates(best.cpu().numpy(), rows.cpu().numpy())


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


# -- a set against itself ----------------------------------------------------------------------------


def _search_among(rows: Floats, width: int) -> Candidates:
    """Propose rows of a set to each other: each pair of tiles is multiplied once and seen from both sides.

    Threads work on tiles of their own, each multiplied by one. The tiles on the diagonal come first, then
    those beside it, and so on, so that every row soon has a floor below which nothing is looked at.
    """
    nearest = _Nearest(len(rows), width)
    tiles = [slice(start, min(start + _TILE, len(rows))) for start in range(0, len(rows), _TILE)]

    def compare(left: slice, right: slice) -> None:
        products = rows[left] @ rows[right].T
        nearest.offer(left, products, right.start)
        if left is not right:
            nearest.offer(right, products.T, left.start)

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(faiss.omp_get_max_threads()) as threads:
        for step in range(len(tiles)):
            list(threads.map(compare, tiles, tiles[step:]))
    return Candidates(nearest.similarity, nearest.rows)


class _Nearest:
    """The most similar rows seen so far of each of n rows; threads may share it."""

    def __init__(self, n: int, width: int) -> None:
        self.similarity = np.full((n, width), -np.inf, np.float32)
        self.rows = np.zeros((n, width), np.int32)
        self._floor = np.full(n, -np.inf, np.float32)  # a stale one only lets more through
        self._locks = [Lock() for _ in range(0, n, _TILE)]

    def offer(self, part: slice, products: Floats, first: int) -> None:
        """Take note of the similarities of the rows `part`, a tile, with rows counted from `first`."""
        above = products > self._floor[part, None]
        hits = np.count_nonzero(above)
        if hits > _DENSE * above.size:
            every = np.broadcast_to(
                np.arange(first, first + products.shape[1], dtype=np.int32), products.shape
            )
            found = np.arange(part.start, part.stop), products, every
        elif hits:
            row, column = _true(above)
            found = _padded(row + part.start, products[row, column], (column + first).astype(np.int32))
        else:
            return
        with self._locks[part.start // _TILE]:
            self._keep(*found)

    def _keep(self, own: Rows, similarity: Floats, rows: Ints) -> None:
        """Keep the best of what each of the rows `own` has and is offered."""
        width = self.rows.shape[1]
        similarity = np.concatenate([self.similarity[own], similarity], axis=1)
        rows = np.concatenate([self.rows[own], rows], axis=1)
        best = np.argpartition(similarity, -width, axis=1)[:, -width:]
        self.similarity[own] = np.take_along_axis(similarity, best, axis=1)
        self.rows[own] = np.take_along_axis(rows, best, axis=1)
        self._floor[own] = self.similarity[own].min(axis=1)


def _true(mask: npt.NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """`np.nonzero` of a matrix or of the transpose of one, in a fifth of its time."""
    if mask.flags.c_contiguous:
        row, column = np.divmod(np.flatnonzero(mask), mask.shape[1])
        return row, column
    column, row = np.divmod(np.flatnonzero(mask.T), mask.shape[0])
    order = np.argsort(row, kind="stable")
    return row[order], column[order]


def _padded(owner: Rows, similarity: Floats, rows: Ints) -> tuple[Rows, Floats, Ints]:
    """One line for each owner, filled up with what is never the best; `owner` is sorted."""
    own, starts, counts = np.unique(owner, return_index=True, return_counts=True)
    line = np.repeat(np.arange(len(own)), counts)
    place = np.arange(len(owner)) - np.repeat(starts, counts)
    shape = (len(own), int(counts.max()))
    padded_similarity, padded_rows = np.full(shape, -np.inf, np.float32), np.zeros(shape, np.int32)
    padded_similarity[line, place], padded_rows[line, place] = similarity, rows
    return own, padded_similarity, padded_rows
