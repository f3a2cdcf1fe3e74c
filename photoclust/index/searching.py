"""Between the index, the people room and the engines: a neighbour search that is divided and goes on.

Many faces are compared block by block, on the nodes of a cluster where there is one. Each block is kept when
it is done, so that a search that was killed goes on with the others. The graph is the undivided one to the
last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from photoclust.index.blocks import SearchBlocks
from photoclust.people.graph.blocks import Comparison
from photoclust.people.graph.neighbours import NeighbourGraph, nearest
from photoclust.types import Floats, MakeArray, Progress, Rows

BlockSearch = Callable[[Comparison, Sequence[int]], Iterator[tuple[int, NeighbourGraph]]]
"""What compares the queries of some blocks with all of the base: yields each block, in any order."""


@dataclass(frozen=True)
class DividedSearch:
    """`photoclust.people.graph.neighbours.nearest`, with much work divided into blocks that are kept.

    Parameters
    ----------
    start
        Starts what compares blocks; called only where there is much to do.
    progress
        Called with the number of faces to compare; gives what is told of each few done.
    divide_from
        Faces which, compared with one another, are so much work that it is divided.
    blocks
        Gives the blocks that are kept of the comparison with a fingerprint; the caller holds the lock
        of the index.
    make
        Makes the arrays of the outcome.
    """

    start: Callable[[], AbstractContextManager[BlockSearch]]
    progress: Progress
    divide_from: int
    blocks: Callable[[str], SearchBlocks]
    make: MakeArray = np.empty

    def __call__(
        self, queries: Floats, ids: Rows, base: Floats, offset: int, k: int, device: str = "cpu"
    ) -> NeighbourGraph:
        """Find the nearest of a block of rows to each of a block of queries; see `nearest`."""
        if len(queries) * len(base) < self.divide_from**2 or len(base) <= k:
            return nearest(queries, ids, base, offset, k, device, self.make)
        work = Comparison(queries, ids, base, offset, k)
        kept = self.blocks(work.fingerprint())
        self._finish(work, kept)
        shape = len(queries), k
        graph = NeighbourGraph(self.make(shape, np.int32), self.make(shape, np.float32))
        for block in range(work.blocks):
            graph.indices[work.rows(block)], graph.distances[work.rows(block)] = kept.read(block)
        return graph

    def _finish(self, work: Comparison, kept: SearchBlocks) -> None:
        """Do the blocks that are not done."""
        todo = [block for block in range(work.blocks) if block not in kept]
        if not todo:
            return
        with self.start() as search, self.progress(len(work.queries)) as tell:
            tell(len(work.queries) - sum(_size(work, block) for block in todo))
            for block, found in search(work, todo):
                kept.write(block, found.indices, found.distances)
                tell(_size(work, block))


def _size(work: Comparison, block: int) -> int:
    rows = work.rows(block)
    return rows.stop - rows.start
