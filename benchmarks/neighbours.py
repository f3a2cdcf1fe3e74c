"""The neighbour search against one matrix product of the same flops, in turns on the same threads.

    python benchmarks/neighbours.py 100000 [--dimensions 128] [--device cuda]

The product is all faces against all, 2 n² d operations, in blocks so that it fits. (Of a set against itself
half of it is enough, which the search makes use of.) Persons have 1 to 500 faces. Embeddings of an
InceptionResnetV1 are compared in 128 dimensions, where what is done with a product takes its time too.
Seconds of processor time stand beside those of the clock, since they say more on a machine that is shared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.people.graph.neighbours import neighbours, unit_rows

BLOCK = 4096


def faces(n: int, size: int) -> np.ndarray:
    """Shuffled unit vectors of persons with 1 to 500 faces (a Zipf law) in 55 directions of `size`."""
    rng = np.random.default_rng(0)
    person = rng.permutation(np.repeat(np.arange(n), np.minimum(rng.zipf(1.6, n), 500))[:n])
    basis = np.linalg.qr(rng.normal(size=(size, 55)))[0].T
    identity, photo = rng.normal(size=(person.max() + 1, 55)), rng.normal(size=(n, 55))
    rows = ((0.65**0.5 * identity[person] + 0.35**0.5 * photo) @ basis).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def product(rows: np.ndarray, device: str) -> None:
    """Every face times every face, nothing kept."""
    if device == "cpu":
        out = np.empty((BLOCK, len(rows)), np.float32)
        for start in range(0, len(rows), BLOCK):
            part = rows[start : start + BLOCK]
            np.matmul(part, rows.T, out=out[: len(part)])
        return
    import torch

    base = torch.from_numpy(rows).to(device)
    for start in range(0, len(rows), BLOCK):
        base[start : start + BLOCK] @ base.T
    torch.cuda.synchronize()


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock and of all threads."""
    began = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began[0], time.process_time() - began[1]


def main() -> None:
    """Measure in turns, print each turn and the best of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int, nargs="?", default=100_000)
    parser.add_argument("--dimensions", type=int, default=512)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--turns", type=int, default=2)
    arguments = parser.parse_args()
    rows, k = unit_rows(faces(arguments.n, arguments.dimensions)), ClusterConfig().k
    device = arguments.device
    product(rows[:BLOCK], device)
    neighbours(rows[:BLOCK], k, device)  # compile
    turns = [
        (seconds(lambda: product(rows, device)), seconds(lambda: neighbours(rows, k, device)))
        for _ in range(arguments.turns)
    ]
    flops = 2 * len(rows) ** 2 * rows.shape[1]
    for (one, _), (search, _) in turns:
        print(f"product {one:.1f} s ({flops / one / 1e9:.0f} GFLOP/s), search {search:.1f} s")
    clock, processors = (
        min(search[i] for _, search in turns) / min(one[i] for one, _ in turns) for i in (0, 1)
    )
    print(
        f"{len(rows)} faces, best of {len(turns)}: the search takes {clock:.2f} times the product by the "
        f"clock, {processors:.2f} by processor time"
    )


if __name__ == "__main__":
    main()
