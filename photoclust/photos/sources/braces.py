"""Names with braces, as shells expand them: ``shards{000..123}.tar``, ``{train,test}.tar``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from photoclust.errors import UsageError

_BRACES = re.compile(r"\{(?:(\d{1,9})\.\.(\d{1,9})|([^{}]*,[^{}]*))\}")
_MOST = 1_000_000


def expanded(text: str) -> Iterator[str]:
    """Every name that `text` stands for, in order; itself where it has no such braces.

    Raises
    ------
    UsageError
        When a range has more than a million numbers.
    """
    match = _BRACES.search(text)
    if match is None:
        yield text
        return
    for choice in _choices(match):
        yield from expanded(f"{text[: match.start()]}{choice}{text[match.end() :]}")


def _choices(match: re.Match[str]) -> Iterator[str]:
    first, last, names = match.groups()
    if names is not None:
        yield from names.split(",")
        return
    if abs(int(last) - int(first)) >= _MOST:
        raise UsageError(f"{match[0]} stands for more than {_MOST:,} names.")
    step = 1 if int(first) <= int(last) else -1
    for number in range(int(first), int(last) + step, step):
        yield f"{number:0{max(len(first), len(last)) if first[0] == '0' else 1}}"
