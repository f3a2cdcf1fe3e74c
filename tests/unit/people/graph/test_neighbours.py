from __future__ import annotations

import numpy as np
import pytest

from photoclust.errors import VectorError
from photoclust.people.graph.neighbours import neighbours
from photoclust.people.graph.updating import update


def unit(n: int, size: int = 8) -> np.ndarray:
    rows = np.random.default_rng(0).normal(size=(n, size))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_fewer_faces_than_k(n: int) -> None:
    graph = neighbours(unit(n), 10)
    assert graph.indices.shape == graph.distances.shape == (n, max(0, n - 1))
    assert graph.indices.dtype == np.int32
    assert graph.distances.dtype == np.float32


def test_identical_faces_are_each_others_neighbours_in_row_order() -> None:
    graph = neighbours(np.tile(unit(1), (100, 1)), 3)
    assert graph.indices[50].tolist() == [0, 1, 2]
    assert graph.indices[1].tolist() == [0, 2, 3]
    assert graph.distances.max() < 1e-6


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_what_is_no_unit_vector_is_refused_with_its_row(value: float) -> None:
    rows = unit(5)
    rows[3] = value
    with pytest.raises(VectorError, match="row 3") as caught:
        neighbours(rows, 2)
    assert caught.value.row == 3


def test_a_bad_new_face_is_refused() -> None:
    rows = unit(6)
    rows[5] = 0
    with pytest.raises(VectorError, match="row 5"):
        update(neighbours(rows[:5], 2), np.arange(5), rows, 2)


def test_a_graph_of_other_faces_or_another_order_is_not_updated() -> None:
    with pytest.raises(ValueError, match="not of 6 faces"):
        update(neighbours(unit(5), 2), np.arange(6), unit(7), 2)
    with pytest.raises(ValueError, match="order"):
        update(neighbours(unit(5), 2), np.arange(5)[::-1], unit(5), 2)


def test_vectors_that_went_through_float16_are_accepted() -> None:
    graph = neighbours(unit(50, 512).astype(np.float16), 5)
    assert graph.distances.min() >= 0
