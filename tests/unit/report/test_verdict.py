"""Probabilities of verdicts, in words."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from photoclust.report.verdict import chance, percent


@dataclass
class Chances:
    """A probability and the ends of its interval."""

    probability: float | None
    probability_low: float | None
    probability_high: float | None


@pytest.mark.parametrize(
    ("probability", "percents"),
    [
        (0.0, "under 0.0001"),
        (4e-7, "under 0.0001"),
        (2e-6, "0.0002"),
        (0.0001, "0.01"),
        (0.5, "50.0"),
        (0.99986, "99.99"),
        (0.999999, "99.9999"),
        (1 - 1e-9, "over 99.9999"),
    ],
)
def test_a_probability_is_never_rounded_to_none_or_to_certainty(probability: float, percents: str) -> None:
    assert percent(probability) == percents


@pytest.mark.parametrize(
    ("chances", "words"),
    [
        (Chances(1e-12, 1e-13, 1e-9), "under 0.0001 %"),
        (Chances(1e-12, 1e-12, 1e-12), "under 0.0001 %"),
        (Chances(1e-8, 1e-9, 2e-6), "under 0.0001 % (95 % interval under 0.0001 to 0.0002 %)"),
        (Chances(1 - 1e-9, 1 - 1e-9, 1 - 1e-9), "over 99.9999 %"),
        (Chances(0.9998, 0.9998, 0.9998), "at least 99.98 %"),
        (Chances(0.987, 0.971, 0.994), "98.7 % (95 % interval 97.1 to 99.4 %)"),
    ],
)
def test_an_interval_is_told_where_it_says_something(chances: Chances, words: str) -> None:
    assert chance(chances) == words
