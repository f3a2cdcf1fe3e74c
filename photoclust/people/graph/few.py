"""Neighbours among few rows with numpy alone: of a thousand rows, kernels take longer to load than to run.

Outcomes are bit for bit those of `photoclust.people.graph.kernels`: the same terms are added in the same
order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from photoclust.people.graph.search import Candidates, Ints
from photoclust.types import Floats, Rows

PAIRS = 8_000_000
"""Pairs of a query and a row up to which this is the quicker way."""

_AT_ONCE = 64  # queries whose candidates are ranked at once: some megabytes of float64


def search_few(queries: Floats, base: Floats, width: int) -> Candidates:
    """Propose `width` rows of `base` to each query; see `photoclust.people.graph.search`."""
    similarity = queries @ base.T
    rows = np.argpartition(-similarity, width - 1, axis=1)[:, :width]
    return Candidates(np.take_along_axis(similarity, rows, axis=1), rows.astype(np.int32))


def few_distances(left: Floats, right: Floats) -> Floats:
    """Cosine distance of corresponding unit rows, float32, shape (n,)."""
    terms = left.astype(np.float64) * right.astype(np.float64)
    n = terms.shape[-1]
    while n > 8:
        half = (n + 1) // 2
        terms[..., : n - half] += terms[..., half:n]
        n = half
    inner = np.zeros(terms.shape[:-1])
    for place in range(n):
        inner += terms[..., place]
    return np.clip(1.0 - inner, 0.0, 2.0).astype(np.float32)


def rank_few(
    queries: Floats, own: Rows, base: Floats, candidates: Ints, k: int
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """The `k` nearest candidates of each query, by distance and then by row, itself left out.

    Parameters are those of `photoclust.people.graph.neighbours.ranked`.
    """
    rows, nearest = np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        distance = few_distances(queries[part, None], base[candidates[part]])
        distance[candidates[part] == own[part, None]] = np.inf
        order = np.lexsort((candidates[part], distance))[:, :k]
        rows[part] = np.take_along_axis(candidates[part], order, axis=1)
        nearest[part] = np.take_along_axis(distance, order, axis=1)
    return rows, nearest
