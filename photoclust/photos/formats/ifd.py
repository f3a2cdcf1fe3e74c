"""What of a TIFF file (TIFF 6.0, BigTIFF), and of raw photos that are made like one, a picture follows from.

All pictures of the file count, smaller ones and those of further pages too: a program that writes metadata
moves them about and leaves what is in them alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_MOST_PICTURES, _MOST_ENTRIES, _MOST_VALUES = 1000, 4096, 1_000_000
_SIZES = {1: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 18: 8}
_WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 273, 279, 324, 325
_JPEG, _JPEG_SIZE, _SUB_PICTURES, _ORIENTATION = 513, 514, 330, 274
_PLACES = frozenset(
    {_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES, _JPEG, _JPEG_SIZE, _SUB_PICTURES, _ORIENTATION}
)
_OLD_TABLES = frozenset({519, 520, 521})  # places of tables in the file, of a JPEG in the manner of TIFF 5
_LAYOUT = frozenset(
    # size, depth, compression, colours, order of bits, samples, rows of a strip, planes, fax options
    {256, 257, 258, 259, 262, 266, 277, 278, 284, 292, 293}
    # predictor, palette, tiles, inks, further samples, format, JPEG tables, YCbCr
    | {317, 320, 322, 323, 332, 338, 339, 347, 529, 530, 531, 532}
    | {33421, 33422, 50706}  # of raw photos the pattern of the sensor, and the version of DNG
)


@dataclass(frozen=True)
class _File:
    view: memoryview
    order: str
    big: bool

    def numbers(self, kind: str, at: int, count: int = 1) -> tuple[int, ...]:
        return struct.unpack_from(f"{self.order}{count}{kind}", self.view, at)


@dataclass(frozen=True)
class _Entry:
    kind: int
    count: int
    raw: memoryview

    def numbers(self, order: str) -> tuple[int, ...]:
        if self.kind not in _WHOLE:
            raise ValueError("no whole numbers where places are expected")
        return struct.unpack(f"{order}{self.count}{_WHOLE[self.kind]}", self.raw)


def is_tiff(content: bytes) -> bool:
    """Tell whether a file begins as a TIFF does."""
    return content[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def picture(content: bytes) -> Iterator[bytes | memoryview]:
    """Layout and coded data of each picture in a file.

    Raises
    ------
    ValueError, struct.error
        The file is not what it says.
    """
    file = _File(memoryview(content), "<" if content[:1] == b"I" else ">", b"+" in content[:4])
    first = file.numbers("Q", 8)[0] if file.big else file.numbers("I", 4)[0]
    waiting = [first]
    seen: set[int] = set()
    found = 0
    while waiting:
        at = waiting.pop()
        if at in seen or len(seen) == _MOST_PICTURES:
            raise ValueError("a circle of pictures, or too many")
        seen.add(at)
        entries, following = _directory(file, at)
        waiting += [following] if following else []
        inner = entries.get(_SUB_PICTURES)
        waiting += reversed(inner.numbers(file.order)) if inner else ()
        for piece in _pieces(file, entries):
            found += 1
            yield piece
        if at == first and (turned := entries.get(_ORIENTATION)) and turned.numbers(file.order) != (1,):
            yield bytes(turned.raw)
    if not found:
        raise ValueError("no picture")


def _directory(file: _File, at: int) -> tuple[dict[int, _Entry], int]:
    """Entries of a directory, by tag, and where the next one begins."""
    count = file.numbers("Q" if file.big else "H", at)[0]
    if count > _MOST_ENTRIES:
        raise ValueError("too many entries")
    at += 8 if file.big else 2
    width = 20 if file.big else 12
    entries: dict[int, _Entry] = {}
    for number in range(count):
        tag, entry = _entry(file, at + number * width)
        if entry is not None:
            entries.setdefault(tag, entry)
    return entries, file.numbers("Q" if file.big else "I", at + count * width)[0]


def _entry(file: _File, at: int) -> tuple[int, _Entry | None]:
    tag, kind = file.numbers("H", at, 2)
    count = file.numbers("Q" if file.big else "I", at + 4)[0]
    if tag in _OLD_TABLES:
        raise ValueError("tables elsewhere in the file")
    if tag not in _LAYOUT | _PLACES or kind not in _SIZES:
        return tag, None
    if count > _MOST_VALUES:
        raise ValueError("too many values")
    size, room = count * _SIZES[kind], 8 if file.big else 4
    place = at + (12 if file.big else 8)
    if size > room:
        place = file.numbers("Q" if file.big else "I", place)[0]
    raw = file.view[place : place + size]
    if len(raw) < size:
        raise ValueError("values beyond the end")
    return tag, _Entry(kind, count, raw)


def _pieces(file: _File, entries: dict[int, _Entry]) -> Iterator[bytes | memoryview]:
    pairs = ((_STRIPS, _STRIP_SIZES), (_TILES, _TILE_SIZES), (_JPEG, _JPEG_SIZE))
    coded = [(entries[place], entries[size]) for place, size in pairs if place in entries and size in entries]
    if not coded:
        return
    for tag in sorted(_LAYOUT.intersection(entries)):
        yield struct.pack(">H", tag) + b"".join(_values(entries[tag], file.order))
    for places, sizes in coded:
        yield from _data(file, places.numbers(file.order), sizes.numbers(file.order))


def _values(entry: _Entry, order: str) -> Iterator[bytes]:
    """Values in one byte order, whichever way a number is stored."""
    if entry.kind in _WHOLE:
        yield from (struct.pack(">Q", number) for number in entry.numbers(order))
    else:
        yield bytes(entry.raw)


def _data(file: _File, places: Sequence[int], sizes: Sequence[int]) -> Iterator[bytes | memoryview]:
    if len(places) != len(sizes) or sum(sizes) > 2 * len(file.view):
        raise ValueError("sizes that do not fit the places")
    for place, size in zip(places, sizes, strict=True):
        if place + size > len(file.view):
            raise ValueError("data beyond the end")
        yield struct.pack(">Q", size)
        yield file.view[place : place + size]
