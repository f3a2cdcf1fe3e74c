"""Faces whose person was known before the model changed: they stay theirs unless the new model contradicts.

A face joins a group on evidence that outweighs how many other people it could be of. One that was with a
person who has a name, by the model before, needs less: the question is not who of all people it is, but
whether it is still this one. So it stays on the evidence on which `verify` calls two photos one person, a
false match rate of 1 in 1,000, unless another group speaks so much more for it as to move a member.

A person whom the new model takes apart contradicts nothing: groups most of whose faces were known to be one
person are parts of that person, and home is the part that a decision speaks of, or the largest.

They come last, so that nobody else joins on their account. Of the faces of named people of LFW, migrated to
the same model with another crop, 99.5 % stay with their person, 96.5 % without this; pairs of faces of named
people are right in 97.9 % instead of 98.1 % (``benchmarks/migrate.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    home_of = _homes(group, known, ~asked)
    home = home_of[known]
    away = np.flatnonzero((home != NOBODY) & (home != group) & asked)
    own = np.full(len(group), -np.inf)
    own[away] = templates.evidence(away, home[away], rule.model)
    others = _others(templates, home, home_of[_owners(templates, known)], away, graph, rule.model)
    least = np.maximum(rule.least, others - rule.lead)
    back = away[own[away] > least[away]]
    person = person_of_group(templates)[home[back]]
    free = ~exclusions.clash(everyone, back, templates.person, person)
    target = everyone.copy()
    target[back[free]] = len(group) + person[free]
    back = np.setdiff1d(back[free], exclusions.late(everyone, target, own))
    group[back] = home[back]
    return group


def _homes(group: Rows, known: Rows, decided: npt.NDArray[np.bool_]) -> Rows:
    """The group that is home to each person known: with most decided faces, then most faces, then the first.

    The last element is that of nobody, so that −1 finds it.
    """
    there = np.flatnonzero((known >= 0) & (group != NOBODY))
    pairs, place = np.unique(np.stack([known[there], group[there]]), axis=1, return_inverse=True)
    count = np.bincount(place.ravel(), minlength=pairs.shape[1])
    certain = np.bincount(place.ravel(), decided[there], minlength=pairs.shape[1])
    order = np.lexsort((pairs[1], -count, -certain, pairs[0]))
    people, first = np.unique(pairs[0][order], return_index=True)
    home_of = np.full(int(known.max(initial=NOBODY)) + 2, NOBODY)
    home_of[people] = pairs[1][order][first]
    return home_of


def _owners(templates: Templates, known: Rows) -> Rows:
    """The person whom more than half of the faces of each group were known to be, −1 where there is none."""
    there = np.flatnonzero((known >= 0) & (templates.group != NOBODY))
    pairs, count = np.unique(np.stack([templates.group[there], known[there]]), axis=1, return_counts=True)
    most = 2 * count > templates.size[pairs[0]]
    owner = np.full(len(templates.size), -1)
    owner[pairs[0][most]] = pairs[1][most]
    return owner


def _others(
    templates: Templates, home: Rows, home_of: Rows, away: Rows, graph: NeighbourGraph, model: SpreadModel
) -> Doubles:
    """What most speaks for a group that is no part of the person: the one a face is in, or a neighbour's.

    `home_of` is the home of the person that each group is a part of, `NOBODY` where it is of none.
    """
    whose = np.append(person_of_group(templates), NOBODY)
    part_of = np.append(np.where(home_of == NOBODY, whose[:-1], whose[home_of]), NOBODY)
    person = part_of[templates.group]
    elsewhere = away[(templates.group[away] != NOBODY) & (person[away] != whose[home[away]])]
    present = templates.evidence(elsewhere, templates.group[elsewhere], model)
    person[away] = whose[home[away]]
    near = rivals(replace(templates, person=person), graph, model, asked=np.isin(np.arange(len(home)), away))
    evidence = np.where(part_of[near.group] != whose[home], near.evidence, -np.inf)
    evidence[elsewhere] = np.maximum(evidence[elsewhere], present)
    return evidence
