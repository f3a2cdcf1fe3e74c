"""Time and memory of density clustering and verification on many synthetic faces.

    python tests/benchmarks/grouping_scale.py 100000

Persons have 1 to some hundred faces (a Zipf law); their embeddings follow the two-covariance model of the
shipped calibration. The neighbour graph, which is not what is timed, comes from an approximate search.
"""

from __future__ import annotations

import resource
import sys
import time

import faiss
import numpy as np

from photoclust.config import ClusterConfig
from photoclust.evaluate.scores import bcubed_scores, pairwise_scores
from photoclust.people.calibration import calibration_of
from photoclust.people.density import density_clusters
from photoclust.people.neighbours import NeighbourGraph
from photoclust.people.verify import VerifyInput, verify

DIMENSIONS = 55  # as many as the calibration says carry the spread of real embeddings


def synthetic_faces(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Compact unit vectors, float32, shape (n, 55), and the person of each."""
    sizes = np.minimum(rng.zipf(1.6, n), 500)
    person = np.repeat(np.arange(n), sizes)[:n]
    share = calibration_of("casia-webface").identity
    identity = rng.normal(size=(person[-1] + 1, DIMENSIONS)).astype(np.float32)
    rows = np.sqrt(share) * identity[person]
    rows += np.sqrt(1 - share) * rng.normal(size=rows.shape).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), person


def approximate_graph(rows: np.ndarray, k: int) -> NeighbourGraph:
    """Nearest neighbours by an inverted file."""
    quantizer = faiss.IndexFlatIP(rows.shape[1])
    index = faiss.IndexIVFFlat(quantizer, rows.shape[1], 1024, faiss.METRIC_INNER_PRODUCT)
    index.train(rows[:100_000])
    index.add(rows)
    index.nprobe = 8
    similarity, indices = index.search(rows, k + 1)
    own = indices == np.arange(len(rows))[:, None]
    own[~own.any(1), -1] = True
    missing = np.where(indices < 0, (np.arange(len(rows))[:, None] + 1) % len(rows), indices)
    distances = np.clip(1 - similarity, 0, 2)
    return NeighbourGraph(
        missing[~own].reshape(-1, k).astype(np.int32), distances[~own].reshape(-1, k).astype(np.float32)
    )


def main(n: int) -> None:
    rng = np.random.default_rng(0)
    compact, person = synthetic_faces(n, rng)
    config = ClusterConfig()
    graph = approximate_graph(compact, config.k)
    calibration = calibration_of("casia-webface")
    embeddings = np.zeros((n, calibration.basis.shape[1]), np.float32)
    embeddings[:, :DIMENSIONS] = compact
    boxes = np.tile(np.array([0, 0, 100, 100], np.float32), (n, 1))
    faces = VerifyInput(embeddings, np.ones(n, np.float32), np.arange(n), boxes)
    density_clusters(NeighbourGraph(graph.indices[:2] * 0 + 1, graph.distances[:2]), config)  # compile
    began = time.perf_counter()
    labels = density_clusters(graph, config)
    density = time.perf_counter() - began
    groups = verify(faces, graph, labels, config, calibration)
    total = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{n} faces, {person[-1] + 1} persons: density {density:.1f} s, verification {total - density:.1f} s"
    )
    print(f"peak {peak:.2f} GiB, of which the embeddings {embeddings.nbytes / 2**30:.2f} GiB")
    for name, score in (("pairwise", pairwise_scores), ("BCubed", bcubed_scores)):
        print(
            f"{name} F: density {score(person, labels).f:.3f}, verified {score(person, groups.group).f:.3f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
