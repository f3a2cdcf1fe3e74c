"""The way between two faces: no other has a shorter longest step."""

from __future__ import annotations

import numpy as np
import pytest

from photoclust.config import ClusterConfig
from photoclust.people.clustering.density import density_tree
from photoclust.people.graph.neighbours import NeighbourGraph, neighbours
from photoclust.people.identity.explain import meeting_distance, minimax_way


@pytest.fixture(params=range(5))
def graph(request: pytest.FixtureRequest) -> NeighbourGraph:
    rng = np.random.default_rng(request.param)
    rows = rng.normal(size=(40, 8))
    rows[1] = rows[0]
    return neighbours(rows / np.linalg.norm(rows, axis=1, keepdims=True), 5)


def bottlenecks(graph: NeighbourGraph) -> np.ndarray:
    """Longest step of the best way between any two faces, by the recurrence of Floyd and Warshall."""
    best = np.full((len(graph), len(graph)), np.inf)
    for row in range(len(graph)):
        for other, distance in zip(graph.indices[row], graph.distances[row], strict=True):
            best[row, other] = best[other, row] = distance
    for middle in range(len(graph)):
        best = np.minimum(best, np.maximum(best[:, [middle]], best[[middle]]))
    return best


def test_no_way_has_a_shorter_longest_step(graph: NeighbourGraph) -> None:
    best = bottlenecks(graph)
    for end in range(1, len(graph)):
        way = minimax_way(graph, 0, end)
        if way is None:
            assert best[0, end] == np.inf
            continue
        assert (way.rows[0], way.rows[-1]) == (0, end)
        assert max(way.distances) == pytest.approx(best[0, end])
        assert way.distances[way.weakest] == max(way.distances)
        for one, other, step in zip(way.rows, way.rows[1:], way.distances, strict=False):
            known = dict(zip(graph.indices[one], graph.distances[one], strict=True))
            known_back = dict(zip(graph.indices[other], graph.distances[other], strict=True))
            assert step == pytest.approx(float(known.get(other, known_back.get(one))))


def test_identical_faces_are_one_step_of_nothing_apart(graph: NeighbourGraph) -> None:
    way = minimax_way(graph, 0, 1)
    assert way is not None
    assert way.distances == pytest.approx((0.0,), abs=1e-6)


def test_islands_have_no_way_between_them() -> None:
    rows = np.repeat(np.eye(2, 4), 3, axis=0)
    islands = neighbours(rows, 2)
    assert minimax_way(islands, 0, 3) is None
    assert minimax_way(islands, 2, 2) is None


def test_faces_of_a_cluster_meet_before_those_of_two() -> None:
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(2, 16)), 6, axis=0) + 0.2 * rng.normal(size=(12, 16))
    tree = density_tree(
        neighbours(rows / np.linalg.norm(rows, axis=1, keepdims=True), 11), ClusterConfig(k=11)
    )
    near, far = meeting_distance(tree, 0, 1), meeting_distance(tree, 0, 7)
    assert near is not None
    assert far is not None
    assert near < far <= 2
