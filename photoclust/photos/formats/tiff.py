"""Directories of a TIFF file (TIFF 6.0, section 2; BigTIFF): as much as tells what pictures it holds.

Offsets and counts are hostile: nothing is followed twice, and only so many directories and tags are read.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Protocol

SUB_DIRECTORIES, REDUCED = 330, 254
MOST_DIRECTORIES = 4096
_SIZES = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4), 13: ("I", 4), 16: ("Q", 8), 18: ("Q", 8)}
_MOST_TAGS, _MOST_VALUES = 1000, 16


class Content(Protocol):
    """Bytes of a file, or what reads only those that are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...


@dataclass(frozen=True)
class Layout:
    """How a file writes numbers, and how long its entries are."""

    order: str
    offset: str
    first_at: int
    counter: str
    entry: int

    def number(self, kind: str, content: Content, at: int) -> int | None:
        """A number at a place; None where the file ends before it."""
        size = struct.calcsize(f"={kind}")
        raw = content[at : at + size]
        return struct.unpack(self.order + kind, raw)[0] if len(raw) == size else None


_LAYOUTS = {
    b"II*\0": Layout("<", "I", 4, "H", 12),
    b"MM\0*": Layout(">", "I", 4, "H", 12),
    b"II+\0": Layout("<", "Q", 8, "Q", 20),
    b"MM\0+": Layout(">", "Q", 8, "Q", 20),
}


@dataclass(frozen=True)
class Directory:
    """One picture, or a thumbnail of one: where it is described, and integers by tag.

    Attributes
    ----------
    following_at, following
        Where it is written where the next directory lies, and that; 0 where there is none.
    """

    offset: int
    tags: dict[int, tuple[int, ...]] = field(default_factory=dict)
    following_at: int = 0
    following: int = 0

    def number(self, tag: int) -> int | None:
        """The first value of a tag."""
        values = self.tags.get(tag)
        return values[0] if values else None


def layout_of(content: Content) -> Layout | None:
    """How a TIFF file is written; None where it is none."""
    return _LAYOUTS.get(bytes(content[:4]))


def directories(content: Content) -> Iterator[Directory]:
    """The directories of a file, those below others after them; none where it is no TIFF file."""
    return _directories(content, below=True)


def chain(content: Content, wanted: Container[int]) -> Iterator[Directory]:
    """The directories of a file that follow one another, as its pages do, with some of their tags."""
    return _directories(content, below=False, wanted=wanted)


def _directories(content: Content, below: bool, wanted: Container[int] | None = None) -> Iterator[Directory]:
    layout = layout_of(content)
    first = layout.number(layout.offset, content, layout.first_at) if layout else None
    if layout is None or first is None:
        return
    waiting, seen = [first], set[int]()
    while waiting and len(seen) < MOST_DIRECTORIES:
        offset = waiting.pop(0)
        if offset in seen or not 8 <= offset <= len(content) - 2:
            continue
        seen.add(offset)
        directory = _read(content, layout, offset, wanted)
        yield directory
        waiting += [directory.following, *(directory.tags.get(SUB_DIRECTORIES, ()) if below else ())]


def _read(content: Content, layout: Layout, offset: int, wanted: Container[int] | None) -> Directory:
    count = layout.number(layout.counter, content, offset) or 0
    at = offset + struct.calcsize(f"={layout.counter}")
    entries = content[at : at + layout.entry * min(count, _MOST_TAGS)]
    tags: dict[int, tuple[int, ...]] = {}
    for start in range(0, len(entries) - layout.entry + 1, layout.entry):
        tag, kind, number = struct.unpack_from(f"{layout.order}HH{layout.offset}", entries, start)
        if tag in tags or (wanted is not None and tag not in wanted):
            continue
        place = start + layout.entry - struct.calcsize(f"={layout.offset}")
        tags[tag] = _values(content, layout, entries[place : start + layout.entry], kind, number)
    end = at + layout.entry * count
    following = layout.number(layout.offset, content, end) if end < len(content) else None
    return Directory(offset, tags, end if following is not None else 0, following or 0)


def _values(content: Content, layout: Layout, raw: bytes, kind: int, number: int) -> tuple[int, ...]:
    """Values of a tag, in place where there is room; none where they are no integers."""
    letter, size = _SIZES.get(kind, ("", 0))
    if not letter:
        return ()
    number = min(number, _MOST_VALUES)
    length = number * size
    if length > len(raw):
        (at,) = struct.unpack(layout.order + layout.offset, raw)
        raw = content[at : at + length] if at < len(content) else b""
    return struct.unpack(f"{layout.order}{number}{letter}", raw[:length]) if len(raw) >= length else ()
