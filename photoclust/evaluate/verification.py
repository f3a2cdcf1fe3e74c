"""Errors of verification, and what calibrated likelihood ratios cost: words of ISO/IEC 19795-1.

Scores are taken to rise with likeness. Weights let every person count the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import isotonic_regression

from photoclust.types import Doubles, Rows

Weighted = tuple[Doubles, Doubles]
"""Scores or evidence of pairs, float64, shape (n,), and their weights."""


def cllr(genuine: Weighted, impostor: Weighted) -> float:
    """Cost of logarithms of likelihood ratios, in bits.

    It is 0 for ratios that are always right and certain, 1 for those that say nothing (Brümmer and du Preez,
    Application-independent evaluation of speaker detection, Computer Speech and Language 2006).

    Parameters
    ----------
    genuine, impostor
        Evidence of pairs of one person and of two, natural logarithms, and their weights.
    """
    lost = np.average(np.logaddexp(0, -genuine[0]), weights=genuine[1])
    return float((lost + np.average(np.logaddexp(0, impostor[0]), weights=impostor[1])) / 2 / np.log(2))


def min_cllr(genuine: Weighted, impostor: Weighted) -> float:
    """The same of the best likelihood ratios that the order of the scores allows: what is not calibration.

    Found by isotonic regression (pool adjacent violators) on these very pairs.
    """
    scores = np.concatenate([genuine[0], impostor[0]])
    same = np.concatenate([np.ones(len(genuine[0])), np.zeros(len(impostor[0]))])
    weight = np.concatenate([one[1] / one[1].sum() for one in (genuine, impostor)])
    values, place = np.unique(scores, return_inverse=True)
    total = np.bincount(place, weight, len(values))
    share = isotonic_regression(np.bincount(place, weight * same, len(values)) / total, sample_weight=total)
    with np.errstate(divide="ignore"):
        best = (np.log(share) - np.log1p(-share))[place]
    count = len(genuine[0])
    return cllr((best[:count], genuine[1]), (best[count:], impostor[1]))


def weighted_calibration_error(genuine: Weighted, impostor: Weighted, bins: int = 10) -> float:
    """Expected calibration error at even prior odds: mean distance of what was said from what was right.

    Parameters
    ----------
    genuine, impostor
        As for `cllr`.
    bins
        Of equal width, in which probabilities are compared with shares.
    """
    evidence = np.concatenate([genuine[0], impostor[0]])
    same = np.concatenate([np.ones(len(genuine[0])), np.zeros(len(impostor[0]))])
    weight = np.concatenate([one[1] / one[1].sum() / 2 for one in (genuine, impostor)])
    said = 1 / (1 + np.exp(-evidence))
    place = np.minimum((said * bins).astype(int), bins - 1)
    sums = [np.bincount(place, weight * values, bins) for values in (said, same)]
    return float(np.abs(sums[0] - sums[1]).sum())


@dataclass(frozen=True)
class ScoredPairs:
    """Pairs of faces with what was measured of them.

    Attributes
    ----------
    similarity
        float64, shape (n,): rises with likeness.
    left, right
        int64, shape (n,): person of either face, 0 to people − 1.
    same
        bool, shape (n,): one person (a genuine pair), or two (an impostor pair).
    weight
        float64, shape (n,): how much each counts among those of its kind.
    fold
        int64, shape (n,): which part of a test it belongs to; −1 for none.
    """

    similarity: Doubles
    left: Rows
    right: Rows
    same: npt.NDArray[np.bool_]
    weight: Doubles
    fold: Rows

    def weighted(self, same: bool, values: Doubles | None = None) -> Weighted:
        """Similarities, or other values of the pairs, of one kind, and their weights."""
        rows = self.same == same
        return (self.similarity if values is None else values)[rows], self.weight[rows]


@dataclass(frozen=True)
class OperatingPoint:
    """Errors at a threshold.

    Attributes
    ----------
    false_match_rate
        FMR that was asked for.
    similarity
        Threshold: what so small a share of impostor pairs exceeds; None where there are too few to tell.
    false_non_match_rate
        FNMR: share of genuine pairs that do not exceed it.
    low, high
        95 % interval of that, by people drawn anew.
    """

    false_match_rate: float
    similarity: float | None
    false_non_match_rate: float | None
    low: float | None
    high: float | None


LEAST_FALSE_MATCHES = 3
"""Fewer impostor pairs beyond a threshold say nothing of a rate (the rule of 3 of ISO/IEC 19795-1)."""
DRAWS = 200


def error_rates(pairs: ScoredPairs) -> tuple[Doubles, Doubles, Doubles]:
    """Thresholds, rising, with the false match and false non-match rates at or above them.

    Returns
    -------
    thresholds, fmr, fnmr
        float64, shape (t,): impostors at the threshold match, genuine pairs below it do not.
    """
    order = np.argsort(pairs.similarity, kind="stable")
    values, begins = np.unique(pairs.similarity[order], return_index=True)
    rates: list[Doubles] = []
    for same in (False, True):
        weight = np.where(pairs.same[order] == same, pairs.weight[order], 0.0)
        below = np.concatenate([[0.0], np.cumsum(weight)])[begins]
        rates.append(below / weight.sum())
    return values, 1 - rates[0], rates[1]


def equal_error_rate(fmr: Doubles, fnmr: Doubles) -> float:
    """Where both rates of `error_rates` are the same, or between the thresholds at which they cross."""
    place = int(np.argmax(fnmr >= fmr))
    if fnmr[place] < fmr[place]:  # they do not cross at any threshold
        place = len(fmr) - 1
    before = max(0, place - 1)
    return float((max(fmr[place], fnmr[before]) + min(fmr[before], fnmr[place])) / 2)


def operating_points(pairs: ScoredPairs, rates: Sequence[float]) -> tuple[OperatingPoint, ...]:
    """FNMR at some false match rates, with intervals by people drawn anew."""
    impostors = int((~pairs.same).sum())
    there = [rate for rate in rates if impostors * rate >= LEAST_FALSE_MATCHES]
    exact = {rate: _fnmr_at(pairs, rate) for rate in there}
    ends: dict[float, Doubles] = {}
    if there:
        ends = dict(zip(there, np.quantile(_drawn(pairs, there), (0.025, 0.975), axis=0).T, strict=True))
    return tuple(
        OperatingPoint(rate, *exact[rate], float(ends[rate][0]), float(ends[rate][1]))
        if rate in exact
        else OperatingPoint(rate, None, None, None, None)
        for rate in rates
    )


def _fnmr_at(pairs: ScoredPairs, rate: float) -> tuple[float, float]:
    """Threshold that a share of the impostor pairs exceeds, and the share of genuine pairs that do not."""
    threshold = float(np.quantile(pairs.similarity[~pairs.same], 1 - rate))
    genuine, weight = pairs.weighted(True)
    return threshold, float(np.average(genuine <= threshold, weights=weight))


def _drawn(pairs: ScoredPairs, rates: Sequence[float], bins: int = 4000) -> Doubles:
    """FNMR at each rate for people drawn with replacement: float64, shape (DRAWS, rates)."""
    rng, people = np.random.default_rng(0), int(max(pairs.left.max(), pairs.right.max())) + 1
    edges = np.linspace(pairs.similarity.min(), pairs.similarity.max(), bins + 1)
    place = np.clip(np.digitize(pairs.similarity, edges) - 1, 0, bins - 1)
    found: list[list[float]] = []
    for _ in range(DRAWS):
        times = np.bincount(rng.integers(0, people, people), minlength=people).astype(np.float64)
        drawn = np.where(pairs.same, times[pairs.left], times[pairs.left] * times[pairs.right]) * pairs.weight
        genuine, impostor = (
            np.cumsum(np.bincount(place[rows], drawn[rows], bins)) for rows in (pairs.same, ~pairs.same)
        )
        if genuine[-1] and impostor[-1]:
            at = [int(np.searchsorted(impostor, (1 - rate) * impostor[-1])) for rate in rates]
            found.append([float(genuine[min(i, bins - 1)] / genuine[-1]) for i in at])
    return np.array(found).reshape(-1, len(rates))


def accuracy_in_folds(pairs: ScoredPairs) -> tuple[float, float] | None:
    """Mean and standard deviation over folds of the share of pairs judged rightly, as LFW's protocol has it.

    The threshold of each fold is the one that serves the other folds best. Genuine and impostor pairs count
    the same. None where there are fewer than two folds with pairs of both kinds.
    """
    folds = [
        fold
        for fold in np.unique(pairs.fold[pairs.fold >= 0]).tolist()
        if len(np.unique(pairs.same[pairs.fold == fold])) == 2
    ]
    if len(folds) < 2:
        return None
    right: list[float] = []
    for fold in folds:
        values, fmr, fnmr = error_rates(_some(pairs, (pairs.fold >= 0) & (pairs.fold != fold)))
        threshold = float(values[np.argmin(fmr + fnmr)])
        tested = _some(pairs, pairs.fold == fold)
        shares = [
            np.average((values >= threshold) == same, weights=weight)
            for same in (True, False)
            for values, weight in [tested.weighted(same)]
        ]
        right.append(float(np.mean(shares)))
    return float(np.mean(right)), float(np.std(right))


def _some(pairs: ScoredPairs, rows: npt.NDArray[np.bool_]) -> ScoredPairs:
    return ScoredPairs(
        pairs.similarity[rows],
        pairs.left[rows],
        pairs.right[rows],
        pairs.same[rows],
        pairs.weight[rows],
        pairs.fold[rows],
    )
