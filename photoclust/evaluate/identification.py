"""Errors of open-set identification: words of ISO/IEC 19795-1 and of NIST's FRTE reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.evaluate.verification import DRAWS, LEAST_FALSE_MATCHES
from photoclust.types import Doubles, Rows


@dataclass(frozen=True)
class Searches:
    """Probes searched in a gallery.

    Attributes
    ----------
    score
        float64, shape (n,): of the best candidate of each probe, rises with how sure it is.
    rank
        int64, shape (n,): place of the right candidate, 1 for the best; 0 of probes that nobody in the
        gallery is (non-mated).
    person
        int64, shape (n,): whom each probe shows.
    """

    score: Doubles
    rank: Rows
    person: Rows

    @property
    def mated(self) -> npt.NDArray[np.bool_]:
        """bool, shape (n,): whether somebody in the gallery is the right one."""
        return self.rank > 0


@dataclass(frozen=True)
class SearchPoint:
    """Errors at a threshold.

    Attributes
    ----------
    false_positive_rate
        FPIR: share of non-mated probes with a candidate above the threshold.
    false_negative_rate
        FNIR: share of mated probes whose right candidate is not the first, or not above it; None where there
        are too few non-mated probes to tell.
    low, high
        95 % interval of that, by people drawn anew.
    """

    false_positive_rate: float
    false_negative_rate: float | None
    low: float | None
    high: float | None


def search_points(searches: Searches, rates: Sequence[float]) -> tuple[SearchPoint, ...]:
    """FNIR at some false positive identification rates."""
    strangers = int((~searches.mated).sum())
    people = np.unique(searches.person, return_inverse=True)[1]
    rng, count = np.random.default_rng(0), int(people.max()) + 1
    draws = [np.bincount(rng.integers(0, count, count), minlength=count)[people] for _ in range(DRAWS)]
    found: list[SearchPoint] = []
    for rate in rates:
        if strangers * rate < LEAST_FALSE_MATCHES or not searches.mated.any():
            found.append(SearchPoint(rate, None, None, None))
            continue
        drawn = [_fnir(searches, rate, times) for times in draws]
        low, high = np.nanquantile(drawn, (0.025, 0.975))
        found.append(SearchPoint(rate, _fnir(searches, rate, np.ones(len(people))), float(low), float(high)))
    return tuple(found)


def _fnir(searches: Searches, rate: float, times: npt.NDArray[np.float64] | Rows) -> float:
    mated = searches.mated
    if not times[mated].sum() or not times[~mated].sum():
        return float("nan")
    threshold = np.quantile(np.repeat(searches.score[~mated], times[~mated].astype(int)), 1 - rate)
    hit = (searches.rank[mated] == 1) & (searches.score[mated] > threshold)
    return float(np.average(~hit, weights=times[mated]))


def rank_rate(searches: Searches, rank: int) -> float | None:
    """Share of mated probes whose right candidate is among the first so many; None without such probes."""
    mated = searches.rank[searches.mated]
    return float((mated <= rank).mean()) if len(mated) else None
