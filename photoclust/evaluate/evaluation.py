"""A grouping held against the truth: scores, and where it is most wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.evaluate.scores import (
    Scores,
    bcubed_scores,
    contingency,
    mixed_groups,
    normalized_mutual_information,
    numbered,
    pairwise_scores,
    split_persons,
)

_Named = tuple[npt.NDArray[np.int64], list[str]]  # numbers, and what they are called


@dataclass(frozen=True)
class Part:
    """Faces of one person in one group.

    `name` is the person in a mixed group, the group of a split person; ``""`` for a face in no group.
    """

    name: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Offender:
    """A person split over groups, or a group that mixes persons.

    Attributes
    ----------
    kind
        ``split`` or ``mixed``.
    name
        The person, or the group.
    wrong_pairs
        Pairs of faces that are apart and should not be, or together and should not be.
    parts
        Largest first.
    """

    kind: str
    name: str
    wrong_pairs: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Evaluation:
    """How well a grouping agrees with the truth.

    Attributes
    ----------
    faces, people, groups
        Labelled faces, people they are of, groups of two and more they are in.
    alone
        Labelled faces that are in no group with another.
    pairwise, bcubed
        See `pairwise_scores` and `bcubed_scores`.
    nmi
        Normalised mutual information.
    split, mixed
        People in more than one group; groups of more than one person.
    worst
        Most wrong pairs first.
    """

    faces: int
    people: int
    groups: int
    alone: int
    pairwise: Scores
    bcubed: Scores
    nmi: float
    split: int
    mixed: int
    worst: tuple[Offender, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, F included."""
        values = asdict(self)
        for name, scores in (("pairwise", self.pairwise), ("bcubed", self.bcubed)):
            values[name]["f"] = scores.f
        return values


def evaluate_groups(truth: Sequence[str], predicted: Sequence[str]) -> Evaluation:
    """Hold a grouping against the truth.

    Parameters
    ----------
    truth
        Person of each labelled face.
    predicted
        Group of each; ``""`` where it is in none, which counts as a group of its own.
    """
    persons, person = numbered(truth)
    groups, group = numbered(predicted)
    alone = np.flatnonzero(group < 0)
    group[alone] = len(groups) + np.arange(len(alone))
    groups += [""] * len(alone)
    table = contingency(person, group)
    split, mixed = split_persons(table), mixed_groups(table)
    offenders = _offenders("split", (person, persons), (group, groups), split)
    offenders += _offenders("mixed", (group, groups), (person, persons), mixed)
    offenders.sort(key=lambda one: (-one.wrong_pairs, one.kind, one.name))
    sizes = table.groups
    return Evaluation(
        faces=len(person),
        people=len(persons),
        groups=int((sizes > 1).sum()),
        alone=int((sizes == 1).sum()),
        pairwise=pairwise_scores(person, group),
        bcubed=bcubed_scores(person, group),
        nmi=normalized_mutual_information(person, group),
        split=len(split),
        mixed=len(mixed),
        worst=tuple(offenders),
    )


def _offenders(kind: str, whole: _Named, part: _Named, wanted: npt.NDArray[np.int64]) -> list[Offender]:
    """Wholes that fall into several parts."""
    rows: dict[int, dict[int, list[int]]] = {int(i): {} for i in wanted}
    for row in np.flatnonzero(np.isin(whole[0], wanted)).tolist():
        rows[int(whole[0][row])].setdefault(int(part[0][row]), []).append(row)
    found: list[Offender] = []
    for name, parts in rows.items():
        largest = sorted(parts.items(), key=lambda one: (-len(one[1]), part[1][one[0]], one[1]))
        sizes = [len(own) for _, own in largest]
        wrong = (sum(sizes) ** 2 - sum(size**2 for size in sizes)) // 2
        listed = tuple(Part(part[1][i], tuple(own)) for i, own in largest)
        found.append(Offender(kind, whole[1][name], wrong, listed))
    return found
