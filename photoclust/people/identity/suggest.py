"""Which questions about a grouping are worth asking: those whose answers put most faces right.

A suggestion is worth the chance that something is wrong times the faces that setting it right would move.
What decisions already keep apart, or have put together, is not asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.evidence import Calibration
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.identity.near import Grouped, Near, Weighed
from photoclust.types import Doubles

MERGE, JOIN, PAIR, DOUBT = "merge", "join", "pair", "doubt"
_UNIONS = MERGE, JOIN, PAIR  # of two sides none, one or both of which are faces that are nobody's

MOST_DOUBTED = 20
"""Faces in one question, so that its commands can be read; the most doubtful are asked about first."""


@dataclass(frozen=True)
class Suggestion:
    """One question.

    Attributes
    ----------
    kind
        `MERGE`: two groups may be one person. `JOIN`: a face that is nobody's may belong to a group. `PAIR`:
        two faces that are nobody's may be one person's. `DOUBT`: faces may not belong to their group.
    group, other
        Numbers of groups; `other` is `NOBODY` except for a merge, `group` for a pair.
    rows
        Rows of the faces in question, the most doubtful first; of a merge none.
    chance
        Probability in [0, 1] that the answer is yes; of several faces the mean.
    faces
        How many faces a yes moves.
    among
        Faces of all sides.
    evidence
        Log-likelihood ratio of one person against two, of the two sides; of a doubt NaN.
    """

    kind: str
    group: int
    other: int
    rows: tuple[int, ...]
    chance: float
    faces: int
    among: int
    evidence: float

    @property
    def gain(self) -> float:
        """Faces that the answer is expected to put right, see `put_right`."""
        return self.chance * float(put_right(np.array(self.faces), np.array(self.among)))


def put_right(faces: npt.NDArray[Any], among: npt.NDArray[Any]) -> Doubles:
    """What moving some faces into or out of a group puts right, when there are so many on both sides.

    That is half of what BCubed recall or precision gains, summed over the faces: each that moves gains the
    others, the others gain those that move. So a face that comes to forty counts almost twice as much as one
    that comes to another alone.
    """
    return faces * (1 - faces / among)


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
    asked = (*_unions(Near.of(grouped, calibration), most), *_doubts(grouped))
    found = [one for one in asked if one.chance >= min_chance]
    found.sort(key=lambda one: (-one.gain, one.kind, one.group, one.other, one.rows))
    return found[:most]


def _unions(near: Near, most: int) -> list[Suggestion]:
    """Groups that may be one person, faces that may be somebody's, and faces that may be one person's."""
    pairs = near.weighed(np.ones(len(near.left), bool))
    m, n = near.size[pairs.left], near.size[pairs.right]
    best = np.argsort(-pairs.chance * put_right(np.minimum(m, n), m + n), kind="stable")[:most]
    return [_union(near, pairs, i) for i in best.tolist()]


def _union(near: Near, pairs: Weighed, i: int) -> Suggestion:
    sides = [int(pairs.left[i]), int(pairs.right[i])]
    groups = [side for side in sides if side < near.people]
    rows = tuple(int(near.alone[side - near.people]) for side in sides if side >= near.people)
    group, other = (*groups, NOBODY, NOBODY)[:2]
    smaller, larger = sorted(int(near.size[side]) for side in sides)
    chance, evidence = float(pairs.chance[i]), float(pairs.evidence[i])
    return Suggestion(_UNIONS[len(rows)], group, other, rows, chance, smaller, smaller + larger, evidence)


def _doubts(grouped: Grouped) -> list[Suggestion]:
    """Faces that may not belong where they are: of each person those more wrong than right, or the worst."""
    doubt = np.where(grouped.group == NOBODY, 0, 1 - grouped.confidence.astype(np.float64))
    order = np.lexsort((-doubt, grouped.group))
    order = order[grouped.group[order] != NOBODY]
    begins = np.diff(grouped.group[order], prepend=NOBODY) != 0
    ends = np.append(begins[1:], True)  # the surest face stands for the person
    asked = order[(begins | (doubt[order] > 0.5)) & ~ends & (doubt[order] > 0)]
    starts = np.flatnonzero(np.diff(grouped.group[asked], prepend=NOBODY))
    sizes = np.bincount(grouped.group[order], minlength=1)
    return [
        Suggestion(
            DOUBT,
            int(grouped.group[rows[0]]),
            NOBODY,
            tuple(rows.tolist()),
            float(doubt[rows].mean()),
            len(rows),
            int(sizes[grouped.group[rows[0]]]),
            float("nan"),
        )
        for rows in (own[:MOST_DOUBTED] for own in np.split(asked, starts[1:]))
        if len(rows)
    ]
