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
    pairwise_scores,
    split_persons,
)


@dataclass(frozen=True)
class Part:
    """Faces of one person in one group; `name` is the person in a mixed group, the group of a split one."""

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


def evaluate_groups(truth: Sequence[str], predicted: Sequence[str], worst: int = 20) -> Evaluation:
    """Hold a grouping against the truth.

    Parameters
    ----------
    truth
        Person of each labelled face.
    predicted
        Group of each; ``""`` where it is in none, which counts as a group of its own.
    worst
        How many offenders to list.
    """
    persons, person = np.unique(np.asarray(truth, np.str_), return_inverse=True)
    groups, group = _groups(predicted)
    table = contingency(person, group)
    split, mixed = split_persons(table), mixed_groups(table)
    offenders = _offenders("split", person, group, split, persons.tolist(), groups)
    offenders += _offenders("mixed", group, person, mixed, groups, persons.tolist())
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
        worst=tuple(offenders[:worst]),
    )


def _groups(predicted: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Names of the groups, and the group of each face; each face that is in none has one of its own."""
    named = [name or f"alone {row}" for row, name in enumerate(predicted)]
    names, group = np.unique(np.asarray(named, np.str_), return_inverse=True)
    return names.tolist(), group.astype(np.int64)


def _offenders(
    kind: str,
    whole: npt.NDArray[np.int64],
    part: npt.NDArray[np.int64],
    wanted: npt.NDArray[np.int64],
    whole_names: list[str],
    part_names: list[str],
) -> list[Offender]:
    """Wholes that fall into several parts."""
    rows: dict[int, dict[int, list[int]]] = {int(i): {} for i in wanted}
    for row in np.flatnonzero(np.isin(whole, wanted)):
        rows[int(whole[row])].setdefault(int(part[row]), []).append(int(row))
    found: list[Offender] = []
    for name, parts in rows.items():
        largest = sorted(parts.items(), key=lambda one: (-len(one[1]), part_names[one[0]]))
        sizes = [len(own) for _, own in largest]
        wrong = (sum(sizes) ** 2 - sum(size**2 for size in sizes)) // 2
        listed = tuple(Part(part_names[i], tuple(own)) for i, own in largest)
        found.append(Offender(kind, whole_names[name], wrong, listed))
    return found
