"""The neighbour search in blocks of queries: work that can be shared out, and kept block by block."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from photoclust.people.graph.neighbours import NeighbourGraph, merge_neighbours, nearest
from photoclust.types import Floats, Rows

QUERIES = 8192
"""Queries of a block. Against a million faces of 512 dimensions they are 8 · 10¹² operations: a minute or
two of a core, which is what a task that is lost costs."""

PIECE = 65_536
"""Rows of a piece of the base: 134 MB of 512 dimensions, sent and held as one object."""


@dataclass(frozen=True)
class Comparison:
    """Queries, and the base in which their neighbours are looked for: the arguments of `nearest`.

    Attributes
    ----------
    queries, base
        float32, shapes (q, d) and (b, d), rows from `unit_rows`.
    ids
        int64, shape (q,): number of each query in the collection.
    offset
        Number of the first row of `base` in the collection.
    k
        Neighbours wanted of each query, fewer than b.
    """

    queries: Floats
    ids: Rows
    base: Floats
    offset: int
    k: int

    @property
    def blocks(self) -> int:
        """How many blocks of queries there are."""
        return -(-len(self.queries) // QUERIES)

    def rows(self, block: int) -> slice:
        """Which queries make up a block."""
        return slice(block * QUERIES, min((block + 1) * QUERIES, len(self.queries)))

    def pieces(self) -> Iterable[tuple[int, Floats]]:
        """Cut the base into pieces, each with the number of its first row in the collection."""
        for start in range(0, len(self.base), PIECE):
            yield self.offset + start, self.base[start : start + PIECE]

    def fingerprint(self) -> str:
        """32 hex digits that follow from every bit of it, and from how it is divided."""
        digest = blake2b(repr((self.offset, self.k, QUERIES)).encode(), digest_size=16)
        for rows in (self.queries, self.ids, self.base):
            digest.update(np.ascontiguousarray(rows).data)
        return digest.hexdigest()


def nearest_in_pieces(
    queries: Floats, ids: Rows, pieces: Iterable[tuple[int, Floats]], k: int, device: str = "cpu"
) -> NeighbourGraph:
    """Find the nearest of a base that comes in pieces; gives what `nearest` gives on the whole of it.

    Parameters
    ----------
    queries, ids, k, device
        As in `nearest`; the pieces together have more than `k` rows.
    pieces
        Number of the first row in the collection, and rows, of each piece of the base.

    Returns
    -------
    NeighbourGraph
        Of q faces; rows are numbered as in the collection.
    """
    found = NeighbourGraph(np.zeros((len(queries), 0), np.int32), np.zeros((len(queries), 0), np.float32))
    for offset, piece in pieces:
        found = merge_neighbours(found, nearest(queries, ids, piece, offset, k, device), k)
    return found
