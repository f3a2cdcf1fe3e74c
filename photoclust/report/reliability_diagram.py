"""Reliability diagrams: what was said across, what was right up, as shapes for a page to draw.

A confidence of 99 % and one of 99.5 % are as far apart as 80 % and 90 % to whoever relies on them, so both
axes are stretched alike: each bin takes the same room, and the diagonal stays one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SIDE = 288.0  # of the square that is drawn in, in units of the picture
BAR = 44.0  # height of the tallest bar


@dataclass(frozen=True)
class Mark:
    """A bin in the square, which begins at its upper left corner.

    Attributes
    ----------
    x, y
        Its point.
    top, bottom
        Ends of the interval about it.
    middle, width
        Of its column, which holds the bar.
    bar
        Height of the bar of its count, up to `BAR`.
    count
        How many it holds, in writing.
    verdict
        ``honest``, ``too sure`` or ``too careful``.
    words
        The same in a sentence.
    """

    x: float
    y: float
    top: float
    bottom: float
    middle: float
    width: float
    bar: float
    count: str
    verdict: str
    words: str


@dataclass(frozen=True)
class Diagram:
    """A diagram of some `things`; `ticks` are places on either axis and what stands there."""

    things: str
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]


def diagram(things: str, bins: Sequence[Mapping[str, Any]], edges: Sequence[float]) -> Diagram:
    """Lay a reliability diagram out.

    Parameters
    ----------
    things
        What was counted: ``faces``, say.
    bins
        As ``evaluate --json`` writes them.
    edges
        Of all bins, from 0 to 1.
    """
    most = max((one["count"] for one in bins), default=1)
    marks = tuple(_mark(things, one, edges, BAR * one["count"] / most) for one in bins)
    ticks = tuple((stretched(edge, edges), f"{edge * 100:g}") for edge in edges)
    return Diagram(things, marks, ticks)


def stretched(share: float, edges: Sequence[float]) -> float:
    """Place of a share on an axis that gives each bin the same room, from 0 to `SIDE`."""
    bins = len(edges) - 1
    place = min(max(bisect_right(edges, share) - 1, 0), bins - 1)
    inside = (share - edges[place]) / (edges[place + 1] - edges[place])
    return round(SIDE * (place + inside) / bins, 2)


def _mark(things: str, one: Mapping[str, Any], edges: Sequence[float], bar: float) -> Mark:
    low, high = stretched(one["low"], edges), stretched(one["high"], edges)
    y, top, bottom = (
        round(SIDE - stretched(one[name], edges), 2) for name in ("right", "right_high", "right_low")
    )
    words = (
        f"{one['count']:,} {things} said to be {one['low']:.0%} to {one['high']:.0%} sure, {one['said']:.1%} "
        f"on average: {one['right']:.1%} right, between {one['right_low']:.1%} and {one['right_high']:.1%}"
    )
    return Mark(
        x=stretched(one["said"], edges),
        y=y,
        top=top,
        bottom=bottom,
        middle=(low + high) / 2,
        width=high - low,
        bar=round(max(1.0, bar), 2),
        count=f"{one['count']:,}",
        verdict=one["verdict"],
        words=words,
    )
