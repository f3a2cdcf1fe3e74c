from __future__ import annotations

import hdbscan
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from photoclust.config import ClusterConfig
from photoclust.people.clustering.condensed import clusters_of_tree
from photoclust.people.clustering.density import density_clusters, density_tree
from photoclust.people.graph.neighbours import neighbours


def people(persons: int, seed: int, noise: float = 0.06, size: int = 64) -> np.ndarray:
    """Unit vectors about `persons` centres, two to a dozen each."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(persons, size))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    rows = np.repeat(centres, rng.integers(2, 13, persons), axis=0)
    rows = rows + noise * rng.normal(size=rows.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_sparse_path_agrees_with_plain_hdbscan_on_raw_vectors(seed: int) -> None:
    rows = people(60, seed)
    config = ClusterConfig(k=40)
    plain = hdbscan.HDBSCAN(min_cluster_size=2, min_samples=2).fit_predict(rows)
    labels = density_clusters(neighbours(rows, config.k), config)
    assert adjusted_rand_score(plain, labels) >= 0.99


def test_a_disconnected_graph_is_clustered() -> None:
    rows = np.concatenate([people(3, 0), -people(3, 0)])
    labels = density_clusters(neighbours(rows, 3), ClusterConfig(k=3))
    assert len(set(labels[labels >= 0])) >= 2


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_a_handful_of_faces(n: int) -> None:
    tree = density_tree(neighbours(people(3, 0)[:n], 40), ClusterConfig())
    assert tree.labels.shape == (n,)
    assert tree.labels.dtype == np.int32


def test_identical_faces() -> None:
    rows = np.tile(people(1, 0)[:1], (50, 1))
    assert density_clusters(neighbours(rows, 40), ClusterConfig()).shape == (50,)


def test_condensed_tree_accounts_for_every_face() -> None:
    rows = people(10, 0)
    tree = density_tree(neighbours(rows, 40), ClusterConfig())
    assert set(range(len(rows))) <= set(tree.condensed["child"].tolist())


def test_the_same_labels_every_time() -> None:
    graph = neighbours(people(40, 1), 40)
    first = density_clusters(graph, ClusterConfig())
    np.testing.assert_array_equal(first, density_clusters(graph, ClusterConfig()))


def test_the_order_of_the_faces_decides_nothing() -> None:
    rows = people(60, 2, noise=0.12)
    order = np.random.default_rng(0).permutation(len(rows))
    straight, shuffled = (density_clusters(neighbours(r, 40), ClusterConfig()) for r in (rows, rows[order]))
    assert adjusted_rand_score(straight[order], shuffled) == 1


def test_faces_infinitely_far_apart_are_noise_and_no_cluster() -> None:
    """Clusters that only infinite distances hold together have faces of no density."""
    tree = np.array([[0, 1, 0.1], [1, 2, 0.2], [2, 3, np.inf], [3, 4, np.inf], [4, 5, np.inf], [5, 6, 0.1]])
    labels = clusters_of_tree(tree, 2)[0]
    assert labels[0] == labels[1] == labels[2] >= 0
    assert labels[5] == labels[6] >= 0
    assert labels[0] != labels[5]
    assert labels[3] == labels[4] == -1
