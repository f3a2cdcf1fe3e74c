"""The neighbour graph equals a brute-force one, however it was come by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoclust.people.graph.blocks import nearest_in_pieces
from photoclust.people.graph.neighbours import (
    NeighbourGraph,
    cosine_distances,
    merge_neighbours,
    nearest,
    neighbours,
    unit_rows,
)
from photoclust.people.graph.updating import update

SIZE = 16


@st.composite
def faces(draw: st.DrawFn) -> np.ndarray:
    """Unit vectors, many of them equal or nearly so: where ties and rounding bite."""
    n, distinct = draw(st.integers(0, 40)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    centres = rng.normal(size=(distinct, SIZE))
    rows = centres[rng.integers(0, distinct, n)] + rng.choice([0, 1e-7, 1e-3, 1]) * rng.normal(size=(n, SIZE))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def brute_force(rows: np.ndarray, k: int) -> NeighbourGraph:
    unit = unit_rows(rows)
    indices, distances = [], []
    for i, row in enumerate(unit):
        every = cosine_distances(row, unit)
        order = [int(j) for j in np.lexsort((np.arange(len(unit)), every)) if j != i][:k]
        indices.append(order)
        distances.append(every[order])
    shape = (len(rows), max(0, min(k, len(rows) - 1)))
    return NeighbourGraph(
        np.array(indices, np.int32).reshape(shape), np.array(distances, np.float32).reshape(shape)
    )


def assert_same(left: NeighbourGraph, right: NeighbourGraph) -> None:
    np.testing.assert_array_equal(left.indices, right.indices)
    np.testing.assert_array_equal(left.distances, right.distances)


@given(faces(), st.integers(1, 12))
def test_graph_is_exact(rows: np.ndarray, k: int) -> None:
    assert_same(neighbours(rows, k), brute_force(rows, k))


@given(faces(), st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=300)
def test_updating_equals_building_anew(rows: np.ndarray, k: int, seed: int) -> None:
    """Faces come and go a few times, each time anywhere in the order; ties are common."""
    rng = np.random.default_rng(seed)
    there = np.flatnonzero(rng.random(len(rows)) < rng.random())
    graph = neighbours(rows[there], k)
    for _ in range(3):
        chance = np.full(len(rows), rng.random() ** 2)  # to come
        chance[there] = 1 - rng.random() ** 2  # to stay
        after = np.flatnonzero(rng.random(len(rows)) < chance)
        place = np.searchsorted(after, there)
        found = np.isin(there, after)
        graph = update(graph, np.where(found, place, -1), rows[after], k)
        assert_same(graph, brute_force(rows[after], k))
        there = after


@given(faces(), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_distances_do_not_depend_on_the_order_of_faces(rows: np.ndarray, k: int, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(rows))
    np.testing.assert_array_equal(neighbours(rows[order], k).distances, neighbours(rows, k).distances[order])


@given(faces(), st.integers(1, 12))
@settings(deadline=None)
def test_torch_proposes_what_faiss_does(rows: np.ndarray, k: int) -> None:
    assert_same(neighbours(rows, k, device="cpu:0"), neighbours(rows, k))


@given(faces(), st.integers(1, 12), st.integers(1, 40), st.integers(1, 40))
@settings(deadline=None)
def test_lists_of_blocks_merge_into_the_graph(rows: np.ndarray, k: int, height: int, width: int) -> None:
    """Blocks of queries and of the base, of any size and however they overlap."""
    rows, whole = unit_rows(rows), neighbours(rows, k)
    for start in range(0, len(rows), height):
        ids = np.arange(start, min(start + height, len(rows)))
        merged = NeighbourGraph(np.zeros((len(ids), 0), np.int32), np.zeros((len(ids), 0), np.float32))
        for offset in range(0, len(rows), width):
            block = nearest(rows[ids], ids, rows[offset : offset + width], offset, k)
            merged = merge_neighbours(merged, block, min(k, len(rows) - 1))
        assert_same(merged, NeighbourGraph(whole.indices[ids], whole.distances[ids]))


@given(faces(), st.integers(1, 12), st.integers(1, 40), st.integers(0, 40))
@settings(deadline=None)
def test_a_base_in_pieces_gives_the_same(rows: np.ndarray, k: int, width: int, first: int) -> None:
    """Queries are the rows from `first` on; all, some or none of a piece are queries."""
    rows = unit_rows(rows)
    if len(rows) > k:
        ids = np.arange(min(first, len(rows) - 1), len(rows))
        pieces = [(start, rows[start : start + width]) for start in range(0, len(rows), width)]
        assert_same(nearest_in_pieces(rows[ids], ids, pieces, k), nearest(rows[ids], ids, rows, 0, k))


@given(faces(), st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_faces_compared_a_few_at_once_give_the_same(rows: np.ndarray, k: int, few: int, seed: int) -> None:
    """Where a graph is extended, and where many are compared with some others."""
    rng = np.random.default_rng(seed)
    old = np.flatnonzero(rng.random(len(rows)) < 0.7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("photoclust.people.graph.neighbours._MOST", few)
        patch.setattr("photoclust.people.graph.updating._AT_ONCE", few)
        assert_same(update(neighbours(rows[old], k), old, rows, k), neighbours(rows, k))


def crowd(size: int) -> np.ndarray:
    """5,000 unit vectors, more than a tile holds; every 50th is the same."""
    rows = np.random.default_rng(0).normal(size=(5000, size)).astype(np.float32)
    rows[::50] = rows[0]
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("device", ["cpu:0", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_graph_does_not_depend_on_the_device(device: str) -> None:
    assert_same(neighbours(crowd(128), 10, device), neighbours(crowd(128), 10))


@pytest.mark.parametrize("threads", [1, 2])
def test_graph_does_not_depend_on_threads(threads: int) -> None:
    import faiss

    rows = crowd(SIZE)
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        graph = neighbours(rows, 10)
    finally:
        faiss.omp_set_num_threads(before)
    sample = np.arange(0, 5000, 500)
    for i in sample:
        every = cosine_distances(unit_rows(rows)[i], unit_rows(rows))
        every[i] = np.inf
        np.testing.assert_array_equal(graph.indices[i], np.lexsort((np.arange(5000), every))[:10])
