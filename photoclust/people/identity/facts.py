"""What can be said of each person of a grouping: how close their faces are, who is nearest, whom to doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.spread import SpreadModel, squared_lengths
from photoclust.people.clustering.agglomerate import Pairs, Partition, evidence_between
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY, Templates
from photoclust.people.clustering.required import people_like
from photoclust.people.graph.neighbours import neighbours
from photoclust.types import Doubles, Floats, Rows

ScoreNormalised = tuple[Floats, SpreadModel]
"""Embeddings, and the model that weighs them: see `Calibration.score_normalised`."""

CANDIDATES = 10
"""Nearest templates that each group is weighed against; the greatest evidence is among the first few."""

# Chance that two groups are one person, by what speaks for it less the logarithm of the number of people: a
# logistic regression on 10,313 pairs of nearby groups and single faces of LFW's development people, 121
# of them one person (python benchmarks/suggest.py INDEX).
_SLOPE, _OFFSET = 0.76, -2.0


@dataclass(frozen=True)
class Facts:
    """Facts about each of some groups, as arrays of equal length.

    Attributes
    ----------
    cohesion
        float32: mean cosine similarity of the faces to the template of the group's other faces, in [−1, 1].
    nearest
        int64: the group that most evidence connects with this one, among those that nothing keeps apart from
        it; `NOBODY` where there is none.
    nearest_evidence
        float32: log-likelihood ratio of one person against two; −inf where there is none.
    chance_same
        float32, in [0, 1]: probability that the nearest group is the same person.
    weakest
        int64: row of the face with the lowest confidence.
    weakest_confidence
        float32, in [0, 1]: its confidence.
    confidence
        float32, in [0, 1]: share of the faces that are expected to be right, the mean of their confidences.
    """

    cohesion: npt.NDArray[np.float32]
    nearest: Rows
    nearest_evidence: npt.NDArray[np.float32]
    chance_same: npt.NDArray[np.float32]
    weakest: Rows
    weakest_confidence: npt.NDArray[np.float32]
    confidence: npt.NDArray[np.float32]


def facts_of(
    embeddings: Floats,
    group: Rows,
    confidence: npt.NDArray[np.float32],
    exclusions: Exclusions,
    score_normalised: ScoreNormalised,
) -> Facts:
    """State the facts about each group.

    Parameters
    ----------
    embeddings
        float32, shape (n, d), unit rows, made comparable (`Calibration.centred`).
    group
        int64, shape (n,): group of each face, numbered from 0 without gaps; `NOBODY` where it is in none.
    confidence
        float32, shape (n,), in [0, 1]: of each face's membership.
    exclusions
        What keeps faces, and with them their groups, apart.
    score_normalised
        The same embeddings as evidence sees them.
    """
    templates = Templates.of(embeddings, group, np.full(len(group), NOBODY))
    members = np.flatnonzero(group != NOBODY)
    own, groups = group[members], len(templates.count)
    order = np.lexsort((members, confidence[members], own))
    weakest = members[order][np.flatnonzero(np.diff(own[order], prepend=NOBODY))]
    pairs = nearby(templates, exclusions, score_normalised)
    nearest, evidence = _best(pairs, groups)
    larger = np.maximum(templates.count, templates.count[nearest])
    mean = np.bincount(own, confidence[members], groups) / templates.count
    return Facts(
        _cohesion(templates, members).astype(np.float32),
        nearest,
        evidence.astype(np.float32),
        chance_same(evidence, people_like(len(group), larger)).astype(np.float32),
        weakest,
        confidence[weakest].astype(np.float32),
        mean.astype(np.float32),
    )


def chance_same(evidence: Doubles, people: Doubles) -> Doubles:
    """Probability that two groups are one person.

    Parameters
    ----------
    evidence
        float64: log-likelihood ratio of one person against two.
    people
        Number of people there is room for, see `people_like`: of so many, few pairs are the same.
    """
    odds = _SLOPE * (evidence - np.log(people)) + _OFFSET
    return 1 / (1 + np.exp(-np.clip(odds, -60, 60)))


def nearby(templates: Templates, exclusions: Exclusions, score_normalised: ScoreNormalised) -> Pairs:
    """Pairs of groups with near templates that nothing keeps apart, and what speaks for their being one.

    Parameters
    ----------
    templates
        The groups.
    exclusions
        What keeps faces apart.
    score_normalised
        Embeddings of the faces as evidence sees them.
    """
    groups, lengths = len(templates.count), np.linalg.norm(templates.sums, axis=1, keepdims=True)
    near = neighbours(templates.sums / np.maximum(lengths, 1e-6), CANDIDATES).indices
    rows, model = score_normalised
    partition = partition_of(Templates.of(rows, templates.group, np.full(len(rows), NOBODY)))
    left, right = np.repeat(partition.group, near.shape[1]), near.ravel().astype(np.int64)
    key = np.unique(np.minimum(left, right) * max(1, groups) + np.maximum(left, right))
    left, right = key // max(1, groups), key % max(1, groups)
    free = ~exclusions.clash(templates.group, left, templates.group, right)
    left, right = left[free], right[free]
    return Pairs(left, right, evidence_between(partition, left, right, model))


def partition_of(templates: Templates) -> Partition:
    """The groups of some templates as items of their own, for evidence between them."""
    groups, sums = len(templates.count), templates.sums
    squares = np.maximum(squared_lengths(sums), 1e-12)
    none = np.full(groups, NOBODY)
    return Partition(np.arange(groups), Exclusions.none(), none, templates.count, sums, squares)


def _best(pairs: Pairs, groups: int) -> tuple[Rows, Doubles]:
    """The partner of each group with most evidence, and that evidence."""
    source, other = np.r_[pairs.left, pairs.right], np.r_[pairs.right, pairs.left]
    evidence = np.r_[pairs.evidence, pairs.evidence]
    order = np.lexsort((other, -evidence, source))
    found, first = np.unique(source[order], return_index=True)
    nearest, best = np.full(groups, NOBODY, np.int64), np.full(groups, -np.inf)
    nearest[found], best[found] = other[order][first], evidence[order][first]
    return nearest, best


def _cohesion(templates: Templates, members: Rows) -> Doubles:
    """Mean cosine similarity of the faces of each group to the template of its other faces."""
    x, group = templates.embeddings[members], templates.group[members]
    rest = templates.sums[group] - x
    length = np.sqrt(np.einsum("ij,ij->i", rest, rest))
    similarity = np.einsum("ij,ij->i", x, rest) / np.maximum(length, 1e-6)
    return np.bincount(group, similarity, len(templates.count)) / templates.count
