"""What can be said of each person of a grouping: how close their faces are, who is nearest, whom to doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.people.clustering.membership import NOBODY, Templates
from photoclust.people.identity.near import Best, Grouped, Near
from photoclust.types import Doubles, Rows

_FACES = 8192  # multiplied with templates at once


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


def facts_of(grouped: Grouped, near: Near) -> Facts:
    """State the facts about each group of a grouping in which some are near one another."""
    group, confidence = grouped.group, grouped.confidence
    none = np.full(len(group), NOBODY)
    templates = Templates.of(grouped.score_normalised[:, :-1], group, none, make=grouped.make)
    members = np.flatnonzero(group != NOBODY)
    own, groups = group[members], near.people
    order = np.lexsort((members, confidence[members], own))
    weakest = members[order][np.flatnonzero(np.diff(own[order], prepend=NOBODY))]
    best = Best(groups)
    for pairs in near.weighed_in_parts(lambda _, right: right < groups):
        best.look_at(pairs.left, pairs.right, pairs.evidence, pairs.chance)
        best.look_at(pairs.right, pairs.left, pairs.evidence, pairs.chance)
    mean = np.bincount(own, confidence[members], groups) / templates.count
    return Facts(
        _cohesion(templates, members).astype(np.float32),
        best.other,
        best.value.astype(np.float32),
        best.chance.astype(np.float32),
        weakest,
        confidence[weakest].astype(np.float32),
        mean.astype(np.float32),
    )


def _cohesion(templates: Templates, members: Rows) -> Doubles:
    """Mean cosine similarity of the faces of each group to the template of its other faces."""
    group, similarity = templates.group[members], np.empty(len(members), np.float32)
    for start in range(0, len(members), _FACES):
        part = slice(start, start + _FACES)
        x = templates.embeddings[members[part]]
        rest = templates.sums[group[part]] - x
        length = np.sqrt(np.einsum("ij,ij->i", rest, rest))
        similarity[part] = np.einsum("ij,ij->i", x, rest) / np.maximum(length, 1e-6)
    return np.bincount(group, similarity, len(templates.count)) / templates.count
