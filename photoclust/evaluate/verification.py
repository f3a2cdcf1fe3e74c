"""Errors of verification, and what calibrated likelihood ratios cost: words of ISO/IEC 19795-1.

Scores are taken to rise with likeness. Weights let every person count the same.
"""

from __future__ import annotations

import numpy as np
from sklearn.isotonic import isotonic_regression

from photoclust.types import Doubles

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
