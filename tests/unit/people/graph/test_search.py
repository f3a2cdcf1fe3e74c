from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from photoclust.people.graph.search import Candidates, search, search_on, search_with_torch


def unit(n: int, size: int = 32) -> np.ndarray:
    rows = np.random.default_rng(n).normal(size=(n, size)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def assert_nothing_nearer_is_left_out(queries: np.ndarray, base: np.ndarray, found: Candidates) -> None:
    products = queries @ base.T
    np.testing.assert_allclose(
        np.take_along_axis(products, found.rows.astype(np.int64), 1), found.similarity, atol=1e-6
    )
    best = -np.sort(-products, axis=1)[:, : found.rows.shape[1]]
    np.testing.assert_allclose(-np.sort(-found.similarity, axis=1), best, atol=1e-6)
    assert all(len(set(line)) == len(line) for line in found.rows.tolist())


@pytest.mark.parametrize("n", [40, 512, 513, 2100])
def test_a_set_among_itself(n: int) -> None:
    rows = unit(n)
    assert_nothing_nearer_is_left_out(rows, rows, search(rows, rows, 30))


def test_similar_rows_that_come_last_are_found() -> None:
    """Whole tiles exceed the floor that earlier ones have left."""
    rows = unit(6000)
    rows[2048:] = rows[0] + 0.01 * rows[2048:]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert_nothing_nearer_is_left_out(rows, rows, search(rows, rows, 30))


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_torch(device: str) -> None:
    queries, base = unit(300), unit(70_000)
    assert_nothing_nearer_is_left_out(queries, base, search_with_torch(queries, base, 30, device))


def test_queries_other_than_the_base() -> None:
    queries, base = unit(50), unit(3000)
    assert_nothing_nearer_is_left_out(queries, base, search(queries, base, 30))


def test_a_small_collection_does_not_wait_for_torch() -> None:
    lines = "import sys", "from photoclust.people.graph.search import search_on", "search_on('auto', 100)"
    code = "\n".join([*lines, "print('torch' in sys.modules)"])
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_the_processor_where_the_caller_says_so() -> None:
    assert search_on("cpu", 10**9) is search
