"""Density clusters with the neighbour search, against plain hdbscan on the same vectors, in one run.

    python benchmarks/hdbscan_vs.py INDEX [10000]

The faces of INDEX, made up to so many by synthetic people: identities from a normal distribution fitted to
the faces, one to some dozens of photos each (a Zipf law), spread about them as the calibration says photos of
a person are. They are compared in all of their 512 dimensions, and in the directions that the calibration
keeps, as `photoclust run` does; ours is timed with the projection. Ours is the best of three turns, with the
kernels compiled before: that takes some ten seconds, once for a machine.

Where `min_samples` is 2 or more, mutual reachability distances tie (whole neighbourhoods share a core
distance), and which of the tied edges comes first decides some of the labels. How much is told by plain
hdbscan on the same vectors in another order; with `min_samples` 1 nothing ties. Faces that are nobody's count
as groups of their own, as everywhere here; the index with all of them as one group is told too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace

import hdbscan
import numpy as np
from sklearn.metrics import adjusted_rand_score

from photoclust.config import ClusterConfig
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.density import density_clusters
from photoclust.people.graph.neighbours import neighbours, unit_rows
from photoclust.records import face_embeddings

TIED = 4000  # rows of the closer look
TURNS = 3


def made_up(real: np.ndarray, n: int, identity: float) -> np.ndarray:
    """Unit vectors of people like those whose faces are given."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(n), np.minimum(rng.zipf(1.6, n), 50))[:n]
    root = np.linalg.cholesky(np.cov(real.T) + 1e-9 * np.eye(real.shape[1]))
    who, how = rng.normal(size=(person[-1] + 1, len(root))), rng.normal(size=(n, len(root)))
    rows = (identity**0.5 * who[person] + (1 - identity) ** 0.5 * how) @ root.T
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def agreement(one: np.ndarray, other: np.ndarray) -> str:
    """Adjusted Rand index of two labellings."""
    alone = (np.where(labels < 0, -1 - np.arange(len(labels)), labels) for labels in (one, other))
    return (
        f"{adjusted_rand_score(*alone):.4f} ({adjusted_rand_score(one, other):.4f} with noise as one group)"
    )


def plain_labels(rows: np.ndarray, min_samples: int) -> np.ndarray:
    """Labels of the hdbscan package, on the vectors themselves."""
    return hdbscan.HDBSCAN(min_cluster_size=2, min_samples=min_samples).fit_predict(rows)


def labels_of(rows: np.ndarray, min_samples: int) -> np.ndarray:
    """Ours, neighbour search included."""
    config = ClusterConfig(min_samples=min_samples)
    return density_clusters(neighbours(rows, config.k), config)


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """What it gives, and its seconds."""
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def compared(name: str, rows: np.ndarray, made: Callable[[], np.ndarray]) -> None:
    """Ours, with what makes the rows, against plain hdbscan on the same rows."""
    plain, theirs = timed(lambda: plain_labels(rows, 2))
    labels, ours = min((timed(lambda: labels_of(made(), 2)) for _ in range(TURNS)), key=lambda turn: turn[1])
    print(f"{name}, {rows.shape[1]}: hdbscan {theirs:.1f} s, ours {ours:.3f} s, {theirs / ours:.0f} times")
    print(f"  adjusted Rand index {agreement(plain, labels)}", flush=True)


def ties(rows: np.ndarray) -> None:
    """How much the order of the rows decides, and how well both agree where it decides nothing."""
    order = np.random.default_rng(0).permutation(len(rows))
    again = np.empty(len(rows), np.int64)
    again[order] = plain_labels(rows[order], 2)
    print(f"of {len(rows)}: hdbscan with itself, rows shuffled: {agreement(plain_labels(rows, 2), again)}")
    print(f"of {len(rows)}: without ties: {agreement(plain_labels(rows, 1), labels_of(rows, 1))}")


def main(index: str, n: int) -> None:
    store = IndexStore.open(index)
    calibration = calibration_of(store.settings.embed.model)
    real = unit_rows(face_embeddings(store.faces(["embedding"]))) - calibration.mean
    real = unit_rows(real / np.linalg.norm(real, axis=1, keepdims=True))[:n]
    rows = np.concatenate([real, made_up(real, n - len(real), calibration.plain.identity)])
    shipped = replace(calibration, mean=np.zeros_like(calibration.mean))  # it is taken away already
    labels_of(rows[:100], 2)  # compile
    print(f"{len(real)} faces and {len(rows) - len(real)} made up")
    compared("all dimensions", rows, lambda: rows)
    compared("the directions kept", shipped.centred(rows), lambda: shipped.centred(rows))
    ties(rows[:TIED])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
