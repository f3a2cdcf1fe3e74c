from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import faiss
import numpy as np
import pytest

from photoclust.people.graph.approximate import WANTED, ApproximateSearch, recall
from photoclust.people.graph.neighbours import NeighbourGraph, nearest, neighbours, unit_rows
from photoclust.people.graph.updating import update

K = 10


@contextmanager
def silent(_total: int) -> Generator[Callable[[int], None]]:
    yield lambda done: None


def people(n: int, seed: int = 0) -> np.ndarray:
    """Unit vectors in 24 dimensions of people with about ten photos each."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n // 10 + 1, 24))[rng.integers(0, n // 10 + 1, n)] + 0.5 * rng.normal(
        size=(n, 24)
    )
    return unit_rows(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def approximate(begin: int) -> ApproximateSearch:
    return ApproximateSearch(nearest, begin, silent)


def assert_same(left: NeighbourGraph, right: NeighbourGraph) -> None:
    np.testing.assert_array_equal(left.indices, right.indices)
    np.testing.assert_array_equal(left.distances, right.distances)


def test_most_of_the_true_neighbours_are_found_and_how_many_is_measured() -> None:
    rows = people(6000)
    graph, exact = neighbours(rows, K, search=approximate(1000)), neighbours(rows, K)
    found = (graph.distances <= exact.distances[:, -1:]).mean()
    assert graph.approximate
    assert not exact.approximate
    assert WANTED - 0.02 < found < 1  # that some are missed says that the search is none of all with all
    assert recall(graph, rows) == pytest.approx(found, abs=0.01)
    assert recall(exact, rows) == 1


def test_what_is_found_has_its_exact_distance_in_order_and_never_itself() -> None:
    rows = people(2000)
    graph = neighbours(rows, K, search=approximate(100))
    exact = nearest(rows, np.arange(2000), rows, 0, 1999)
    for row in range(0, 2000, 97):
        place = np.flatnonzero(np.isin(exact.indices[row], graph.indices[row]))
        np.testing.assert_array_equal(exact.indices[row][place], graph.indices[row])
        np.testing.assert_array_equal(exact.distances[row][place], graph.distances[row])


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_decide_nothing(threads: int) -> None:
    rows, before = people(3000), faiss.omp_get_max_threads()
    first = neighbours(rows, K, search=approximate(100))
    faiss.omp_set_num_threads(threads)
    try:
        assert_same(neighbours(rows, K, search=approximate(100)), first)
    finally:
        faiss.omp_set_num_threads(before)


def test_fewer_faces_are_compared_exactly() -> None:
    rows = people(500)
    graph = neighbours(rows, K, search=approximate(501))
    assert not graph.approximate
    assert_same(graph, neighbours(rows, K))


def test_a_graph_that_new_faces_have_come_to_stays_approximate() -> None:
    """The new are compared exactly, since they are few; what had been missed among the old stays missed."""
    rows = people(3000)
    old = neighbours(rows[:2900], K, search=approximate(1000))
    graph = update(old, np.arange(2900), rows, K, search=approximate(1000))
    assert graph.approximate
    assert_same(
        NeighbourGraph(graph.indices[2900:], graph.distances[2900:]),
        nearest(rows[2900:], np.arange(2900, 3000), rows, 0, K),
    )
    assert recall(graph, rows) >= recall(old, rows[:2900]) - 0.01


@pytest.mark.parametrize("n", [12, 40, 200])
def test_identical_faces(n: int) -> None:
    """Lists hold too few, or all, of them."""
    graph = neighbours(np.tile(people(1), (n, 1)), K, search=approximate(1))
    assert graph.distances.max() < 1e-6
    assert (graph.indices != np.arange(n)[:, None]).all()
    assert all(len(set(line)) == K for line in graph.indices.tolist())
