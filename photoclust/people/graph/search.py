"""The fast part of the neighbour search: float32 inner products that propose candidates.

Every function here returns, for each query, rows of the base such that no row left out is more similar by
float32 arithmetic than the least similar one returned. Which of several equally similar rows that are, their
order and the last bits of a similarity depend on library, threads and device; `neighbours` weighs the
candidates exactly, so that its graph does not.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from photoclust.types import Floats, Rows

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

    from photoclust.people.graph.kernels import Lists

Ints = npt.NDArray[np.int32]

GPU_WORTH = 20_000  # rows; below, two cores are done (2.6 s) before torch is imported
_TILE = 512  # rows of a square tile: 1 MB of similarities, which the cache of a core holds
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

    Threads multiply tiles of their own, each on one processor, and look through the products while they are
    at hand. Where the queries are the base itself, each product is computed once and serves both of its rows.
    """
    import faiss

    from photoclust.people.graph.kernels import best, offer

    own, same = _tiles(len(queries), width), queries is base
    others = own if same else [_unlisted(part) for part in _parts(len(base))]
    todo = iter(_pairs(len(own), len(others), same))  # of a list: threads may share it

    def compare(_thread: int) -> None:
        room = np.empty(_TILE * _TILE, np.float32)
        for i, j in todo:
            row, column = own[i], others[j] if i != j or not same else _unlisted(own[i].part)
            products = room[: row.size * column.size].reshape(row.size, column.size)
            np.matmul(queries[row.part], base[column.part].T, out=products)
            with row.lock, column.lock:
                offer(products, row.lists, row.part.start, column.lists, column.part.start, width)

    found = Candidates(np.empty((len(queries), width), np.float32), np.empty((len(queries), width), np.int32))
    with threads() as pool:
        list(pool.map(compare, range(faiss.omp_get_max_threads())))
        list(pool.map(lambda t: best(t.lists, found.similarity[t.part], found.rows[t.part]), own))
    return found


@dataclass(frozen=True)
class _Tile:
    """Rows that are compared together, their lists, and what one thread at a time must hold."""

    part: slice
    lists: Lists
    lock: AbstractContextManager[Any]

    @property
    def size(self) -> int:
        return self.part.stop - self.part.start


def _parts(n: int) -> list[slice]:
    return [slice(start, min(start + _TILE, n)) for start in range(0, n, _TILE)]


def _tiles(n: int, width: int) -> list[_Tile]:
    """Tiles of n rows of which each is to get `width` others."""
    whole = empty_lists(n, width)
    return [_Tile(part, take(whole, part), Lock()) for part in _parts(n)]


def _unlisted(part: slice) -> _Tile:
    """A tile whose rows get nothing."""
    return _Tile(part, no_lists(part.stop - part.start), nullcontext())


def empty_lists(n: int, width: int) -> Lists:
    """Lists of n rows of which each is to get `width` others."""
    from photoclust.people.graph.kernels import Lists

    keys = np.empty((n, width + width // 2 + 1), np.int64)
    return Lists(keys, np.zeros(n, np.int32), np.full(n, -np.inf, np.float32))


def no_lists(n: int) -> Lists:
    """Lists of n rows that get nothing."""
    from photoclust.people.graph.kernels import Lists

    return Lists(np.empty((0, 0), np.int64), np.empty(0, np.int32), np.full(n, np.inf, np.float32))


def take(lists: Lists, rows: slice | Rows) -> Lists:
    """Lists of some rows: the same of a slice, a copy of any others."""
    from photoclust.people.graph.kernels import Lists

    return Lists(lists.keys[rows], lists.held[rows], lists.floor[rows])


def _pairs(rows: int, columns: int, same: bool) -> list[tuple[int, int]]:
    """Which tiles are compared, in an order in which neighbouring pairs have no tile of `rows` in common.

    Of a set with itself the tiles on the diagonal come first, then those beside it, and so on, so that every
    row soon has a floor.
    """
    if same:
        return [(i, i + step) for step in range(rows) for i in range(rows - step)]
    return [(i, j) for j in range(columns) for i in range(rows)]


@contextmanager
def threads() -> Generator[ThreadPoolExecutor]:
    """As many threads as faiss uses, each of which multiplies matrices on one processor."""
    import faiss

    count = faiss.omp_get_max_threads()
    with _threadpools().limit(limits=1, user_api="blas"), ThreadPoolExecutor(count) as pool:
        yield pool


@contextmanager
def one_thread() -> Generator[None]:
    """Let faiss, and the matrix products that it asks for, use one thread."""
    import faiss

    count = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        with _threadpools().limit(limits=1, user_api="blas"):
            yield
    finally:
        faiss.omp_set_num_threads(count)


@cache
def _threadpools() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # looks through all loaded libraries: some milliseconds


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
