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

    An interval without width is the end of what was measured.
    """
    if pair.probability_low == pair.probability_high:
        return f"at least {percent(pair.probability or 0)} %"
    low, high = percent(pair.probability_low or 0), percent(pair.probability_high or 0)
    return f"{percent(pair.probability or 0)} % (95 % interval {low} to {high} %)"


def percent(probability: float) -> str:
    """Percents with as many digits as it takes to tell a probability from 0 and from 1."""
    digits = (digits for digits in (1, 2, 3) if 0 < float(f"{probability * 100:.{digits}f}") < 100)
    return f"{probability * 100:.{next(digits, 4)}f}"


def one_in(rate: float) -> str:
    """A rate as ``1 in 1,000``."""
    return f"1 in {1 / rate:,.0f}" if rate < 0.1 else f"{rate:.0%}"
