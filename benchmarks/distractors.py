"""How much 200,000 strangers harm the grouping of labelled people.

    python benchmarks/distractors.py INDEX [200000] [diagonal|full|tied] [COMPONENT]

INDEX holds labelled folders of a thousand people and more. Distractors are drawn from a mixture of normal
distributions, fitted to one face of each person in the 80 directions of greatest variance: 128 with diagonal
covariances, 8 with full ones, or 64 with the same. The first two have real strangers' nearest neighbours, the
first their nearest pairs too, and is the hardest; those of the last are somewhat farther. A single normal
distribution will not do at all. Printed for comparison, of as many drawn faces as there are real people:
quantiles of the distance to the nearest neighbour, the distances that one in so many pairs falls below, and
the median distance to the nearest neighbour among fewer of them, which shows how they close up.

The graph is cut into components of at most COMPONENT faces (`photoclust.people.clustering.components`), by
default none.
"""

from __future__ import annotations

import sys

import numpy as np
from sklearn.mixture import GaussianMixture

from photoclust.config import ClusterConfig
from photoclust.evaluate.scores import bcubed_scores, pairwise_scores
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.extending import comparable
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import labelled_faces

DIRECTIONS = 80
COMPONENTS = {"diagonal": ("diag", 128), "full": ("full", 8), "tied": ("tied", 64)}
FEWER = (100, 200, 400, 800)
QUANTILES, RATES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95), (1e-2, 1e-3, 1e-4, 1e-5)


def distractors(strangers: np.ndarray, n: int, fit: str) -> np.ndarray:
    """Draw n unit vectors from the distribution fitted to `strangers`, one face of each of many people."""
    mean = strangers.mean(0)
    basis = np.linalg.eigh(np.cov(strangers.T))[1][:, -DIRECTIONS:]
    covariance, components = COMPONENTS[fit]
    mixture = GaussianMixture(
        components, covariance_type=covariance, random_state=0, reg_covar=1e-6, max_iter=60
    )
    mixture.fit((strangers - mean) @ basis)
    drawn = np.random.default_rng(0).permutation(mixture.sample(n)[0]) @ basis.T + mean
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def compare(name: str, rows: np.ndarray) -> None:
    distances = 1 - rows @ rows.T
    np.fill_diagonal(distances, np.inf)
    nearest = np.quantile(distances.min(1), QUANTILES).round(3)
    pairs = np.quantile(distances[np.triu_indices(len(rows), 1)], RATES).round(3)
    order = np.random.default_rng(0).permutation(len(rows))
    fewer = [np.median(distances[np.ix_(order[:n], order[:n])].min(1)).round(3) for n in FEWER]
    print(f"{name}: nearest neighbour {nearest}, pairs {pairs}, among fewer {np.array(fewer)}", flush=True)


def among(faces: VerifyInput, strangers: np.ndarray) -> VerifyInput:
    """The faces and, after them, strangers, each in a photo of its own, of the same qualities."""
    n = len(strangers)
    return VerifyInput(
        np.concatenate([faces.embeddings, strangers]),
        np.concatenate([faces.quality, np.random.default_rng(1).choice(faces.quality, n)]),
        np.concatenate([faces.photos, faces.photos.max() + 1 + np.arange(n)]),
        np.concatenate([faces.boxes, np.tile(np.array([0, 0, 100, 100], np.float32), (n, 1))]),
    )


def main(index: str, n: int, fit: str, component: int) -> None:
    store, labelled = IndexStore.open(index), labelled_faces(index, "folders")
    calibration, config = calibration_of(store.settings.embed.model), ClusterConfig(max_component=component)
    table = store.faces(["box", "quality", "embedding"])
    alone = verify_input(table, comparable(face_embeddings(table), table, calibration))
    truth = np.unique(labelled.people, return_inverse=True)[1]
    rows = np.asarray(labelled.rows)
    single = alone.embeddings[rows[np.unique(truth, return_index=True)[1]]]
    drawn = distractors(single.astype(np.float64), n, fit)
    compare("real strangers ", single)
    compare("drawn strangers", drawn[: len(single)])
    for name, faces in (("alone", alone), (f"among {n} distractors", among(alone, drawn))):
        graph = neighbours(faces.embeddings, config.k, "auto")
        group = cluster_faces(candidates_of(faces, graph, config, calibration))[1].group
        pairwise, bcubed = pairwise_scores(truth, group[rows]), bcubed_scores(truth, group[rows])
        print(
            f"{name}: pairwise P {pairwise.precision:.3f} R {pairwise.recall:.3f} F {pairwise.f:.4f}, "
            f"BCubed F {bcubed.f:.4f}; {(group[len(alone) :] >= 0).sum()} distractors in groups",
            flush=True,
        )


if __name__ == "__main__":
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
    fit = sys.argv[3] if len(sys.argv) > 3 else "diagonal"
    main(sys.argv[1], number, fit, int(sys.argv[4]) if len(sys.argv) > 4 else 10**9)
