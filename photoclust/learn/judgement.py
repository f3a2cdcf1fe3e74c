"""Whether a result is better than its parent on people whom neither was trained on, by more than chance.

Both give vectors of the same faces. They are compared by the true accept rate at a false match rate of 1e-3
and by the BCubed F of the groups that the vectors make. A paired bootstrap draws people anew, the same people
for both, and gives a 95 % interval of each difference (Efron, Tibshirani, An introduction to the bootstrap,
1993; drawn by person, as photos of one person are not independent). A result counts as better where both
intervals lie above 0.

The threshold at which vectors are grouped is where both errors are equal on validation people, for either
model its own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.evaluate.scores import bcubed_scores, contingency
from photoclust.evaluate.verification import ScoredPairs, error_rates
from photoclust.learn.pairs import PairTest
from photoclust.people.embeddings import group_embeddings
from photoclust.types import Doubles, Floats, Rows

DRAWS = 1000
_TAIL = 10  # times the false match rate: so many of the impostor pairs are looked at, the most similar


@dataclass(frozen=True)
class Comparison:
    """One measure of a parent and of a result.

    Attributes
    ----------
    parent, result
        In [0, 1]; more is better.
    low, high
        95 % interval of result − parent, by people drawn anew.
    """

    parent: float
    result: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """Result − parent."""
        return self.result - self.parent

    @property
    def is_better(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.low > 0


@dataclass(frozen=True)
class Judgement:
    """How a result compares with its parent on test people.

    Attributes
    ----------
    people, faces
        Who was tested.
    tar
        True accept rate at `false_match_rate`.
    false_match_rate
        1e-3, or more where there are too few impostor pairs to tell.
    bcubed
        BCubed F of the groups.
    thresholds
        Cosine distances at which the vectors of parent and result were grouped.
    """

    people: int
    faces: int
    tar: Comparison
    false_match_rate: float
    bcubed: Comparison
    thresholds: tuple[float, float]

    @property
    def is_better(self) -> bool:
        """Whether the result is better than its parent by more than chance, in both measures."""
        return self.tar.is_better and self.bcubed.is_better

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"better": self.is_better}

    @classmethod
    def of(cls, values: dict[str, Any]) -> Judgement:
        """From the values of `to_dict`."""
        tar, bcubed = (Comparison(**values[name]) for name in ("tar", "bcubed"))
        people, faces, rate = values["people"], values["faces"], values["false_match_rate"]
        before, after = values["thresholds"]
        return cls(people, faces, tar, rate, bcubed, (before, after))


def judge(
    vectors: tuple[Floats, Floats], person: Rows, thresholds: tuple[float, float], seed: int = 0
) -> Judgement:
    """Compare two models on test people.

    Parameters
    ----------
    vectors
        Of parent and result: float32, shape (n, d), unit rows of the same faces.
    person
        int64, shape (n,): whose face each is.
    thresholds
        Cosine distance, in (0, 1), at which the vectors of either are as likely of one person as of two; see
        `equal_error_distance`.
    seed
        Of the bootstrap.
    """
    person = np.unique(person, return_inverse=True)[1].astype(np.int64)
    people, test = int(person.max()) + 1, PairTest.of(person)
    times = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), DRAWS)
    tar = [_tars(test, person, test.similarity(rows), times) for rows in vectors]
    groups = [
        group_embeddings(rows, threshold=threshold).labels.astype(np.int64)
        for rows, threshold in zip(vectors, thresholds, strict=True)
    ]
    bcubed = [_bcubed_fs(person, one, times) for one in groups]
    exact_tar = [test.figures(rows).tar for rows in vectors]
    exact_f = [bcubed_scores(person, one).f for one in groups]
    return Judgement(
        people,
        len(person),
        _comparison(exact_tar, tar[1] - tar[0]),
        test.false_match_rate,
        _comparison(exact_f, bcubed[1] - bcubed[0]),
        thresholds,
    )


def equal_error_distance(vectors: Floats, person: Rows) -> float:
    """Cosine distance at which both errors of some people's pairs are equal, within (0, 1)."""
    return float(np.clip(1 - equal_error_similarity(vectors, person), 0.01, 0.99))


def equal_error_similarity(vectors: Floats, person: Rows) -> float:
    """Cosine similarity at which both errors of some people's pairs are equal."""
    test = PairTest.of(person)
    dense = np.unique(person, return_inverse=True)[1].astype(np.int64)
    pairs = test.pairs
    scored = ScoredPairs(
        test.similarity(vectors), dense[pairs.left], dense[pairs.right], pairs.same, pairs.weight, pairs.fold
    )
    similarity, fmr, fnmr = error_rates(scored)
    return float(similarity[np.abs(fmr - fnmr).argmin()])


def _comparison(exact: list[float], differences: Doubles) -> Comparison:
    low, high = np.quantile(differences, (0.025, 0.975))
    return Comparison(exact[0], exact[1], float(low), float(high))


def _tars(test: PairTest, person: Rows, similarity: Doubles, times: Rows) -> Doubles:
    """True accept rate for each draw of people: float64, shape (draws,)."""
    pairs, rate = test.pairs, test.false_match_rate
    left, right = person[pairs.left], person[pairs.right]
    own, near = _falling(similarity, pairs.same), _falling(similarity, ~pairs.same)
    impostors = len(near)
    near = near[: max(1, min(impostors, int(_TAIL * rate * impostors)))]
    faces = np.bincount(person)
    every = (faces.sum() ** 2 - (faces**2).sum()) / 2
    found = np.empty(len(times))
    for draw, counted in enumerate(times.astype(np.float64)):
        drawn = counted * faces
        total = (drawn.sum() ** 2 - (drawn**2).sum()) / 2 * impostors / every  # of all pairs, or of a sample
        above = np.cumsum(counted[left[near]] * counted[right[near]])
        place = min(int(np.searchsorted(above, rate * total, "right")), len(near) - 1)
        weight = counted[left[own]] * pairs.weight[own]
        accepted = int(np.searchsorted(-similarity[own], -similarity[near[place]], "left"))
        found[draw] = weight[:accepted].sum() / max(weight.sum(), 1e-12)
    return found


def _falling(similarity: Doubles, chosen: npt.NDArray[np.bool_]) -> Rows:
    """Chosen pairs, the most similar first."""
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(-similarity[rows], kind="stable")]


def _bcubed_fs(person: Rows, group: Rows, times: Rows) -> Doubles:
    """BCubed F for each draw of people, of groups made once: float64, shape (draws,)."""
    table = contingency(person, group)
    square = table.count.astype(np.float64) ** 2
    people = int(person.max()) + 1
    precision = np.bincount(table.person, square / table.groups[table.group], people)
    recall = np.bincount(table.person, square / table.persons[table.person], people)
    faces = times @ table.persons
    p, r = times @ precision / faces, times @ recall / faces
    return 2 * p * r / (p + r)
