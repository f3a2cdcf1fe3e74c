"""Confidence held against labels: of faces, of people, and the faces it was most wrong about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.evaluate.reliability import EDGES, Reliability, reliability, right_memberships
from photoclust.evaluate.scores import numbered
from photoclust.types import Rows

SURE = 0.95
"""Confidence from which on a face is said to be sure."""

OTHERS = 3


@dataclass(frozen=True)
class SureButWrong:
    """A face said to be sure whose membership is wrong.

    Attributes
    ----------
    row
        Which labelled face.
    confidence
        What was said, in [0, 1].
    person
        Whom it shows.
    group
        The group it is in.
    mostly
        Whom more than half of the group shows; ``""`` where that is nobody.
    others
        Whom else the group shows, most faces first; not more than `OTHERS`.
    """

    row: int
    confidence: float
    person: str
    group: str
    mostly: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class ConfidenceCheck:
    """What confidence is worth.

    Attributes
    ----------
    faces
        Memberships of labelled faces.
    people
        People, with the share of their labelled faces that is right against the share expected.
    unjudged
        Labelled faces in a group with no other labelled face, of which nothing can be said.
    decided
        Labelled faces whose confidence is 1: a person's word, not photoclust's.
    sure_but_wrong
        The surest first.
    """

    faces: Reliability
    people: Reliability
    unjudged: int
    decided: int
    sure_but_wrong: tuple[SureButWrong, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with verdicts and the edges of the bins."""
        own = {"faces": self.faces.to_dict(), "people": self.people.to_dict(), "edges": EDGES}
        return asdict(self) | own


def check_confidence(
    truth: Sequence[str],
    predicted: Sequence[str],
    confidence: Sequence[float],
    people: Mapping[str, float | None],
) -> ConfidenceCheck:
    """Hold confidence against labels; `right_memberships` says what is right.

    Parameters
    ----------
    truth
        Person of each labelled face.
    predicted
        Group of each; ``""`` where it is in none.
    confidence
        In [0, 1]: what was said of each; 1 where a person said so.
    people
        Share of the faces of each group that was expected to be right; None where nothing was said.
    """
    person, (groups, group) = numbered(truth)[1], numbered(predicted)
    said = np.asarray(confidence, np.float64)
    right, judged = right_memberships(person, group)
    counted = np.flatnonzero(judged & (said < 1))
    wrong = counted[(said[counted] >= SURE) & (right[counted] == 0)]
    surest = wrong[np.lexsort((wrong, -said[wrong]))].tolist()
    shown = _people_of_groups(truth, predicted, {str(predicted[row]) for row in surest})
    return ConfidenceCheck(
        faces=reliability(said[counted], right[counted], group[counted]),
        people=_of_people(groups, group[counted], right[counted], people),
        unjudged=int(((group >= 0) & ~judged).sum()),
        decided=int((judged & (said >= 1)).sum()),
        sure_but_wrong=tuple(
            _sure_but_wrong(row, float(said[row]), str(truth[row]), str(predicted[row]), shown)
            for row in surest
        ),
    )


def _people_of_groups(
    truth: Sequence[str], predicted: Sequence[str], wanted: set[str]
) -> dict[str, list[tuple[str, int]]]:
    """Whom each of the wanted groups shows, and in how many faces; most first."""
    shown = {group: Counter[str]() for group in wanted}
    for person, group in zip(truth, predicted, strict=True):
        if group in shown:
            shown[group][person] += 1
    return {
        group: sorted(people.items(), key=lambda one: (-one[1], one[0])) for group, people in shown.items()
    }


def _sure_but_wrong(
    row: int, said: float, person: str, group: str, shown: Mapping[str, list[tuple[str, int]]]
) -> SureButWrong:
    (first, most), everybody = shown[group][0], shown[group]
    mostly = first if 2 * most > sum(count for _, count in everybody) else ""
    others = [name for name, _ in everybody[: OTHERS + 1] if name != person]
    return SureButWrong(row, said, person, group, mostly, tuple(others[:OTHERS]))


def _of_people(
    groups: Sequence[str], group: Rows, right: npt.NDArray[np.float64], people: Mapping[str, float | None]
) -> Reliability:
    """The same of those people whose expected share is known, each counted once."""
    known = [people.get(name) for name in groups]
    faces = np.bincount(group, minlength=len(groups))
    rows = np.array([g for g, share in enumerate(known) if share is not None and faces[g]], np.int64)
    said = np.array([known[g] for g in rows], np.float64)
    share = np.bincount(group, right, len(groups))[rows] / faces[rows]
    return reliability(said, share, np.arange(len(rows)))
