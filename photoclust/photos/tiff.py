"""Directories of a TIFF file (TIFF 6.0, section 2; not BigTIFF): as much as tells what pictures it holds.

Offsets and counts are hostile: nothing is followed twice, and only so many directories and tags are read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

SUB_DIRECTORIES, REDUCED = 330, 254
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_SIZES = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4), 13: ("I", 4)}
_MOST_DIRECTORIES, _MOST_TAGS, _MOST_VALUES = 4096, 1000, 16


@dataclass(frozen=True)
class Directory:
    """One picture, or a thumbnail of one: where it is described, and integers by tag."""

    offset: int
    tags: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def number(self, tag: int) -> int | None:
        """The first value of a tag."""
        values = self.tags.get(tag)
        return values[0] if values else None


def directories(content: bytes) -> Iterator[Directory]:
    """The directories of a file, those below others after them; none where it is no TIFF file."""
    order = _ORDERS.get(content[:4])
    if order is None or len(content) < 8:
        return
    waiting, seen = [struct.unpack_from(f"{order}I", content, 4)[0]], set[int]()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        offset = waiting.pop(0)
        if offset in seen or not 8 <= offset <= len(content) - 2:
            continue
        seen.add(offset)
        directory, following = _read(content, order, offset)
        yield directory
        waiting += [following, *directory.tags.get(SUB_DIRECTORIES, ())]


def _read(content: bytes, order: str, offset: int) -> tuple[Directory, int]:
    (count,) = struct.unpack_from(f"{order}H", content, offset)
    tags: dict[int, tuple[int, ...]] = {}
    for at in range(offset + 2, offset + 2 + 12 * min(count, _MOST_TAGS), 12):
        if at + 12 > len(content):
            break
        tag, kind, number = struct.unpack_from(f"{order}HHI", content, at)
        tags[tag] = _values(content, order, at + 8, kind, min(number, _MOST_VALUES))
    end = offset + 2 + 12 * count
    following = struct.unpack_from(f"{order}I", content, end)[0] if end + 4 <= len(content) else 0
    return Directory(offset, tags), following


def _values(content: bytes, order: str, at: int, kind: int, number: int) -> tuple[int, ...]:
    """Values of a tag, in place where they take four bytes or less; none where they are no integers."""
    letter, size = _SIZES.get(kind, ("", 0))
    if not letter:
        return ()
    if number * size > 4:
        (at,) = struct.unpack_from(f"{order}I", content, at)
    if at + number * size > len(content):
        return ()
    return struct.unpack_from(f"{order}{number}{letter}", content, at)
