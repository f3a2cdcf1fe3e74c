"""The divided neighbour search of a million faces: seconds, memory, and the ratio to the arithmetic floor.

    python benchmarks/neighbours_at_scale.py --faces 1000000 --blocks 2

All blocks of queries are alike, each compared with all faces: some are done, and the whole search takes as
many times as long as there are blocks. The floor is 2 n² d operations at the rate of one matrix product of
the same shape, measured in turns with the blocks; seconds of processor time stand beside those of the clock,
since they say more on a machine that is shared.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.engine.neighbours import search_here
from photoclust.index.blocks import SearchBlocks
from photoclust.index.place import IndexPlace
from photoclust.people.graph.blocks import Comparison
from photoclust.people.graph.neighbours import unit_rows

SIZE, DIRECTIONS, PRODUCT = 512, 55, 4096
CHUNK = 50_000


def faces(n: int) -> np.ndarray:
    """Unit vectors of persons with 1 to 500 faces (a Zipf law) in 55 directions of 512, a chunk at a time."""
    rng = np.random.default_rng(0)
    person = rng.permutation(np.repeat(np.arange(n), np.minimum(rng.zipf(1.6, n), 500))[:n])
    basis = np.linalg.qr(rng.normal(size=(SIZE, DIRECTIONS)))[0].T.astype(np.float32)
    identity = rng.standard_normal((person.max() + 1, DIRECTIONS), np.float32)
    rows = np.empty((n, SIZE), np.float32)
    for start in range(0, n, CHUNK):
        part = slice(start, min(start + CHUNK, n))
        photo = rng.standard_normal((part.stop - start, DIRECTIONS), np.float32)
        compact = 0.65**0.5 * identity[person[part]] + 0.35**0.5 * photo
        rows[part] = compact / np.linalg.norm(compact, axis=1, keepdims=True) @ basis
    return rows


def product(queries: np.ndarray, base: np.ndarray) -> None:
    """Every query times every face, nothing kept."""
    out = np.empty((PRODUCT, CHUNK), np.float32)
    for first in range(0, len(queries), PRODUCT):
        part = queries[first : first + PRODUCT]
        for start in range(0, len(base), CHUNK):
            piece = base[start : start + CHUNK]
            np.matmul(part, piece.T, out=out[: len(part), : len(piece)])


def seconds(work: Callable[[], object]) -> np.ndarray:
    """Seconds of the clock and of all threads."""
    began = time.perf_counter(), time.process_time()
    work()
    return np.array([time.perf_counter() - began[0], time.process_time() - began[1]])


def main() -> None:
    """Measure blocks and products in turns; print the sums and what follows for the whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    rows, k = unit_rows(faces(arguments.faces)), ClusterConfig().k
    work = Comparison(rows, np.arange(len(rows)), rows, 0, k)
    done = list(range(min(arguments.blocks, work.blocks)))
    plain, search = np.zeros(2), np.zeros(2)
    with TemporaryDirectory() as folder:
        kept = SearchBlocks(IndexPlace(Path(folder)), work.fingerprint())

        def do(block: int) -> None:
            for _, found in search_here(work, [block], arguments.device):
                kept.write(block, found.indices, found.distances)

        for block in done:
            plain += seconds(lambda block=block: product(rows[work.rows(block)], rows))
            search += seconds(lambda block=block: do(block))
    queries = sum(len(rows[work.rows(block)]) for block in done)
    rate = 2 * queries * len(rows) * SIZE / plain[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{len(done)} of {work.blocks} blocks: {queries} queries against {len(rows)} faces, k = {k}")
    print(f"product {plain[0]:.0f} s ({rate / 1e9:.0f} GFLOP/s), search {search[0]:.0f} s")
    print(
        f"ratio to the product: {search[0] / plain[0]:.2f} by the clock, {search[1] / plain[1]:.2f} by "
        "processor time"
    )
    minutes = search[0] * len(rows) / queries / 60
    print(f"all blocks at this rate: {minutes:.0f} minutes; peak {peak / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
