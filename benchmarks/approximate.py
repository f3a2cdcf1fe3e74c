"""Approximate neighbours beside exact ones: time, recall, and what becomes of the groups.

    python benchmarks/approximate.py 200000

Faces are those of `neighbours_at_scale`, people with 1 to 500 photos each (a Zipf law), in the 128 directions
that embeddings are compared in. Seconds of processor time stand beside those of the clock. The groups are
the density clusters: how well those of both graphs agree, and pairwise F of each with the true people.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import numpy as np
from sklearn.metrics import adjusted_rand_score

from photoclust.config import ClusterConfig
from photoclust.evaluate.scores import pairwise_scores
from photoclust.people.clustering.density import density_clusters
from photoclust.people.graph.approximate import ApproximateSearch, recall
from photoclust.people.graph.neighbours import NeighbourGraph, nearest, neighbours, unit_rows

DIRECTIONS, VARIED = 128, 55


def faces(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors, and whose they are."""
    rng = np.random.default_rng(0)
    person = rng.permutation(np.repeat(np.arange(n), np.minimum(rng.zipf(1.6, n), 500))[:n])
    basis = np.linalg.qr(rng.normal(size=(DIRECTIONS, VARIED)))[0].T
    identity, photo = rng.normal(size=(person.max() + 1, VARIED)), rng.normal(size=(n, VARIED))
    rows = (0.65**0.5 * identity[person] + 0.35**0.5 * photo) @ basis
    return unit_rows(rows / np.linalg.norm(rows, axis=1, keepdims=True)), person


@contextmanager
def silent(_total: int) -> Generator[Callable[[int], None]]:
    yield lambda done: None


def timed(name: str, work: Callable[[], NeighbourGraph]) -> NeighbourGraph:
    began = time.perf_counter(), time.process_time()
    graph = work()
    seconds = time.perf_counter() - began[0], time.process_time() - began[1]
    print(f"{name}: {seconds[0]:.1f} s, {seconds[1]:.1f} s of processors", flush=True)
    return graph


def labels_of(graph: NeighbourGraph, config: ClusterConfig) -> np.ndarray:
    """Density clusters, each face that is nobody's its own."""
    labels = density_clusters(graph, config)
    return np.where(labels < 0, -1 - np.arange(len(labels)), labels)


def main(n: int) -> None:
    rows, person = faces(n)
    config = ClusterConfig()
    neighbours(rows[:2000], config.k)  # compile
    search = ApproximateSearch(nearest, 1, silent)
    graphs = {
        "approximate": timed("approximate", lambda: neighbours(rows, config.k, search=search)),
        "exact": timed("exact", lambda: neighbours(rows, config.k)),
    }
    found = (graphs["approximate"].distances <= graphs["exact"].distances[:, -1:]).mean()
    print(f"recall: {recall(graphs['approximate'], rows):.4f} as measured on the sample, {found:.4f} of all")
    labels = {name: labels_of(graph, config) for name, graph in graphs.items()}
    for name, own in labels.items():
        score = pairwise_scores(person, own)
        print(f"{name}: pairwise P {score.precision:.4f} R {score.recall:.4f} F {score.f:.4f}")
    print(f"adjusted Rand index of both: {adjusted_rand_score(*labels.values()):.4f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
