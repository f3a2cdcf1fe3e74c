"""Whoever resembles many people needs more evidence to be one of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.clustering.agglomerate import Pairs, Partition
from photoclust.people.clustering.context import Context
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.required import evidence_for_groups
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours

SIZE = 55


def directions(n: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, SIZE))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def knowing_strangers() -> Calibration:
    return replace(calibration_of(), cohort=directions(256, 9))


def context_of(rows: np.ndarray) -> tuple[Context, np.ndarray]:
    """Context of single faces of which each may be near each, and how similar they are."""
    n = len(rows)
    sums = np.column_stack([rows, np.zeros(n, np.float32)])
    partition = Partition.of(np.arange(n), Exclusions.none(), np.full(n, -1), sums)
    left, right = np.triu_indices(n, 1)
    pairs = Pairs(left, right, np.zeros(len(left)))
    return Context.of(partition, pairs, knowing_strangers()), rows @ rows.T


def about(middle: np.ndarray, n: int, similarity: float, seed: int) -> np.ndarray:
    """Unit vectors of that similarity to one, otherwise as different as strangers."""
    away = directions(n, seed)
    away -= (away @ middle)[:, None] * middle
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return (similarity * middle + np.sqrt(1 - similarity**2) * away).astype(np.float32)


def test_little_is_held_against_who_has_nobody_near() -> None:
    context, similarity = context_of(directions(30, 0))
    one, other = np.triu_indices(30, 1)
    assert np.median(context.against(one, similarity[one, other].astype(np.float64))) < 2


def test_it_is_held_against_a_face_how_much_nearer_others_are_than_strangers() -> None:
    middle = directions(1, 0)[0]
    rows = np.concatenate([[middle], about(middle, 9, 0.7, 1)])
    context, similarity = context_of(rows)
    found = context.against(np.zeros(1, int), similarity[:1, 1].astype(np.float64))
    strangers = np.sort(knowing_strangers().cohort @ middle)[-8:].mean()
    np.testing.assert_allclose(found, 30 * (0.7 - strangers), atol=0.05)


def test_one_other_who_is_near_is_held_against_a_face() -> None:
    middle = directions(1, 0)[0]
    rows = np.concatenate([[middle], about(middle, 2, 0.8, 1), directions(20, 2)])
    context, similarity = context_of(rows)
    found = context.against(np.zeros(1, int), similarity[:1, 1].astype(np.float64))[0]
    assert found > 10 * (0.8 - similarity[0, 3:].max())


def test_the_one_that_may_be_joined_does_not_count() -> None:
    """Little is held against a face that is near one person alone."""
    middle = directions(1, 0)[0]
    rows = np.concatenate([[middle], about(middle, 1, 0.9, 1), directions(20, 2)])
    context, similarity = context_of(rows)
    assert context.against(np.zeros(1, int), similarity[:1, 1].astype(np.float64))[0] < 2
    assert context.against(np.zeros(1, int), np.array([0.0]))[0] > 5


def test_a_model_without_strangers_has_a_context_as_well() -> None:
    nearest = calibration_of().nearest_strangers(directions(5, 0))
    assert nearest.shape == (5, 8)
    assert (nearest == nearest[0, 0]).all()
    assert 0.3 < nearest[0, 0] < 0.45


def test_more_faces_and_a_smaller_rate_ask_for_more() -> None:
    assert evidence_for_groups(1e6, 0.01) > evidence_for_groups(100, 0.01)
    assert evidence_for_groups(100, 0.001) > evidence_for_groups(100, 0.01)


def test_a_stranger_among_lookalikes_is_nobody() -> None:
    """The same face is taken for somebody where nobody else is near."""
    middle, seed = directions(1, 0)[0], 7
    person = about(middle, 12, 0.9, 1)
    face = about(middle, 1, 0.62, 2)
    crowd = about(face[0], 14, 0.62, 3)
    config = ClusterConfig(k=12)

    def group(*parts: np.ndarray) -> np.ndarray:
        rows = np.concatenate([*parts, directions(20, seed)])
        n = len(rows)
        boxes = np.tile(np.array([0, 0, 100, 100], np.float32), (n, 1))
        faces = VerifyInput(rows, np.ones(n, np.float32), np.arange(n), boxes)
        graph = neighbours(rows, config.k)
        return cluster_faces(candidates_of(faces, graph, config))[1].group

    alone, crowded = group(person, face), group(person, face, crowd)
    assert (alone[:12] == alone[0]).all()
    assert alone[12] == alone[0]
    assert crowded[12] != crowded[0]
