"""The neighbour search against one matrix product of the same flops, in turns on the same threads.

    python tests/benchmarks/neighbours.py 100000 [--device cuda]

The product is all faces against all, 2 n² d operations, in blocks so that it fits. (Of a set against itself
half of it is enough, which the search makes use of.) Persons have 1 to 500 faces.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.people.neighbours import neighbours, unit_rows

BLOCK = 4096


def faces(n: int) -> np.ndarray:
    """Shuffled unit vectors of persons with 1 to 500 faces (a Zipf law) in 55 directions of 512."""
    rng = np.random.default_rng(0)
    person = rng.permutation(np.repeat(np.arange(n), np.minimum(rng.zipf(1.6, n), 500))[:n])
    basis = np.linalg.qr(rng.normal(size=(512, 55)))[0].T
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


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Measure in turns, print each turn and the best of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int, nargs="?", default=100_000)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--turns", type=int, default=2)
    arguments = parser.parse_args()
    rows, k, device = unit_rows(faces(arguments.n)), ClusterConfig().k, arguments.device
    product(rows[:BLOCK], device)
    turns = [
        (seconds(lambda: product(rows, device)), seconds(lambda: neighbours(rows, k, device)))
        for _ in range(arguments.turns)
    ]
    flops = 2 * len(rows) ** 2 * rows.shape[1]
    for one, search in turns:
        print(f"product {one:.1f} s ({flops / one / 1e9:.0f} GFLOP/s), search {search:.1f} s")
    one, search = (min(times) for times in zip(*turns, strict=True))
    print(f"{len(rows)} faces, best of {len(turns)}: the search takes {search / one:.2f} times the product")


if __name__ == "__main__":
    main()
