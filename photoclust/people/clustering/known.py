"""Faces whose person was known before the model changed: they stay theirs unless the new model contradicts.

A face joins a group on evidence that outweighs how many other people it could be of. One that was with a
person who has a name, by the model before, needs less: the question is not who of all people it is, but
whether it is still this one. So it stays on the evidence on which `verify` calls two photos one person, a
false match rate of 1 in 1,000, unless another group speaks so much more for it as to move a member.

They come last, so that nobody else joins on their account. Of the faces of named people of LFW, migrated to
the same model with another crop, 99.1 % stay with their person, 97.1 % without this; pairs of faces of named
people are right in 98.0 % instead of 98.2 % (``benchmarks/migrate.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.spread import SpreadModel
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY, Templates, person_of_group, rivals
from photoclust.people.graph.neighbours import NeighbourGraph
from photoclust.types import Doubles, Rows

FALSE_MATCH_RATE = 1e-3
"""Of a face and the person it was known to be."""


@dataclass(frozen=True)
class StayRule:
    """When a face stays with the person it was known to be.

    Attributes
    ----------
    model
        Weighs the evidence.
    least
        Evidence that it needs.
    lead
        Evidence by which another group must be ahead to get it.
    """

    model: SpreadModel
    least: float
    lead: float


def with_known(
    templates: Templates,
    known: Rows,
    asked: npt.NDArray[np.bool_],
    graph: NeighbourGraph,
    exclusions: Exclusions,
    rule: StayRule,
) -> Rows:
    """Let faces that left the person they were known to be come back, where nothing speaks against it.

    Parameters
    ----------
    templates
        The groups that the new model makes.
    known
        int64, shape (n,): number of the person that each face was known to be, −1 for none. The group that
        holds most of the faces of a person is theirs.
    asked
        bool, shape (n,): faces that may go elsewhere.
    graph
        Neighbours of the faces.
    exclusions
        What keeps faces apart.
    rule
        When a face stays.

    Returns
    -------
    int64, shape (n,): group of each face, or `NOBODY`.
    """
    group, everyone = templates.group.copy(), np.arange(len(templates.group))
    home = _homes(group, known)
    away = np.flatnonzero((home != NOBODY) & (home != group) & asked)
    own = np.full(len(group), -np.inf)
    own[away] = templates.evidence(away, home[away], rule.model)
    least = np.maximum(rule.least, _others(templates, home, away, graph, rule.model) - rule.lead)
    back = away[own[away] > least[away]]
    person = person_of_group(templates)[home[back]]
    free = ~exclusions.clash(everyone, back, templates.person, person)
    target = everyone.copy()
    target[back[free]] = len(group) + person[free]
    back = np.setdiff1d(back[free], exclusions.late(everyone, target, own))
    group[back] = home[back]
    return group


def _homes(group: Rows, known: Rows) -> Rows:
    """The group that holds most of the faces of the person each face was known to be; of equals the first."""
    there = np.flatnonzero((known >= 0) & (group != NOBODY))
    pairs, count = np.unique(np.stack([known[there], group[there]]), axis=1, return_counts=True)
    order = np.lexsort((pairs[1], -count, pairs[0]))
    people, first = np.unique(pairs[0][order], return_index=True)
    home_of = np.full(int(known.max(initial=NOBODY)) + 2, NOBODY)  # the last is that of nobody
    home_of[people] = pairs[1][order][first]
    return home_of[known]


def _others(
    templates: Templates, home: Rows, away: Rows, graph: NeighbourGraph, model: SpreadModel
) -> Doubles:
    """What most speaks for any other group: the one that a face is in, or that of a neighbour."""
    asked = np.isin(np.arange(len(home)), away)
    near = rivals(templates, graph, model, asked=asked)
    evidence = np.where(near.group != home, near.evidence, -np.inf)
    members = away[templates.group[away] != NOBODY]
    present = templates.evidence(members, templates.group[members], model)
    evidence[members] = np.maximum(evidence[members], present)
    return evidence
