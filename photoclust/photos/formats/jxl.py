"""JPEG XL (ISO/IEC 18181), read by the package pillow-jxl-plugin, which decodes a picture while opening it.

Its size is therefore read here first, from the header of the codestream. The decoder turns pictures upright
by the codestream's own orientation, unless the file is a JPEG packed without loss: that comes back as it was.
"""

from __future__ import annotations

import struct
from importlib import import_module
from typing import Any

_CODESTREAM, _CONTAINER = b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_LENGTHS = (9, 13, 18, 30)


def is_jxl(content: bytes) -> bool:
    """Tell whether a file begins as a JPEG XL does."""
    return content.startswith((_CODESTREAM, _CONTAINER))


def register() -> bool:
    """Let Pillow read the format; false where the package for it is missing."""
    try:
        plugin: Any = import_module("pillow_jxl.JpegXLImagePlugin")
    except ImportError:
        return False
    plugin.DECODE_THREADS = 0  # photos are decoded side by side
    return True


def is_turned(image: Any) -> bool:
    """Tell whether the decoder has turned the picture upright, so that its EXIF must not be asked."""
    return image.format == "JXL" and not image.jpeg


def size(content: bytes) -> tuple[int, int]:
    """Width and height in the header (ISO/IEC 18181-1, annex D.3).

    Raises
    ------
    ValueError
        There is none.
    """
    start = content if content.startswith(_CODESTREAM) else _first_codestream(content)
    if not start.startswith(_CODESTREAM):
        raise ValueError("no codestream")
    bits = _Bits(int.from_bytes(start[2:16].ljust(14, b"\0"), "little"))
    small = bits.take(1)
    height = _side(bits, small)
    ratio = bits.take(3)
    if not ratio:
        return _side(bits, small), height
    wide, high = _RATIOS[ratio - 1]
    return height * wide // high, height


class _Bits:
    def __init__(self, value: int) -> None:
        self.value = value

    def take(self, number: int) -> int:
        taken = self.value & ((1 << number) - 1)
        self.value >>= number
        return taken


def _side(bits: _Bits, small: int) -> int:
    return 8 * (bits.take(5) + 1) if small else bits.take(_LENGTHS[bits.take(2)]) + 1


def _first_codestream(content: bytes) -> bytes:
    """What the first box with a codestream, or a part of one, begins with."""
    at = 0
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        head = 8
        if length == 1 and at + 16 <= len(content):
            (length,), head = struct.unpack_from(">Q", content, at + 8), 16
        if kind in (b"jxlc", b"jxlp"):
            return content[at + head + (4 if kind == b"jxlp" else 0) :][:16]
        if length < head:  # 0 is to the end of the file
            break
        at += length
    return b""
