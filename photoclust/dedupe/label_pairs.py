"""Labels that are one person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from photoclust.config import AuditConfig
from photoclust.dedupe.audited import AuditedFaces
from photoclust.dedupe.odds import FOR, log_odds, probability
from photoclust.dedupe.templates import Evidence, WeightedTemplates, evidence_blocks, evidence_of
from photoclust.types import Doubles, Rows

COMMON_SHARE, COMMON_RANK, COMMON_LABELS = 0.5, 4, 20
"""How much of what a label has in common with many is taken off its evidence, which of its best matches shows
that, and the fewest labels for it.

Some faces are like many others; what speaks for their best match speaks for the next ones too. The fourth
match is no twin unless a person has five labels. A form of adaptive score normalisation: Matejka et al.,
Analysis of score normalization in multilingual speaker recognition, Interspeech 2017.
"""


@dataclass(frozen=True)
class SamePerson:
    """Two labels, the lower first, and how probable it is that they are one person.

    Attributes
    ----------
    evidence
        Log-likelihood ratio, less what is common to the two with many.
    """

    left: int
    right: int
    evidence: float
    confidence: float


def same_person(
    faces: AuditedFaces, trusted: Rows, evidence: Evidence, config: AuditConfig
) -> tuple[SamePerson, ...]:
    """Find pairs of labels that are more probably one person than is worth reporting, the surest first.

    A label has a twin with the probability ``config.split_labels``, each other label as likely as the next.

    Parameters
    ----------
    faces
        The labelled faces.
    trusted
        int64, shape (n,): label of each face that speaks for it, negative for the others.
    evidence
        Weighs two groups.
    config
        What is expected, and what is worth reporting.
    """
    against = -log_odds(config.split_labels) + float(np.log(max(1, faces.labels - 1)))
    least = (against + log_odds(config.min_confidence)) / FOR
    templates = faces.label_templates(trusted)
    common = _common(templates, evidence)
    found: list[SamePerson] = []
    for rows, weighed in evidence_blocks(templates, templates, evidence):
        weighed -= common[rows, None] + common[None]
        for row, right in np.argwhere(weighed >= least).tolist():
            left = row + rows.start
            if left >= right:
                continue
            value = _apart_from_copies(faces, trusted, left, right, evidence) - common[left] - common[right]
            if value >= least:
                found.append(SamePerson(left, right, value, float(probability(FOR * value - against))))
    return tuple(sorted(found, key=lambda pair: (-pair.confidence, pair.left, pair.right)))


def _common(templates: WeightedTemplates, evidence: Evidence) -> Doubles:
    """What each label has in common with many, more than the middle one has: its half of the deduction."""
    level = np.zeros(len(templates))
    if len(templates) < COMMON_LABELS:
        return level
    for rows, weighed in evidence_blocks(templates, templates, evidence):
        weighed[np.arange(len(weighed)), np.arange(len(level))[rows]] = -np.inf
        level[rows] = np.partition(weighed, -COMMON_RANK, axis=1)[:, -COMMON_RANK]
    known = np.isfinite(level)
    middle = np.median(level[known]) if known.any() else 0.0
    return np.where(known, COMMON_SHARE * (np.where(known, level, 0) - middle) / 2, 0)


def _apart_from_copies(
    faces: AuditedFaces, trusted: Rows, left: int, right: int, evidence: Evidence
) -> float:
    """Evidence of two labels without the pictures that lie under both: of those one label may be wrong."""
    sides = [np.flatnonzero(trusted == label) for label in (left, right)]
    both = set(faces.copy[sides[0]].tolist()) & set(faces.copy[sides[1]].tolist())
    shared = np.array(sorted(number for number in both if number >= 0), np.int64)
    a, b = (faces.template(rows[~np.isin(faces.copy[rows], shared)]) for rows in sides)
    return float(evidence_of(a, b, evidence)[0])


def persons(same: tuple[SamePerson, ...], labels: int) -> Rows:
    """Person of each label: labels joined by pairs share a number."""
    ends = np.array([(pair.left, pair.right) for pair in same], np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(labels, labels))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def with_labels(items: Rows, label: Rows, person: Rows) -> tuple[Rows, Rows]:
    """Pair each item with every label of the person whom its `label` means; a negative label is nobody."""
    labels_of: dict[int, list[int]] = {}
    for one, who in enumerate(person.tolist()):
        labels_of.setdefault(who, []).append(one)
    return paired(
        (item, one)
        for item, given in zip(items.tolist(), label.tolist(), strict=True)
        if given >= 0
        for one in labels_of[int(person[given])]
    )


def paired(pairs: Iterator[tuple[int, int]]) -> tuple[Rows, Rows]:
    """Pairs as two arrays."""
    left, right = np.array(list(pairs), np.int64).reshape(-1, 2).T
    return left, right
