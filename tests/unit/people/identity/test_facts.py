"""Facts about people: each equal to its definition worked out face by face."""

from __future__ import annotations

import numpy as np
import pytest

from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.hubness import ANY_PHOTO
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.graph.neighbours import neighbours
from photoclust.people.identity.facts import Facts, facts_of
from photoclust.people.identity.near import Grouped, Near

CALIBRATION = calibration_of("some other model", 64)


def made_up(sizes: tuple[int, ...], alone: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of groups of these sizes, and of faces that are in none; in no order."""
    rng = np.random.default_rng(seed)
    group = np.concatenate([np.repeat(np.arange(len(sizes)), sizes), np.full(alone, NOBODY)])
    rows = rng.normal(size=(len(group), 64)) * 0.6 + rng.normal(size=(len(sizes) + 1, 64))[group]
    order = rng.permutation(len(group))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return rows[order], group[order]


def facts(
    rows: np.ndarray, group: np.ndarray, exclusions: Exclusions | None = None
) -> tuple[Facts, np.ndarray]:
    confidence = np.random.default_rng(1).uniform(0.5, 1, len(rows)).astype(np.float32)
    scored, _ = CALIBRATION.score_normalised(rows, np.full(len(rows), ANY_PHOTO))
    clear, apart = np.ones(len(rows), bool), exclusions or Exclusions.none()
    grouped = Grouped(scored, neighbours(rows, 8), group, confidence, clear, apart)
    return facts_of(grouped, Near.of(grouped, CALIBRATION)), confidence


def test_facts_are_what_they_are_defined_to_be() -> None:
    rows, group = made_up((6, 4, 2, 5))
    found, confidence = facts(rows, group)
    for number in range(4):
        own = np.flatnonzero(group == number)
        similarity = []
        for face in own:
            rest = rows[own[own != face]].sum(0)
            similarity.append(rows[face] @ rest / np.linalg.norm(rest))
        assert found.cohesion[number] == pytest.approx(np.mean(similarity), abs=1e-5)
        assert found.weakest[number] == own[confidence[own].argmin()]
        assert found.weakest_confidence[number] == confidence[own].min()
        assert found.confidence[number] == pytest.approx(confidence[own].mean(), abs=1e-6)


def test_the_nearest_is_who_was_split_off() -> None:
    rows, group = made_up((8, 6, 6))
    half = np.flatnonzero(group == 0)[:4]
    group[half] = 3
    found, _ = facts(rows, group)
    assert (found.nearest[0], found.nearest[3]) == (3, 0)
    assert found.nearest_evidence[0] == found.nearest_evidence[3] > 5
    assert found.chance_same[0] > 0.5 > found.chance_same[1]


def test_who_is_kept_apart_is_not_the_nearest() -> None:
    rows, group = made_up((8, 6, 6))
    half = np.flatnonzero(group == 0)[:4]
    group[half] = 3
    pair = np.array([half[0], np.flatnonzero(group == 0)[0]])
    found, _ = facts(rows, group, Exclusions.once(pair, np.zeros(2, np.int64)))
    assert found.nearest[0] != 3
    assert found.nearest[3] != 0


def test_a_single_person_has_nobody_near() -> None:
    rows, group = made_up((5,))
    found, _ = facts(rows, group)
    assert found.nearest.tolist() == [NOBODY]
    assert found.chance_same[0] < 1e-9


def test_nobody_at_all() -> None:
    rows, group = made_up((), alone=4)
    assert len(facts(rows, group)[0].nearest) == 0
