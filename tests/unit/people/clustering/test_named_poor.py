"""Faces of low quality that were named: they stay with their person, and nobody joins because of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from photoclust.config import ClusterConfig
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.constraints import Constraints
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import Groups, candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours

SIZE, NOISE = 64, 0.6


def faces_of(
    persons: Sequence[int], low: Sequence[int] = (), noise: float = NOISE, seed: int = 0
) -> VerifyInput:
    """A face of each person named, in a photo of its own; some of low quality."""
    rng, n = np.random.default_rng(seed), len(persons)
    identity = rng.normal(size=(max(persons) + 1, SIZE))
    rows = identity[list(persons)] + noise * rng.normal(size=(n, SIZE))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    quality = np.ones(n, np.float32)
    quality[list(low)] = 0.1
    boxes = np.tile(np.array([0, 0, 100, 100], np.float32), (n, 1))
    return VerifyInput(rows.astype(np.float32), quality, np.arange(n), boxes)


def said(n: int, *people: Sequence[int]) -> Constraints:
    """Faces that were put together, each set somebody's."""
    start, members = np.arange(n), np.zeros(n, bool)
    for own in people:
        start[list(own)], members[list(own)] = min(own), True
    return replace(Constraints.none(n), start=start, members=members)


def grouped(faces: VerifyInput, constraints: Constraints | None = None) -> Groups:
    config = ClusterConfig(k=12)
    graph = neighbours(faces.embeddings, config.k)
    candidates = candidates_of(faces, graph, config, calibration_of("any", SIZE), constraints)
    return cluster_faces(candidates)[1]


def test_nobody_joins_a_person_known_by_faces_of_low_quality_alone() -> None:
    faces = faces_of([0] * 9 + [1] * 9, low=range(9), noise=0.1)
    assert (grouped(faces).group[:9] == -1).all(), "too poor to found a person"
    found = grouped(faces, said(18, [0]))
    assert found.group[0] >= 0, "the user said so"
    assert found.confidence[0] == 1
    assert (found.group[1:9] == -1).all()


def test_a_clear_face_does_not_join_a_named_one_of_low_quality() -> None:
    faces = faces_of([0, 0, *range(1, 9)], low=[0], noise=0.1)
    found = grouped(faces, said(10, [0]))
    assert (found.group >= 0).tolist() == [True] + [False] * 9


def test_a_named_face_of_low_quality_joins_whom_it_would_have_joined() -> None:
    faces = faces_of([0] * 9 + [1] * 9, low=[0, 1], noise=0.3)
    before, after = grouped(faces), grouped(faces, said(18, [0, 1]))
    assert len(set(before.group[:9])) == 1
    assert after.group.tolist() == before.group.tolist()


def test_faces_of_low_quality_that_belong_together_go_together() -> None:
    faces = faces_of([0] * 9 + [1] * 9 + [2], low=[0, 18], noise=0.3)
    found = grouped(faces, said(19, [0, 18]))
    assert grouped(faces).group[18] == -1
    assert len({*found.group[:9], found.group[18]}) == 1


@pytest.mark.parametrize("stranger", [1, 5])
def test_a_person_is_the_same_to_others_with_a_named_face_of_low_quality(stranger: int) -> None:
    persons = [0] * 6 + [1] * 6 + [2] * 6
    faces = faces_of([*persons, stranger], low=[18], noise=0.3)
    alone = grouped(faces_of(persons, noise=0.3), said(18, range(6)))
    found = grouped(faces, said(19, [*range(6), 18]))
    assert found.group[18] == found.group[0]
    assert found.group[:18].tolist() == alone.group.tolist()
    assert found.confidence[:6] == pytest.approx(alone.confidence[:6], abs=0.01)


def test_a_junk_face_said_to_be_of_a_person_draws_no_other_junk() -> None:
    faces = faces_of([0] * 3 + [1] * 12, low=range(3, 15), noise=0.05)
    found = grouped(faces, said(15, [*range(3), 3]))
    assert len(set(found.group[:4])) == 1
    assert (found.group[4:] == -1).all()
