"""What is decided is law: whatever faces and decisions there are, no grouping breaks them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import albums, decided

from photoclust.config import ClusterConfig
from photoclust.people.clustering.constraints import Constraints
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import Groups, candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.decisions.resolving import resolve
from photoclust.people.graph.near_duplicates import near_duplicates
from photoclust.people.graph.neighbours import neighbours

START = datetime(2026, 1, 1, tzinfo=UTC)


def group(faces: VerifyInput, constraints: Constraints | None, least: int = 2) -> Groups:
    config = ClusterConfig(k=10, min_cluster_size=least)
    graph = neighbours(faces.embeddings, config.k)
    return cluster_faces(candidates_of(faces, graph, config, None, constraints))[1]


@given(st.data(), albums(least=2), st.integers(2, 4))
@settings(deadline=None, max_examples=100)
def test_no_decision_is_violated(data: st.DataObject, faces: VerifyInput, least: int) -> None:
    n = len(faces)
    decisions = data.draw(decided(n))
    resolution = resolve(
        decisions, [str(row) for row in range(n)], near_duplicates(neighbours(faces.embeddings, 10))
    )
    constraints = resolution.constraints
    groups = group(faces, constraints, least)

    person = constraints.person()
    assert (groups.group[constraints.members] >= 0).all()
    assert (groups.confidence[constraints.certain] == 1).all()
    assert (constraints.members | ~constraints.certain).all()
    for row in range(n):
        if person[row] != row:
            assert groups.group[row] == groups.group[person[row]]

    rules = constraints.exclusions
    held = set(zip(rules.held.tolist(), rules.holders.tolist(), strict=True))
    barred = set(zip(rules.barred.tolist(), rules.barrers.tolist(), strict=True))
    for token, holder in held:
        for other, barrer in barred:
            if token == other and person[holder] != person[barrer]:
                assert groups.group[holder] != groups.group[barrer] or groups.group[holder] < 0

    names = [groups.group[row] for row in resolution.names]
    assert len(names) == len(set(names)), "no two named people are one"
    sizes = np.bincount(groups.group[groups.group >= 0])
    decreed = set(groups.group[constraints.members].tolist())
    assert all(size >= least or number in decreed for number, size in enumerate(sizes))


@given(albums(least=2))
@settings(deadline=None, max_examples=30)
def test_deciding_nothing_changes_nothing(faces: VerifyInput) -> None:
    plain, none = group(faces, None), group(faces, Constraints.none(len(faces)))
    np.testing.assert_array_equal(plain.group, none.group)
    np.testing.assert_array_equal(plain.confidence, none.confidence)


@given(st.data(), st.integers(2, 20), st.randoms())
@settings(deadline=None)
def test_what_is_resolved_is_consistent_and_the_latest_line_holds(
    data: st.DataObject, n: int, random: object
) -> None:
    decisions = data.draw(decided(n))
    resolution = resolve(decisions, [str(row) for row in range(n)], np.arange(n))
    constraints = resolution.constraints
    person = constraints.person()
    held, barred = constraints.exclusions.held, constraints.exclusions.barred
    for token in np.unique(held):
        if token > 0:
            holders = set(person[constraints.exclusions.holders[held == token]].tolist())
            barrers = set(person[constraints.exclusions.barrers[barred == token]].tolist())
            assert not holders & barrers
    if decisions.lines:
        last = decisions.lines[-1]
        clear = set(last.faces).isdisjoint(last.others)
        assert not clear or not any(f"Line {last.line} " in problem for problem in resolution.problems)
