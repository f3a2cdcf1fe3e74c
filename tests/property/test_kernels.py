"""Compiled loops give what plain definitions give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoclust.people.graph import neighbours as module
from photoclust.people.graph.forest import spanning_forest
from photoclust.people.graph.neighbours import cosine_distances, neighbours
from photoclust.people.graph.search import search

TIE = 1e-6


def unit(n: int, size: int, distinct: int, seed: int) -> np.ndarray:
    """Unit vectors, some of them equal."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(distinct, size))[rng.integers(0, distinct, n)]
    rows += rng.choice([0, 1e-3, 1]) * rng.normal(size=(n, size))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def kruskal(indices: np.ndarray, distances: np.ndarray, core: np.ndarray) -> list[tuple[float, int, int]]:
    """Minimum spanning forest by the textbook: the shortest edges that close no circle, in order."""
    length = np.sqrt(2 * distances.astype(np.float64))
    reach = np.maximum(np.maximum(core[:, None], core[indices]), length) + TIE * length
    ends = [(i, int(j)) for i, line in enumerate(indices) for j in line]
    edges = sorted({(float(r), min(e), max(e)) for r, e in zip(reach.ravel(), ends, strict=True)})
    tree, found = list(range(len(indices))), []
    for edge in edges:
        one, other = tree[edge[1]], tree[edge[2]]
        if one != other:
            found.append(edge)
            tree = [one if of == other else of for of in tree]
    return found


@given(st.integers(2, 40), st.integers(1, 8), st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_spanning_forest_is_kruskals(n: int, k: int, distinct: int, seed: int) -> None:
    """Many edges tie, and where neighbours are few the graph is not connected."""
    graph = neighbours(unit(n, 3, distinct, seed), k)
    core = np.sqrt(2 * graph.distances[:, min(2, graph.distances.shape[1]) - 1].astype(np.float64))
    edges, component = spanning_forest(graph.indices, graph.distances, core, TIE)
    expected = kruskal(graph.indices, graph.distances, core)
    assert sorted((w, int(u), int(v)) for u, v, w in edges.tolist()) == expected
    assert len(np.unique(component)) == n - len(expected)
    assert all(component[int(u)] == component[int(v)] for u, v, _ in edges.tolist())


@given(st.integers(1, 600), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_a_distance_is_that_of_float64_whichever_face_comes_first(size: int, seed: int) -> None:
    left, right = unit(10, size, 10, seed), unit(10, size, 10, seed + 1)
    plain = 1 - np.einsum("ij,ij->i", left, right, dtype=np.float64)
    np.testing.assert_allclose(cosine_distances(left, right), plain, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(cosine_distances(left, right), cosine_distances(right, left))


@given(st.integers(1, 200), st.integers(1, 60), st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_candidates_are_the_most_similar(n: int, width: int, distinct: int, seed: int) -> None:
    """Equal and negative similarities among them; of a set with itself, and with its copy."""
    rows = unit(n, 4, distinct, seed)
    width = min(width, n)
    best = -np.sort(-(rows @ rows.T), axis=1)[:, :width]
    for base in (rows, rows.copy()):
        found = search(rows, base, width)
        np.testing.assert_allclose(-np.sort(-found.similarity, axis=1), best, atol=1e-6)
        assert all(len(set(line)) == width for line in found.rows.tolist())


@given(
    st.integers(1, 150),
    st.integers(1, 140),
    st.integers(1, 40),
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_few_rows_give_what_kernels_give(n: int, size: int, k: int, distinct: int, seed: int) -> None:
    """Bit for bit, ties included."""
    rows = unit(n, size, distinct, seed)
    found, apart = neighbours(rows, k), cosine_distances(rows, rows[::-1])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "PAIRS", 0)
        patched.setattr(module, "_FEW_TERMS", 0)
        compiled, compiled_apart = neighbours(rows, k), cosine_distances(rows, rows[::-1])
    np.testing.assert_array_equal(found.indices, compiled.indices)
    np.testing.assert_array_equal(found.distances, compiled.distances)
    np.testing.assert_array_equal(apart, compiled_apart)
