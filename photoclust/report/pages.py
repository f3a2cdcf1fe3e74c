"""How a large album is shared out among pages."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

PAGE_NAME = re.compile(r"index\.html|people-\d+\.html")
_NEARLY_FULL = 0.7  # of a page


@dataclass(frozen=True)
class Limits:
    """How much a page may hold.

    Parameters
    ----------
    faces
        Faces shown of one person; near-identical ones count as one.
    alike
        Faces shown of those that are near-identical.
    people
        People on one page.
    size
        Bytes of people's faces on one page, about; one person always fits.
    rest
        Faces shown of the unsure, and of those of low quality, in the same way; failed photos named.
    """

    faces: int = 60
    alike: int = 30
    people: int = 200
    size: int = 6_000_000
    rest: int = 120


def split_pages(costs: list[int], limits: Limits, places: Sequence[float] = ()) -> Iterator[tuple[int, int]]:
    """Share people out among pages, in order.

    Parameters
    ----------
    costs
        Bytes that each person takes.
    limits
        What a page may hold.
    places
        A number for each person, always the same and spread evenly. Of those with whom a page is nearly full
        it ends after the one with the least number: so pages soon end where they ended before when somebody
        on an earlier page comes or goes. Without them every page is as full as it may be.

    Yields
    ------
    tuple of int
        First person of a page, and the first of the next. At least one page, and on each at least one
        person where there are any.
    """
    ends = list(accumulate(costs, initial=0))
    start = 0
    while start < len(costs):
        stop = min(start + limits.people, bisect_right(ends, ends[start] + limits.size) - 1)
        stop = max(stop, start + 1)
        if places and stop < len(costs):
            stop = min(_nearly_full(ends, start, stop, limits), key=lambda one: places[one - 1])
        yield start, stop
        start = stop
    if not costs:
        yield 0, 0


def _nearly_full(ends: list[int], start: int, stop: int, limits: Limits) -> range:
    """Where a page may end that begins with one person and has no room for another."""
    people = start + ceil(_NEARLY_FULL * limits.people)
    size = bisect_left(ends, ends[start] + _NEARLY_FULL * limits.size)
    return range(min(stop, people, max(size, start + 1)), stop + 1)


def page_name(number: int) -> str:
    """Give the file name of a page, counted from 0; `PAGE_NAME` matches them all."""
    return f"people-{number + 1}.html" if number else "index.html"


def nearby(number: int, count: int) -> list[int]:
    """Pages worth a link from page `number`: the first and the neighbours, and from the first the last.

    So a page in the middle stays as it is when there is one page more.
    """
    last = set() if number else {count - 1}
    return sorted({0, *last, *range(max(0, number - 2), min(count, number + 3))})
