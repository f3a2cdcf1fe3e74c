"""Where many faces are compared: on the nodes of a Ray cluster, or in this process."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from photoclust.config import EngineConfig
from photoclust.index.searching import BlockSearch
from photoclust.people.graph.blocks import Comparison, nearest_in_pieces
from photoclust.people.graph.neighbours import NeighbourGraph
from photoclust.types import Floats, Rows

Found = Iterator[tuple[int, NeighbourGraph]]


@contextmanager
def start_search(config: EngineConfig) -> Generator[BlockSearch]:
    """Join the cluster that `config` names for a search, or search in this process.

    An embedded Ray would bring nothing: this process uses all processors, or the GPU, by itself.

    Raises
    ------
    EngineError
        When nothing answers at the address.
    """
    if config.kind == "local" or config.address is None:
        device = "cpu" if config.num_gpus == 0 else "auto"
        yield lambda work, blocks: search_here(work, blocks, device)
    else:
        from photoclust.engine.ray import runtime

        with runtime(config):
            yield lambda work, blocks: search_on_ray(work, blocks, config)


def search_here(work: Comparison, blocks: Sequence[int], device: str = "auto") -> Found:
    """Yield some blocks of a comparison, one after another."""
    for block in blocks:
        rows = work.rows(block)
        whole = [(work.offset, work.base)]
        yield block, nearest_in_pieces(work.queries[rows], work.ids[rows], whole, work.k, device)


def search_on_ray(work: Comparison, blocks: Sequence[int], config: EngineConfig) -> Found:
    """Yield some blocks of a comparison, in any order, each a task of the cluster that was joined.

    A task has a GPU where the cluster has any, a processor otherwise. The base lies once in Ray's object
    store, where each node fetches it piece by piece; what does not fit Ray spills to its own folder. A task
    whose node is lost is done again.

    Raises
    ------
    EngineError
        When Ray gives up.
    """
    import ray
    from ray.exceptions import RayError

    from photoclust.engine.ray import explained

    there = ray.cluster_resources()
    unit = "GPU" if there.get("GPU", 0) >= 1 and config.num_gpus != 0 else "CPU"
    allowed = config.num_gpus if unit == "GPU" else config.num_cpus
    at_once = allowed or 2 * int(max(1, there[unit]))  # the next is ready when one ends
    task = ray.remote(num_cpus=1, num_gpus=int(unit == "GPU"), scheduling_strategy="SPREAD")(_search_block)
    device = "cuda" if unit == "GPU" else "cpu"
    try:
        pieces = [(offset, ray.put(piece)) for offset, piece in work.pieces()]
        todo, running = iter(blocks), dict[Any, int]()
        while True:
            for block in islice(todo, at_once - len(running)):
                rows = work.rows(block)
                running[task.remote(work.queries[rows], work.ids[rows], pieces, work.k, device)] = block
            if not running:
                return
            (done,), _ = ray.wait(list(running), num_returns=1)
            yield running.pop(done), ray.get(done)
    except RayError as error:
        raise explained(error) from error


def _search_block(
    queries: Floats, ids: Rows, pieces: list[tuple[int, Any]], k: int, device: str
) -> NeighbourGraph:
    """Compare a block of queries with a base whose pieces lie in the object store, in a process of Ray's."""
    import faiss
    import ray

    faiss.omp_set_num_threads(1)  # its share: there are as many tasks as processors
    return nearest_in_pieces(queries, ids, ((offset, ray.get(piece)) for offset, piece in pieces), k, device)
