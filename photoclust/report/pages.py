"""How a large album is shared out among pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

PAGE_NAME = re.compile(r"index\.html|people-\d+\.html")
# Who takes a share s of a page ends one that is nearly full with probability 8 s. Of the last quarter two
# people are expected to, so that of eight pages seven, 1 − exp(−2), end after one of them.
_NEARLY_FULL, _ENDS_A_PAGE = 0.75, 8


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
        A number in [0, 1) for each person, always the same and spread evenly. A page that is nearly full ends
        after a person whose number is small, so that pages end where they ended before when somebody on an
        earlier page comes or goes. Without them every page is as full as it may be.

    Yields
    ------
    tuple of int
        First person of a page, and the first of the next. At least one page, and on each at least one
        person where there are any.
    """
    ends = list(accumulate(costs, initial=0))
    start = 0
    for stop in range(1, len(costs) + 1):
        full = stop < len(costs) and ends[stop + 1] - ends[start] > limits.size
        filled = max((stop - start) / limits.people, (ends[stop] - ends[start]) / limits.size)
        share = max(1 / limits.people, costs[stop - 1] / limits.size)
        early = bool(places) and filled >= _NEARLY_FULL and places[stop - 1] < _ENDS_A_PAGE * share
        if stop == len(costs) or full or early or stop - start == limits.people:
            yield start, stop
            start = stop
    if not costs:
        yield 0, 0


def page_name(number: int) -> str:
    """Give the file name of a page, counted from 0; `PAGE_NAME` matches them all."""
    return f"people-{number + 1}.html" if number else "index.html"


def nearby(number: int, count: int) -> list[int]:
    """Pages worth a link from page `number`: the first and the neighbours, and from the first the last.

    So a page in the middle stays as it is when there is one page more.
    """
    last = set() if number else {count - 1}
    return sorted({0, *last, *range(max(0, number - 2), min(count, number + 3))})
