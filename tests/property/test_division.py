"""Faces clustered in shares, on however many workers, become what they become together, to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import albums, decided

from photoclust.config import ClusterConfig
from photoclust.engine.clustering import LostError, RestartingPool
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.components import bounded_components, shared_out, within
from photoclust.people.clustering.constraints import Constraints
from photoclust.people.clustering.division import TakeShare, Worker, cluster_faces
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.decisions.resolving import resolve
from photoclust.people.graph.near_duplicates import near_duplicates
from photoclust.people.graph.neighbours import neighbours

STRANGERS = np.random.default_rng(0).normal(size=(256, 55)).astype(np.float32)
STRANGERS /= np.linalg.norm(STRANGERS, axis=1, keepdims=True)
KNOWING_STRANGERS = replace(calibration_of(), cohort=STRANGERS)


class Several:
    """Some workers in this process."""

    def __init__(self, workers: int) -> None:
        self.workers = [Worker() for _ in range(workers)]
        self.taken = 0

    def __len__(self) -> int:
        return len(self.workers)

    def take(self, worker: int, share: TakeShare) -> None:
        self.workers[worker].take(share())
        self.taken += 1

    def each(self, call: str, *arguments: object) -> list[Any]:
        return [getattr(worker, call)(*arguments) for worker in self.workers]


class Mortal:
    """A worker in this process that is gone, with all it knew, once it was asked so often."""

    def __init__(self, asked: float) -> None:
        self.worker, self.left = Worker(), asked

    def ask(self, call: str, *arguments: object) -> Callable[[], Any]:
        self.left -= 1
        if self.left < 0:
            return self.lost
        answer = getattr(self.worker, call)(*arguments)
        return lambda: answer

    def lost(self) -> None:
        raise LostError


@given(st.data(), albums(least=2, most=150), st.integers(2, 60), st.integers(1, 5), st.integers(2, 3))
@settings(deadline=None, max_examples=30)
def test_divided_is_undivided(
    data: st.DataObject, faces: VerifyInput, most: int, workers: int, least: int
) -> None:
    config = ClusterConfig(k=10, min_cluster_size=least, max_component=most)
    graph = neighbours(faces.embeddings, config.k)
    said = data.draw(decided(len(faces)))
    constraints = resolve(said, [str(row) for row in range(len(faces))], near_duplicates(graph)).constraints
    calibration = data.draw(st.sampled_from([calibration_of(), KNOWING_STRANGERS]))
    candidates = candidates_of(faces, graph, config, calibration, constraints)
    several = Several(workers)
    labels, groups = cluster_faces(candidates, lambda: nullcontext(several))
    assert several.taken == (max(workers, -(-len(faces) // most)) if len(faces) > most else 0)

    whole, together = cluster_faces(replace(candidates, component=None))
    np.testing.assert_array_equal(labels, whole)
    np.testing.assert_array_equal(groups.group, together.group)
    np.testing.assert_array_equal(groups.status, together.status)
    assert groups.confidence.tobytes() == together.confidence.tobytes()


@given(albums(least=2, most=150), st.integers(2, 60), st.lists(st.integers(0, 12), min_size=1, max_size=4))
@settings(deadline=None, max_examples=30)
def test_what_lost_workers_did_is_done_again(faces: VerifyInput, most: int, asked: list[int]) -> None:
    config = ClusterConfig(k=10, max_component=most)
    candidates = candidates_of(faces, neighbours(faces.embeddings, config.k), config)
    lasting = RestartingPool(lambda again: Mortal(math.inf if again else asked.pop()), len(asked))
    labels, groups = cluster_faces(candidates, lambda: nullcontext(lasting))
    whole_labels, whole = cluster_faces(candidates)
    np.testing.assert_array_equal(labels, whole_labels)
    np.testing.assert_array_equal(groups.group, whole.group)
    assert groups.confidence.tobytes() == whole.confidence.tobytes()


@given(albums(least=2, most=150), st.integers(2, 40), st.integers(1, 8))
@settings(deadline=None)
def test_components_are_small_and_no_edge_leaves_them(faces: VerifyInput, most: int, shares: int) -> None:
    graph = neighbours(faces.embeddings, 10)
    component, _ = bounded_components(graph, most, 0.7, Constraints.none(len(faces)))
    assert np.bincount(component).max() <= most
    cut = within(graph, component)
    np.testing.assert_array_equal(
        component[cut.indices], np.broadcast_to(component[:, None], cut.indices.shape)
    )
    inside = component[graph.indices] == component[:, None]
    np.testing.assert_array_equal(cut.indices[inside], graph.indices[inside])

    rows = shared_out(component, shares)
    assert sorted(np.concatenate(rows).tolist()) == list(range(len(faces)))
    homes = [set(component[own].tolist()) for own in rows]
    assert sum(map(len, homes)) == len(np.unique(component))


@given(faces=albums(), most=st.integers(2, 20), few=st.integers(1, 5))
@settings(deadline=None)
def test_faces_looked_at_a_few_at_once_are_in_the_same_groups(
    faces: VerifyInput, most: int, few: int
) -> None:
    config = ClusterConfig(k=8, max_component=most)

    def grouped() -> list[np.ndarray]:
        labels, groups = cluster_faces(candidates_of(faces, neighbours(faces.embeddings, 8), config))
        return [labels, *vars(groups).values()]

    at_once = grouped()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("membership._FACES", "components._FACES", "context._AT_ONCE"):
            patch.setattr(f"photoclust.people.clustering.{name}", few)
        for one, other in zip(at_once, grouped(), strict=True):
            np.testing.assert_array_equal(one, other)


@given(albums(least=3, most=60))
@settings(deadline=None)
def test_what_is_not_too_large_is_not_cut(faces: VerifyInput) -> None:
    graph = neighbours(faces.embeddings, 10)
    near = graph.distances <= 0.7
    component, _ = bounded_components(graph, len(faces), 0.7, Constraints.none(len(faces)))
    inside = component[graph.indices] == component[:, None]
    assert inside[near].all()
