"""A verification in words."""

from __future__ import annotations

from typing import Protocol


class Chance(Protocol):
    """A probability and its 95 % interval."""

    @property
    def probability(self) -> float | None: ...  # noqa: D102
    @property
    def probability_low(self) -> float | None: ...  # noqa: D102
    @property
    def probability_high(self) -> float | None: ...  # noqa: D102


class Pair(Chance, Protocol):
    """What is said of a pair of faces; see `photoclust.workflows.verify.FacePair`."""

    @property
    def faces(self) -> tuple[int, int]: ...  # noqa: D102
    @property
    def verified(self) -> bool: ...  # noqa: D102
    @property
    def distance(self) -> float: ...  # noqa: D102
    @property
    def cosine_distance(self) -> float: ...  # noqa: D102
    @property
    def euclidean_distance(self) -> float: ...  # noqa: D102
    @property
    def false_match_rate(self) -> float | None: ...  # noqa: D102


def verdict_lines(
    pair: Pair, threshold: float, false_match_rate: float | None, metric: str
) -> tuple[str, ...]:
    """Verdict with its probability, distance with threshold, and the two named distances: three lines."""
    verdict = "The same person" if pair.verified else "Different people"
    if pair.probability is not None:
        verdict += f": {chance(pair)} likely the same"
    rate = f" (false match rate {one_in(false_match_rate)})" if false_match_rate else ""
    return (
        verdict,
        f"Distance {pair.distance:.3f} ({metric}), threshold {threshold:.3f}{rate}",
        f"Cosine distance {pair.cosine_distance:.3f}, Euclidean distance {pair.euclidean_distance:.3f}",
    )


def chance(pair: Chance) -> str:
    """Probability with its interval, as ``98.7 % (95 % interval 97.1 to 99.4 %)``.

    An interval without width is the end of what was measured. None is told where all of it is too near to
    0 or to 1 for four digits.
    """
    chances = (pair.probability, pair.probability_low, pair.probability_high)
    said, low, high = (percent(one or 0) for one in chances)
    if said == low == high and not said[0].isdigit():
        return f"{said} %"
    if pair.probability_low == pair.probability_high:
        return f"at least {said} %"
    return f"{said} % (95 % interval {low} to {high} %)"


def percent(probability: float) -> str:
    """Percents with as many digits as it takes to tell a probability from 0 and from 1, four at most."""
    shown = (f"{probability * 100:.{digits}f}" for digits in (1, 2, 3, 4))
    ends = "under 0.0001" if probability < 0.5 else "over 99.9999"
    return next((percents for percents in shown if 0 < float(percents) < 100), ends)


def one_in(rate: float) -> str:
    """A rate as ``1 in 1,000``."""
    return f"1 in {1 / rate:,.0f}" if rate < 0.1 else f"{rate:.0%}"
