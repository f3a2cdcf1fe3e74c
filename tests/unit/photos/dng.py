"""A small DNG file (Adobe DNG 1.4): sensor values as a mosaic, and a JPEG preview below them if wanted."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from PIL import Image

Entry = tuple[int, int, Any]
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8}
_FORMATS = {1: "B", 3: "H", 4: "I"}


def dng(picture: Image.Image, orientation: int = 1, preview: Image.Image | None = None) -> bytes:
    """Write a picture as a camera would: `preview` is a JPEG, not turned."""
    mosaic = _mosaic(np.asarray(picture.convert("RGB"), np.uint16) << 8)
    jpeg = io.BytesIO()
    if preview is not None:
        preview.save(jpeg, "JPEG", quality=92)
    strip, shown = mosaic.tobytes(), jpeg.getvalue()
    at_strip, at_jpeg = 8, 8 + len(strip)
    at_sub = at_jpeg + len(shown) + len(shown) % 2
    sub = [] if preview is None else [
        (254, 4, [1]), (256, 4, [preview.width]), (257, 4, [preview.height]), (258, 3, [8, 8, 8]),
        (259, 3, [7]),
        (262, 3, [6]), (273, 4, [at_jpeg]), (277, 3, [3]), (278, 4, [preview.height]), (279, 4, [len(shown)]),
    ]  # fmt: skip
    below = _directory(sub, at_sub) if sub else b""
    main: list[Entry] = [
        (254, 4, [0]), (256, 4, [picture.width]), (257, 4, [picture.height]), (258, 3, [16]), (259, 3, [1]),
        (262, 3, [32803]), (271, 2, b"Test\0"), (272, 2, b"Test 1\0"), (273, 4, [at_strip]),
        (274, 3, [orientation]),
        (277, 3, [1]), (278, 4, [picture.height]), (279, 4, [len(strip)]), (306, 2, b"2024:05:06 07:08:09\0"),
        *([(330, 4, [at_sub])] if sub else []), (33421, 3, [2, 2]), (33422, 1, [0, 1, 1, 2]),
        (50706, 1, [1, 4, 0, 0]), (50708, 2, b"Test 1\0"), (50714, 3, [0]), (50717, 4, [65535]),
        (50721, 10, [(1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1)]),
        (50728, 5, [(1, 1), (1, 1), (1, 1)]), (50778, 3, [21]),
    ]  # fmt: skip
    at_main = at_sub + len(below)
    body = strip + shown + b"\0" * (len(shown) % 2) + below + _directory(main, at_main)
    return b"II*\0" + struct.pack("<I", at_main) + body


def _mosaic(rgb: np.ndarray) -> np.ndarray:
    mosaic = rgb[..., 1].copy()
    mosaic[0::2, 0::2] = rgb[0::2, 0::2, 0]
    mosaic[1::2, 1::2] = rgb[1::2, 1::2, 2]
    return mosaic.astype("<u2")


def _directory(entries: list[Entry], offset: int) -> bytes:
    beyond = offset + 2 + 12 * len(entries) + 4
    table, values = struct.pack("<H", len(entries)), b""
    for tag, kind, value in sorted(entries):
        packed = _packed(kind, value)
        count = len(packed) // _SIZES[kind]
        if len(packed) <= 4:
            table += struct.pack("<HHI", tag, kind, count) + packed.ljust(4, b"\0")
        else:
            table += struct.pack("<HHII", tag, kind, count, beyond + len(values))
            values += packed + b"\0" * (len(packed) % 2)
    return table + struct.pack("<I", 0) + values


def _packed(kind: int, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if kind in (5, 10):
        return b"".join(struct.pack("<II" if kind == 5 else "<ii", *pair) for pair in value)
    return struct.pack(f"<{len(value)}{_FORMATS[kind]}", *value)
