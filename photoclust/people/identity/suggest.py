"""Which questions about a grouping are worth asking: those whose answers put most faces right.

A suggestion is worth the chance that something is wrong times the faces that setting it right would move.
What decisions already keep apart, or have put together, is not asked again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.evidence import Calibration
from photoclust.people.clustering.agglomerate import Pairs
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY, Templates
from photoclust.people.clustering.required import people_like
from photoclust.people.identity.facts import chance_same, nearby
from photoclust.types import Doubles, Floats, Rows

MERGE, JOIN, DOUBT = "merge", "join", "doubt"

MOST_DOUBTED = 20
"""Faces in one question, so that its commands can be read; the most doubtful are asked about first."""


@dataclass(frozen=True)
class Suggestion:
    """One question.

    Attributes
    ----------
    kind
        `MERGE`: two groups may be one person. `JOIN`: a face that is nobody's may belong to a group. `DOUBT`:
        faces may not belong to their group.
    group, other
        Numbers of groups; `other` is `NOBODY` except for a merge.
    rows
        Rows of the faces in question, the most doubtful first; of a merge none.
    chance
        Probability in [0, 1] that the answer is yes; of several faces the mean.
    faces
        How many faces would be put right.
    evidence
        Log-likelihood ratio of one person against two, of the two sides; of a doubt NaN.
    """

    kind: str
    group: int
    other: int
    rows: tuple[int, ...]
    chance: float
    faces: int
    evidence: float

    @property
    def gain(self) -> float:
        """Faces that the question is expected to put right."""
        return self.chance * self.faces


@dataclass(frozen=True)
class Grouped:
    """A grouping of n faces as suggestions see it.

    Attributes
    ----------
    embeddings
        float32, shape (n, d), unit rows, made comparable (`Calibration.centred`).
    group
        int64, shape (n,): group of each face, numbered from 0 without gaps; `NOBODY` where it is in none.
    confidence
        float32, shape (n,), in [0, 1]: of each face's membership.
    clear
        bool, shape (n,): faces good enough to be asked about.
    exclusions
        What keeps faces, and with them groups, apart.
    photos
        int64, shape (n,): faces of one photo are strangers (`conflicting_photos`).
    """

    embeddings: Floats
    group: Rows
    confidence: npt.NDArray[np.float32]
    clear: npt.NDArray[np.bool_]
    exclusions: Exclusions
    photos: Rows


def suggestions(
    grouped: Grouped, calibration: Calibration, most: int, min_chance: float = 0
) -> list[Suggestion]:
    """The questions most worth asking, the one with the greatest gain first.

    Parameters
    ----------
    grouped
        The grouping.
    calibration
        Weighs the evidence.
    most
        How many are wanted.
    min_chance
        Least probability of a yes, in [0, 1], that is worth a question.
    """
    asked = (*_unions(grouped, calibration, most), *_doubts(grouped))
    found = [one for one in asked if one.chance >= min_chance]
    found.sort(key=lambda one: (-one.gain, one.kind, one.group, one.other, one.rows))
    return found[:most]


def _unions(grouped: Grouped, calibration: Calibration, most: int) -> list[Suggestion]:
    """Groups that may be one person, and faces that may be somebody's."""
    people = int(grouped.group.max(initial=NOBODY)) + 1
    alone = np.flatnonzero((grouped.group == NOBODY) & grouped.clear)
    group = grouped.group.copy()
    group[alone] = people + np.arange(len(alone))
    templates = Templates.of(grouped.embeddings, group, np.full(len(group), NOBODY))
    score_normalised = calibration.score_normalised(grouped.embeddings, grouped.photos)
    pairs = nearby(templates, grouped.exclusions, score_normalised)
    left, right = templates.count[pairs.left], templates.count[pairs.right]
    chance = chance_same(pairs.evidence, people_like(len(group), np.maximum(left, right)))
    smaller = np.minimum(left, right)
    known = pairs.left < people  # of two faces that are nobody's, neither is put right by much
    best = _first(np.where(known, -chance * smaller, np.inf), most)
    likely = (int(i) for i in best if known[i])
    return [_union(pairs, i, float(chance[i]), int(smaller[i]), alone, people) for i in likely]


def _union(pairs: Pairs, i: int, chance: float, smaller: int, alone: Rows, people: int) -> Suggestion:
    left, right, evidence = int(pairs.left[i]), int(pairs.right[i]), float(pairs.evidence[i])
    if right < people:
        return Suggestion(MERGE, left, right, (), chance, smaller, evidence)
    return Suggestion(JOIN, left, NOBODY, (int(alone[right - people]),), chance, smaller, evidence)


def _doubts(grouped: Grouped) -> list[Suggestion]:
    """Faces that may not belong where they are: of each person those more wrong than right, or the worst."""
    doubt = np.where(grouped.group == NOBODY, 0, 1 - grouped.confidence.astype(np.float64))
    order = np.lexsort((-doubt, grouped.group))
    order = order[grouped.group[order] != NOBODY]
    begins = np.diff(grouped.group[order], prepend=NOBODY) != 0
    ends = np.append(begins[1:], True)  # the surest face stands for the person
    asked = order[(begins | (doubt[order] > 0.5)) & ~ends & (doubt[order] > 0)]
    starts = np.flatnonzero(np.diff(grouped.group[asked], prepend=NOBODY))
    return [
        Suggestion(
            DOUBT,
            int(grouped.group[rows[0]]),
            NOBODY,
            tuple(rows.tolist()),
            float(doubt[rows].mean()),
            len(rows),
            float("nan"),
        )
        for rows in (own[:MOST_DOUBTED] for own in np.split(asked, starts[1:]))
        if len(rows)
    ]


def _first(order: Doubles, most: int) -> Rows:
    return np.argsort(order, kind="stable")[:most]
