"""Time and memory of density clustering and verification on many synthetic faces.

    python benchmarks/grouping_scale.py 100000
    python benchmarks/grouping_scale.py 1000000 --workers 2
    python benchmarks/grouping_scale.py 1000000 --undivided

Faces beyond ``ClusterConfig.max_component`` are clustered in components, with so many workers in processes of
their own; ``--undivided`` does not cut the graph. Peaks are those of this process and of its largest worker.
Persons have 1 to some hundred faces (a Zipf law); their embeddings follow the two-covariance model of the
shipped calibration, and so do the strangers of its cohort. The neighbour graph, which is not what is timed,
comes from an approximate search.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace

import faiss
import numpy as np

from photoclust.config import ClusterConfig, EngineConfig
from photoclust.engine.clustering import start_workers
from photoclust.evaluate.scores import bcubed_scores, pairwise_scores
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.calibration.hubness import nearness
from photoclust.people.clustering.density import density_clusters
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import NeighbourGraph

DIMENSIONS = 55  # as many as the calibration says carry the spread of real embeddings


def synthetic_faces(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Compact unit vectors, float32, shape (n, 55), and the person of each."""
    sizes = np.minimum(rng.zipf(1.6, n), 500)
    person = np.repeat(np.arange(n), sizes)[:n]
    share = calibration_of("casia-webface").plain.identity
    identity = rng.normal(size=(person[-1] + 1, DIMENSIONS)).astype(np.float32)
    rows = np.sqrt(share) * identity[person]
    rows += np.sqrt(1 - share) * rng.normal(size=rows.shape).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), person


def knowing_strangers(calibration: Calibration) -> Calibration:
    """The calibration with a cohort of synthetic faces: real ones lie in other directions."""
    strangers = np.random.default_rng(1).normal(size=(2, len(calibration.cohort), DIMENSIONS))
    strangers /= np.linalg.norm(strangers, axis=2, keepdims=True)
    rows = np.zeros((*strangers.shape[:2], calibration.basis.shape[1]), np.float32)
    rows[:, :, :DIMENSIONS] = strangers
    hubness = float(nearness(rows[1], rows[0]).mean())
    return replace(calibration, cohort=rows[0], hubness=hubness)


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faces", type=int, nargs="?", default=100_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--undivided", action="store_true")
    arguments = parser.parse_args()
    n = arguments.faces
    compact, person = synthetic_faces(n, np.random.default_rng(0))
    config = ClusterConfig(max_component=n) if arguments.undivided else ClusterConfig()
    graph = approximate_graph(compact, config.k)
    calibration = knowing_strangers(calibration_of("casia-webface"))
    embeddings = np.zeros((n, calibration.basis.shape[1]), np.float32)
    embeddings[:, :DIMENSIONS] = compact
    boxes = np.tile(np.array([0, 0, 100, 100], np.float32), (n, 1))
    faces = VerifyInput(embeddings, np.ones(n, np.float32), np.arange(n), boxes)
    density_clusters(NeighbourGraph(graph.indices[:2] * 0 + 1, graph.distances[:2]), config)  # compile
    before = _peak(resource.RUSAGE_SELF)
    began = time.perf_counter()
    candidates = candidates_of(faces, graph, config, calibration)
    cut = time.perf_counter() - began
    engine = EngineConfig(kind="local", num_cpus=arguments.workers)
    labels, groups = cluster_faces(candidates, lambda: start_workers(engine))
    seconds = time.perf_counter() - began
    print(f"{n} faces, {person[-1] + 1} persons: {seconds:.1f} s, of which to cut {cut:.1f} s")
    if candidates.component is not None:
        size = np.bincount(candidates.component)
        print(f"{np.count_nonzero(size)} components, the largest of {size.max()} faces")
    print(
        f"peak {_peak(resource.RUSAGE_SELF):.2f} GiB ({before:.2f} before), of a worker "
        f"{_peak(resource.RUSAGE_CHILDREN):.2f} GiB"
    )
    for name, score in (("pairwise", pairwise_scores), ("BCubed", bcubed_scores)):
        print(
            f"{name} F: density {score(person, labels).f:.3f}, verified {score(person, groups.group).f:.3f}"
        )


def _peak(whose: int) -> float:
    return resource.getrusage(whose).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
