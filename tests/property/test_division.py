"""Faces clustered in shares, on however many workers, become what they become together, to the last bit."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import albums, decided

from photoclust.config import ClusterConfig
from photoclust.people.bursts import twins
from photoclust.people.components import bounded_components, shared_out, within
from photoclust.people.constraints import Constraints, resolve
from photoclust.people.density import density_clusters
from photoclust.people.division import Share, Worker, cluster
from photoclust.people.joining import Candidates, joined
from photoclust.people.neighbours import neighbours
from photoclust.people.rounds import Standing, carry_out
from photoclust.people.verify import VerifyInput, candidates_of, settled


class Several:
    """Some workers in this process."""

    def __init__(self, workers: int) -> None:
        self.workers = [Worker() for _ in range(workers)]
        self.taken = 0

    def __len__(self) -> int:
        return len(self.workers)

    def take(self, worker: int, faces: Candidates) -> None:
        self.workers[worker].take(faces)
        self.taken += 1

    def advance(self, told: Standing | None) -> list[Standing | list[Share]]:
        return [worker.advance(told) for worker in self.workers]


@given(st.data(), albums(least=2, most=150), st.integers(2, 60), st.integers(1, 5), st.integers(2, 3))
@settings(deadline=None, max_examples=30)
def test_divided_is_undivided(
    data: st.DataObject, faces: VerifyInput, most: int, workers: int, least: int
) -> None:
    config = ClusterConfig(k=10, min_cluster_size=least, max_component=most)
    graph = neighbours(faces.embeddings, config.k)
    said = data.draw(decided(len(faces)))
    law = resolve(said, [str(row) for row in range(len(faces))], twins(graph)).constraints
    candidates = candidates_of(faces, graph, config, None, law)
    several = Several(workers)
    labels, groups = cluster(candidates, lambda: nullcontext(several))
    assert several.taken == (max(workers, -(-len(faces) // most)) if len(faces) > most else 0)

    whole = density_clusters(candidates.graph, config, candidates.reach)
    together = settled(candidates, carry_out(joined(candidates, whole)))
    np.testing.assert_array_equal(labels, whole)
    np.testing.assert_array_equal(groups.group, together.group)
    np.testing.assert_array_equal(groups.status, together.status)
    assert groups.confidence.tobytes() == together.confidence.tobytes()


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


@given(albums(least=3, most=60))
@settings(deadline=None)
def test_what_is_not_too_large_is_not_cut(faces: VerifyInput) -> None:
    graph = neighbours(faces.embeddings, 10)
    near = graph.distances <= 0.7
    component, _ = bounded_components(graph, len(faces), 0.7, Constraints.none(len(faces)))
    inside = component[graph.indices] == component[:, None]
    assert inside[near].all()
