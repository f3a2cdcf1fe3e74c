"""What a search for photos did not take, counted, and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields

from photoclust.photos.sources.debris import BIN, HIDDEN
from photoclust.photos.sources.kinds import OTHER

Counts = dict[str, dict[str, int]]

SUFFIXES_SAID = 12
_PAIRED = {"raw": "RAW file", "video": "video"}


@dataclass
class PassedOver:
    """What a search for photos did not take.

    Attributes
    ----------
    suffixes
        Files that are no photos photoclust reads, by their suffix; ``other`` for those that are no media.
    paired
        Files that belong to the photo beside them: ``raw``, and ``video`` of a Live Photo.
    folders, photos
        What was left out by a rule, by that rule; what lies in such a folder is not counted.
    pages
        Files of which the first page is taken and further ones are not looked for: ``tiff``.
    """

    suffixes: Counter[str] = field(default_factory=Counter)
    paired: Counter[str] = field(default_factory=Counter)
    folders: Counter[str] = field(default_factory=Counter)
    photos: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)

    def values(self) -> Counts:
        """Plain values, the most frequent first; what counts nothing is left away."""
        counters = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: dict(_by_number(counter)) for name, counter in counters if counter}


def _by_number(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def in_words(counts: Counts) -> list[str]:
    """Say in a line each what was passed over for its kind, and what a rule left out."""
    lines: list[str] = []
    if suffixes := counts.get("suffixes"):
        lines.append(f"Passed over: {', '.join(_suffixes(suffixes))}")
    if paired := [_number(n, _PAIRED[kind]) for kind, n in _by_number(counts.get("paired", {}))]:
        lines.append(f"Paired with the photo beside them: {', '.join(paired)}")
    if files := counts.get("pages"):
        number = _number(sum(files.values()), "TIFF file")
        lines.append(f"Passed over: further pages, if any, of {number} in buckets or archives")
    left_out = [_folders(*item) for item in _by_number(counts.get("folders", {}))]
    left_out += [f"{_number(n, 'photo')} by {rule}" for rule, n in _by_number(counts.get("photos", {}))]
    if left_out:
        lines.append(f"Left out: {', '.join(left_out).replace('by hidden', 'hidden')}")
    return lines


def _suffixes(counts: dict[str, int]) -> list[str]:
    media = [(suffix, n) for suffix, n in _by_number(counts) if suffix != OTHER]
    words = [f"{n} {suffix}" for suffix, n in media[:SUFFIXES_SAID]]
    if rest := sum(n for _, n in media[SUFFIXES_SAID:]):
        words.append(f"{rest} of {len(media) - SUFFIXES_SAID} more kinds")
    if other := counts.get(OTHER):
        words.append(_number(other, "file") + " of no known kind")
    return words


def _folders(rule: str, number: int) -> str:
    if rule == BIN:
        return f"{_number(number, 'folder')} of bins, snapshots or previews"
    return _number(number, "hidden folder") if rule == HIDDEN else f"{_number(number, 'folder')} by {rule}"


def _number(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
