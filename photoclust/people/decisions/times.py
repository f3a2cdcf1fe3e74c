"""Times of decisions: as they are written, and as spreadsheets of many countries write them again.

A spreadsheet that takes ``2026-11-29T17:36:05.120000Z`` for a time shows it as ``29.11.2026 17:36`` or
``11/29/2026 5:36 PM``, without the seconds, and saves what it shows. All are UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_CLOCK = (
    r"(?:,?\s+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d{1,6})?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?)?"
)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[./-](?P<month>\d{1,2})[./-](?P<day>\d{1,2})\.?" + _CLOCK, re.I)
_YEAR_LAST = re.compile(
    r"(?P<one>\d{1,2})(?P<sign>[./-])\s?(?P<other>\d{1,2})(?P=sign)\s?(?P<year>\d{4}|\d{2})" + _CLOCK, re.I
)
_NO_SECONDS = re.compile(r"[^:]*\d:\d\d\D*")
_APART = timedelta(microseconds=2)  # not 1 µs, as the lines of one command are


def moment_of(text: str, line: int) -> datetime:
    """Time that a cell gives, UTC; of lines without seconds the later one in the file is the later.

    Raises
    ------
    ValueError
        When it is none, or day and month cannot be told apart.
    """
    moment = _plain(text) or _of_spreadsheet(text)
    try:
        utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        _ = utc + timedelta(days=1)  # later decisions have to find room
    except OverflowError:
        raise ValueError(f"{text[:40]!r} lies outside the calendar") from None
    return utc + line * _APART if _NO_SECONDS.fullmatch(text) else utc


def _plain(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _of_spreadsheet(text: str) -> datetime:
    found = _YEAR_FIRST.fullmatch(text) or _YEAR_LAST.fullmatch(text)
    if found is None:
        raise _no_time(text)
    groups = found.groupdict()
    day, month = (
        (int(groups["day"]), int(groups["month"])) if "day" in groups else _day_and_month(text, groups)
    )
    year = int(groups["year"]) + (2000 if len(groups["year"]) == 2 else 0)
    hour, minute, second = (int(groups[name] or 0) for name in ("hour", "minute", "second"))
    if groups["half"]:
        hour = hour % 12 + (12 if groups["half"].lower().startswith("p") else 0)
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        raise _no_time(text) from None


def _day_and_month(text: str, groups: dict[str, str]) -> tuple[int, int]:
    one, other = int(groups["one"]), int(groups["other"])
    if groups["sign"] == ".":  # nobody writes the month first with points
        return one, other
    short = len(groups["year"]) == 2  # 26/11/29 may begin with the year
    if one == other and not short:
        return one, other
    if other > 12 >= one:
        return other, one
    if one > 12 >= other and not short:
        return one, other
    raise ValueError(
        f"{text[:40]!r} does not say which is the day and which the month; write it as 2026-11-29T17:36:00Z"
    )


def _no_time(text: str) -> ValueError:
    return ValueError(f"{text[:40]!r} is no time such as 2026-03-01T18:22:05Z")
