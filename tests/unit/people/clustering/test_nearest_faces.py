"""How near the faces of a group are to those of another that resemble them most."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.people.clustering import nearest_faces as module
from photoclust.people.clustering.nearest_faces import nearest_faces

NOBODY = -1


def faces(n: int, seed: int = 0) -> np.ndarray:
    """Score-normalised embeddings: unit rows and a column that takes no part."""
    rows = np.random.default_rng(seed).normal(size=(n, 16))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.column_stack([rows, np.full(n, 9.0)]).astype(np.float32)


def looked_at_one_by_one(rows: np.ndarray, group: np.ndarray, one: int, other: int) -> float:
    similarity = rows[group == one, :-1] @ rows[group == other, :-1].T
    return float(np.sort(similarity, axis=1)[:, -3:].mean(axis=1).mean())


@given(st.lists(st.integers(NOBODY, 4), min_size=5, max_size=40), st.integers(1, 7), st.integers(1, 30))
def test_each_face_counts_with_the_three_nearest_to_it(drawn: list[int], block: int, at_once: int) -> None:
    group = np.array([*drawn, 0, 1, 2, 3, 4])
    rows = faces(len(group))
    one, other = np.array([0, 3, 1, 0]), np.array([1, 2, 0, 4])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        patch.setattr(module, "_SORTED", at_once)
        found = nearest_faces(rows, group, one, other)
    wanted = [looked_at_one_by_one(rows, group, *pair) for pair in zip(one, other, strict=True)]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_faces_of_nobody_take_no_part() -> None:
    rows, group = faces(6), np.array([0, 0, NOBODY, 1, 1, NOBODY])
    found = nearest_faces(rows, group, np.array([0]), np.array([1]))
    assert found[0] == pytest.approx(looked_at_one_by_one(rows, group, 0, 1))


def test_of_a_large_group_some_faces_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 4)
    rows, group = faces(13), np.array([0] * 8 + [1] * 5)
    some = np.where(np.isin(np.arange(13), [1, 3, 5, 7]), NOBODY, group)
    found = nearest_faces(rows, group, np.array([0, 1]), np.array([1, 0]))
    assert found[0] == pytest.approx(looked_at_one_by_one(rows, some, 0, 1), abs=1e-6)


def test_no_pairs_give_no_similarity() -> None:
    nothing = np.zeros(0, np.int64)
    assert nearest_faces(faces(3), np.zeros(3, np.int64), nothing, nothing).shape == (0,)
