"""What in a file made of boxes (ISO/IEC 14496-12) its picture follows from: HEIF, AVIF, CR3, JP2, JXL.

In HEIF and AVIF a picture is one of many items; names, places and people are items beside it, often in the
same box of data. So items that are pictures count with what they are made of, what is said of how to show
them, and how they hang together.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_MOST_BOXES, _MOST_ITEMS = 200_000, 100_000
_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif"})
_METADATA = frozenset({b"Exif", b"mime", b"uri "})
_TOGETHER = frozenset({b"dimg", b"auxl", b"prem", b"base", b"thmb"})

Piece = bytes | memoryview


@dataclass
class _Item:
    kind: bytes = b""
    properties: list[int] = field(default_factory=list[int])
    method: int = 0
    extents: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])


def has_boxes(content: bytes) -> bool:
    """Tell whether a file is of one of the kinds that `picture` understands."""
    return content.startswith(b"\xff\x0a") or content[4:8] in (b"ftyp", b"JXL ", b"jP  ")


def picture(content: bytes) -> Iterator[Piece]:
    """What the picture of a file follows from.

    Raises
    ------
    ValueError, struct.error, LookupError
        The file is not what it says, or its boxes are of another kind.
    """
    if content.startswith(b"\xff\x0a"):  # a JPEG XL codestream that no box is around
        return iter((content,))
    view = memoryview(content)
    kind = bytes(view[4:8])
    if kind == b"JXL ":
        return _codestream(view)
    if kind == b"jP  ":
        return _bodies(view, (b"jp2h", b"jp2c"))
    if bytes(view[8:12]) == b"crx ":
        return _bodies(view, (b"mdat",))
    return _items(view)


def _boxes(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and body of each box in order."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at == len(view):
            return
        size, kind = struct.unpack_from(">I4s", view, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", view, at + 8)[0], 16
        size = size or len(view) - at
        if size < head or at + size > len(view):
            raise ValueError("a box without its end")
        yield kind, view[at + head : at + size]
        at += size
    raise ValueError("too many boxes")


def _codestream(view: memoryview) -> Iterator[Piece]:
    for kind, body in _boxes(view):
        if kind in (b"jxlc", b"jxlp"):
            yield body[4:] if kind == b"jxlp" else body


def _bodies(view: memoryview, kinds: tuple[bytes, ...]) -> Iterator[Piece]:
    for kind, body in _boxes(view):
        if kind in kinds:
            yield struct.pack(">4sQ", kind, len(body))
            yield body


# -- HEIF and AVIF ------------------------------------------------------------------------------------


def _items(view: memoryview) -> Iterator[Piece]:
    top = dict(reversed([*_boxes(view)]))
    kinds = bytes(top[b"ftyp"])
    brands = {kinds[at : at + 4] for at in range(0, len(kinds), 4)}
    if not brands & _BRANDS or b"moov" in top or b"meta" not in top:
        raise ValueError("no still picture")
    meta = dict(reversed([*_boxes(top[b"meta"][4:])]))
    items = _kinds(meta[b"iinf"])
    _locate(meta[b"iloc"], items)
    properties = [*_boxes(dict(_boxes(meta[b"iprp"]))[b"ipco"])]
    _describe(meta[b"iprp"], items)
    yield bytes(meta[b"pitm"])
    for number, item in sorted(items.items()):
        if item.kind in _METADATA:
            continue
        yield struct.pack(">I4s", number, item.kind)
        yield from _shown(item, properties)
        yield from _coded(view, meta.get(b"idat"), item)
    for kind, body in _boxes(meta[b"iref"][4:]) if b"iref" in meta else ():
        if kind in _TOGETHER:
            yield struct.pack(">4sI", kind, len(body))
            yield body


def _kinds(body: memoryview) -> dict[int, _Item]:
    start = 6 if body[0] == 0 else 8
    items: dict[int, _Item] = {}
    for kind, entry in _boxes(body[start:]):
        if kind != b"infe" or entry[0] not in (2, 3) or len(items) == _MOST_ITEMS:
            raise ValueError("items of another kind")
        number = struct.unpack_from(">H" if entry[0] == 2 else ">I", entry, 4)[0]
        at = 8 if entry[0] == 2 else 10
        items[number] = _Item(bytes(entry[at : at + 4]))
    return items


class _Reader:
    def __init__(self, view: memoryview, at: int) -> None:
        self.view, self.at = view, at

    def number(self, size: int) -> int:
        if self.at + size > len(self.view):
            raise ValueError("a number beyond the end")
        self.at += size
        return int.from_bytes(self.view[self.at - size : self.at], "big")


def _locate(body: memoryview, items: dict[int, _Item]) -> None:
    version, read = body[0], _Reader(body, 4)
    first, second = read.number(1), read.number(1)
    offset_size, length_size, base_size = first >> 4, first & 15, second >> 4
    index_size = second & 15 if version in (1, 2) else 0
    wide = 4 if version == 2 else 2
    for _ in range(read.number(wide)):
        item = items[read.number(wide)]
        item.method = read.number(2) & 15 if version in (1, 2) else 0
        if read.number(2):  # the data is in another file
            raise ValueError("data elsewhere")
        base = read.number(base_size)
        for _ in range(read.number(2)):
            read.number(index_size)
            item.extents.append((base + read.number(offset_size), read.number(length_size)))


def _describe(body: memoryview, items: dict[int, _Item]) -> None:
    for kind, ipma in _boxes(body):
        if kind != b"ipma":
            continue
        read = _Reader(ipma, 4)
        wide = bool(ipma[3] & 1)
        for _ in range(read.number(4)):
            number = read.number(2 if ipma[0] == 0 else 4)
            size, mask = (2, 0x7FFF) if wide else (1, 0x7F)  # the highest bit: it must be understood
            places = [read.number(size) & mask for _ in range(read.number(1))]
            if number in items:
                items[number].properties += places


def _shown(item: _Item, properties: list[tuple[bytes, memoryview]]) -> Iterator[Piece]:
    """What is said of how to show an item; a colour profile is not applied, and so does not count."""
    for place in item.properties:
        if place == 0:
            continue
        kind, body = properties[place - 1]
        if kind == b"colr" and bytes(body[:4]) in (b"prof", b"rICC"):
            continue
        yield struct.pack(">4sI", kind, len(body))
        yield body


def _coded(view: memoryview, inside: memoryview | None, item: _Item) -> Iterator[Piece]:
    source = view if item.method == 0 else inside
    if source is None or item.method > 1:
        raise ValueError("an item made of others by a rule")
    for offset, length in item.extents:
        if offset + length > len(source) or (length == 0 and len(item.extents) > 1):
            raise ValueError("data beyond the end")
        yield source[offset : offset + length] if length else source[offset:]
