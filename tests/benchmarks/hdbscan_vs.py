"""Density clusters with the neighbour search, against plain hdbscan on the same vectors, in one run.

    python tests/benchmarks/hdbscan_vs.py INDEX [10000]

The faces of INDEX, made up to so many by synthetic people: identities from a normal distribution fitted to
the faces, one to some dozens of photos each (a Zipf law), spread about them as the calibration says photos of
a person are. All have 512 dimensions.
"""

from __future__ import annotations

import sys
import time

import hdbscan
import numpy as np
from sklearn.metrics import adjusted_rand_score

from photoclust.config import ClusterConfig
from photoclust.index.store import IndexStore
from photoclust.people.calibration import calibration_of
from photoclust.people.density import density_clusters
from photoclust.people.neighbours import neighbours, unit_rows
from photoclust.records import face_embeddings


def made_up(real: np.ndarray, n: int, identity: float) -> np.ndarray:
    """Unit vectors of people like those whose faces are given."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(n), np.minimum(rng.zipf(1.6, n), 50))[:n]
    root = np.linalg.cholesky(np.cov(real.T) + 1e-9 * np.eye(real.shape[1]))
    who, how = rng.normal(size=(person[-1] + 1, len(root))), rng.normal(size=(n, len(root)))
    rows = (identity**0.5 * who[person] + (1 - identity) ** 0.5 * how) @ root.T
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def main(index: str, n: int) -> None:
    store, config = IndexStore.open(index), ClusterConfig()
    calibration = calibration_of(store.settings.embed.model)
    real = unit_rows(face_embeddings(store.faces(["embedding"]))) - calibration.mean
    real = unit_rows(real / np.linalg.norm(real, axis=1, keepdims=True))[:n]
    rows = np.concatenate([real, made_up(real, n - len(real), calibration.identity)])
    density_clusters(neighbours(rows[:100], config.k), config)  # compile
    began = time.perf_counter()
    labels = density_clusters(neighbours(rows, config.k), config)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    plain = hdbscan.HDBSCAN(
        min_cluster_size=config.min_cluster_size, min_samples=config.min_samples
    ).fit_predict(rows)
    theirs = time.perf_counter() - began
    print(f"{len(real)} faces and {len(rows) - len(real)} made up, {rows.shape[1]} dimensions")
    print(f"photoclust {ours:.2f} s, hdbscan {theirs:.1f} s: {theirs / ours:.0f} times")
    print(f"adjusted Rand index {adjusted_rand_score(plain, labels):.4f}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
