"""Whether confidence is honest: of what is said to be 90 % sure, nine in ten should be right.

Faces are binned by the confidence said of them, and what was said is compared with the share that is right
(DeGroot and Fienberg, The comparison and evaluation of forecasters, The Statistician 32, 1983).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from photoclust.types import Doubles, Rows

EDGES = (0.0, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
"""Of the bins: narrow where most confidences lie, as in ``benchmarks/calibrate.py``."""

_NORMAL = 1.959964  # of a normal distribution, 95 % lie within so many standard deviations


@dataclass(frozen=True)
class Bin:
    """What was said with some confidence, and how much of it was right.

    Attributes
    ----------
    low, high
        Confidence from, and below; the last bin holds 1 as well.
    count
        How many were said.
    said
        Mean confidence, in [0, 1].
    right
        Share that was right, in [0, 1].
    right_low, right_high
        Interval of 95 % confidence about `right`, see `wilson_interval`.
    """

    low: float
    high: float
    count: int
    said: float
    right: float
    right_low: float
    right_high: float

    @property
    def verdict(self) -> Literal["honest", "too sure", "too careful"]:
        """``honest`` where what was said lies in the interval."""
        if self.said > self.right_high:
            return "too sure"
        return "too careful" if self.said < self.right_low else "honest"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the verdict included."""
        return asdict(self) | {"verdict": self.verdict}


@dataclass(frozen=True)
class Reliability:
    """What was said against what was right.

    Attributes
    ----------
    bins
        Those that hold something, by rising confidence.
    overall
        Everything in one bin; None where nothing was said.
    calibration_error
        Expected calibration error, in [0, 1]: mean difference between what was said and what was right, over
        bins weighted by their counts (Naeini, Cooper and Hauskrecht, Obtaining well calibrated probabilities
        using Bayesian binning, AAAI 2015); 0 where nothing was said.
    calibration_error_by_chance
        How much of it is to be expected, at most, of perfectly honest confidence that was asked so few times.
    alike
        How much faces of one group are right and wrong together, see `alikeness`.
    brier
        Brier's score, the mean squared difference of confidence and truth, in [0, 1] (Verification of
        forecasts expressed in terms of probability, Monthly Weather Review 78, 1950).
    """

    bins: tuple[Bin, ...]
    overall: Bin | None
    calibration_error: float
    calibration_error_by_chance: float
    alike: float
    brier: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, verdicts included."""
        overall = self.overall.to_dict() if self.overall else None
        return asdict(self) | {"bins": [one.to_dict() for one in self.bins], "overall": overall}


def right_memberships(truth: Rows, group: Rows) -> tuple[Doubles, npt.NDArray[np.bool_]]:
    """Tell which memberships are right: more than half of the group is the face's person.

    It is the definition that confidence was calibrated with (``benchmarks/calibrate.py``). In a group
    that no person has more than half of, half and half say, nobody's membership is right.

    Parameters
    ----------
    truth, group
        int64, shape (n,): person and group of each labelled face, counted from 0; group −1 for none. Faces
        without a label are not among them, and so count neither for nor against.

    Returns
    -------
    right
        float64, shape (n,): 1 or 0.
    judged
        bool, shape (n,): whether it can be told, the face being in a group with another labelled one.
    """
    cell, own = _dense(group * (int(truth.max(initial=0)) + 1) + truth), _dense(group)
    size, shared = np.bincount(own)[own], np.bincount(cell)[cell]
    return (2 * shared > size).astype(np.float64), (group >= 0) & (size > 1)


def _dense(values: Rows) -> Rows:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def reliability(said: Doubles, right: Doubles, group: Rows) -> Reliability:
    """Hold confidence against what was right.

    Parameters
    ----------
    said
        float64, shape (n,), in [0, 1]: confidence.
    right
        float64, shape (n,), in [0, 1]: 1 for right, 0 for wrong, or a share.
    group
        int64, shape (n,), 0 and up: those of one group may be right and wrong together.
    """
    if not len(said):
        return Reliability((), None, 0.0, 0.0, 0.0, 0.0)
    place = np.clip(np.digitize(said, EDGES) - 1, 0, len(EDGES) - 2)
    alike = alikeness(right, group)
    held = [(i, np.flatnonzero(place == i)) for i in np.unique(place).tolist()]
    bins = [_bin((EDGES[i], EDGES[i + 1]), said[rows], right[rows], group[rows], alike) for i, rows in held]
    weight = np.array([one.count for one, _ in bins]) / len(said)
    gap = np.array([abs(one.said - one.right) for one, _ in bins])
    chance = np.array([_mean_deviation(one.said, n) for one, n in bins])
    return Reliability(
        bins=tuple(one for one, _ in bins),
        overall=_bin((EDGES[0], EDGES[-1]), said, right, group, alike)[0],
        calibration_error=float(weight @ gap),
        calibration_error_by_chance=float(weight @ chance),
        alike=alike,
        brier=float(((said - right) ** 2).mean()),
    )


def _mean_deviation(share: float, count: float) -> float:
    """Mean distance of what is seen in `count` trials from the true share.

    The normal approximation, and where trials are few that of a single one, which is the most.
    """
    variance = share * (1 - share)
    return float(min(np.sqrt(2 / np.pi * variance / count), 2 * variance))


def _bin(
    edges: tuple[float, float], said: Doubles, right: Doubles, group: Rows, alike: float
) -> tuple[Bin, float]:
    """A bin, and how many independent answers it is worth."""
    count = effective_count(group, alike)
    share = float(right.mean())
    return Bin(*edges, len(said), float(said.mean()), share, *wilson_interval(share, count)), count


def wilson_interval(share: float, count: float) -> tuple[float, float]:
    """Interval that holds the true share with a confidence of 95 %, given the share seen in `count` trials.

    Wilson, Probable inference, the law of succession, and statistical inference, JASA 22, 1927. Where
    trials are not independent, `count` is their effective number, which serves well with it (Franco, Little,
    Louis and Slud, Comparative study of confidence intervals for proportions in complex sample surveys,
    Journal of Survey Statistics and Methodology 7, 2019). Where not only 0 and 1 are seen but shares too, it
    errs on the wide side, since nothing in [0, 1] of that mean varies more.
    """
    z2 = _NORMAL**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    reach = np.sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2)
    return min(share, max(0.0, float(middle - reach))), max(share, min(1.0, float(middle + reach)))


def effective_count(group: Rows, alike: float) -> float:
    """How many independent faces say as much: n / (1 + (m − 1) alike).

    Kish, Survey Sampling, 1965: the design effect of a sample in clusters, where m is their mean size, each
    weighted by its size.
    """
    size = np.bincount(group)
    mean = float((size.astype(np.float64) ** 2).sum()) / len(group)
    return len(group) / (1 + (mean - 1) * alike)


def alikeness(right: Doubles, group: Rows) -> float:
    """How much faces of one group are right and wrong together, in [0, 1].

    The intraclass correlation at which Kish's design effect (see `effective_count`) is the variance of the
    share, groups taken as a whole, over that of as many independent faces; 0 where all are right, or all
    wrong, and nothing can be said. It is 0.08 for LFW's development people
    (``photoclust evaluate INDEX --json``).
    """
    size = np.bincount(group).astype(np.float64)
    off = right - right.mean()
    alone, together = float(off @ off), float((np.bincount(group, off) ** 2).sum())
    mean = float((size**2).sum()) / len(group)
    if alone < 1e-12 or mean <= 1:
        return 0.0
    return min(1.0, max(0.0, (together / alone - 1) / (mean - 1)))
