"""Evidence as odds: what it is worth, and what it makes of what was expected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from photoclust.types import Doubles

FOR, AGAINST = 0.62, 0.25
"""What evidence is worth, as the natural logarithm of a likelihood ratio, above and below 0.

The two-covariance model is too sure of itself. At its evidence 3, 9, 14 and 18 the densities of genuine over
impostor pairs, from the rates measured on single pairs of LFW's development people (``single_pairs`` of the
calibration), are e^2.7, e^5.8, e^8.8 and e^11.4. Below 0 odd photos of the right person (sunglasses, a
strange angle) are what decides: of 1,815 faces in folders of three and more 0.2 % lie below −6 and 0.1 %
below −10, where strangers have a density of 0.003, so that −10 is worth e^−2.6.
"""


def worth(evidence: Doubles) -> Doubles:
    """Logarithm of the likelihood ratio that evidence stands for, float64 of the same shape."""
    return np.where(evidence > 0, FOR, AGAINST) * evidence


def mixture(share: float, likelihood: Doubles) -> Doubles:
    """Logarithm of (1 − share) + share × likelihood, the likelihood given as its logarithm."""
    return np.logaddexp(np.log(1 - share), np.log(share) + likelihood)


def log_odds(probability: float) -> float:
    """Natural logarithm of p / (1 − p); of a probability of 0, that of 1e-9."""
    return float(np.log(max(probability, 1e-9) / (1 - probability)))


def probability(log_odds: npt.ArrayLike) -> Doubles:
    """Probability that has these log-odds, float64 in [0, 1]."""
    return 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))


def times(evidence: float) -> str:
    """What evidence is worth, in words, with one significant digit: ``3 thousand times``."""
    ratio = float(f"{min(np.exp(np.abs(worth(np.array(evidence)))), 1e12):.1g}")
    for size, word in (
        (1e12, " trillion"),
        (1e9, " billion"),
        (1e6, " million"),
        (1e3, " thousand"),
        (1, ""),
    ):
        if ratio >= size:
            return f"{ratio / size:.0f}{word} times"
    return "no"
