"""Faces whose person was known before the model changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from photoclust.config import ClusterConfig
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.constraints import Constraints
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.verify import Groups, candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours
from photoclust.types import Rows

PEOPLE, FACES, STRANGERS, SIZE = 12, 6, 2000, 55
WHO = np.r_[np.repeat(np.arange(PEOPLE), FACES), np.arange(PEOPLE, PEOPLE + STRANGERS)]


def faces(share: float = 0.55) -> VerifyInput:
    """People whose photos differ much, among strangers."""
    rng = np.random.default_rng(1)
    identity, rest = rng.normal(size=(WHO.max() + 1, SIZE)), rng.normal(size=(len(WHO), SIZE))
    rows = np.sqrt(share) * identity[WHO] + np.sqrt(1 - share) * rest
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    n = len(rows)
    return VerifyInput(rows, np.ones(n, np.float32), np.arange(n), np.tile([0, 0, 9, 9], (n, 1)))


def grouped(
    known: Rows | None, album: VerifyInput, exclusions: Exclusions | None = None, **decided: Any
) -> Groups:
    config = ClusterConfig()
    graph = neighbours(album.embeddings, config.k)
    constraints = replace(Constraints.none(len(WHO)), known=known, **decided)
    constraints = replace(constraints, exclusions=exclusions or Exclusions.none())
    return cluster_faces(candidates_of(album, graph, config, calibration_of(), constraints))[1]


@pytest.fixture(scope="module")
def plain() -> Groups:
    found = grouped(None, faces())
    assert 5 < (found.group[: PEOPLE * FACES] < 0).sum() < 50  # otherwise nothing is shown
    return found


def homes(groups: Groups) -> list[int]:
    """Group that holds most of the faces of each person."""
    own = (groups.group[person == WHO] for person in range(PEOPLE))
    return [int(np.bincount(one[one >= 0], minlength=1).argmax()) if (one >= 0).any() else -1 for one in own]


def test_known_faces_stay_and_nobody_else_comes(plain: Groups) -> None:
    known = np.where(WHO < PEOPLE, WHO, -1)

    found = grouped(known, faces())

    inside = WHO < PEOPLE
    assert (found.group[inside] < 0).sum() < (plain.group[inside] < 0).sum() - 3
    assert ((found.group >= 0) == (plain.group >= 0))[~inside].all()
    assert (found.group >= 0)[plain.group >= 0].all()
    for person, home in enumerate(homes(found)):
        own = found.group[person == WHO]
        assert set(own[own >= 0].tolist()) <= {home}
    assert (found.confidence[found.group >= 0] > 0).all()


def test_somebody_whom_the_new_model_takes_apart_stays_one_person() -> None:
    """Their home is where a decision is, though most of their faces are elsewhere."""
    rng, album = np.random.default_rng(3), faces()
    rows = np.arange(len(WHO))
    own, decided = rows < 8, rows == 0
    ages = rng.normal(size=(2, SIZE))[[0, 0, 0, 1, 1, 1, 1, 1]]
    made = 0.72 * rng.normal(size=SIZE) + 0.33 * ages + 0.6 * rng.normal(size=(8, SIZE))
    album.embeddings[own] = made / np.linalg.norm(made, axis=1, keepdims=True)

    apart, found = (
        grouped(known, album, members=decided).group[own] for known in (None, np.where(own, 0, -1))
    )

    assert apart.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]  # otherwise nothing is shown
    assert (found == found[0]).sum() >= 7
    assert set(found.tolist()) <= {found[0], -1}


def test_who_was_known_wrongly_is_not_kept(plain: Groups) -> None:
    rng = np.random.default_rng(0)
    known = np.where(WHO < PEOPLE, WHO, rng.integers(0, PEOPLE, len(WHO)))

    found = grouped(known, faces())

    came = (found.group >= 0) & (plain.group < 0) & (WHO >= PEOPLE)
    assert came.sum() <= 0.005 * STRANGERS  # at a false match rate of 1 in 1,000


def test_nobody_known_is_nothing_known(plain: Groups) -> None:
    found = grouped(np.full(len(WHO), -1), faces())

    assert np.array_equal(found.group, plain.group)
    assert np.array_equal(found.confidence, plain.confidence)


def test_what_was_decided_holds(plain: Groups) -> None:
    known = np.where(WHO < PEOPLE, WHO, -1)
    kept = grouped(known, faces())
    face = int(np.flatnonzero((kept.group >= 0) & (plain.group < 0))[0])
    others = np.setdiff1d(np.flatnonzero(WHO[face] == WHO), [face])
    holds = np.r_[face, others], np.r_[0, np.ones(len(others), int)]
    bars = np.r_[face, others], np.r_[1, np.zeros(len(others), int)]

    found = grouped(known, faces(), Exclusions(*holds, *bars))

    assert found.group[face] < 0 or found.group[face] not in found.group[others]
