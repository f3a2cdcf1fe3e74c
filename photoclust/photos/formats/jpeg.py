"""The segments of a JPEG file (ITU-T T.81, annex B), and the pixels of one that is without a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import simplejpeg

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # it begins with a literal, which is found fast
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COEFFICIENTS = 64


@dataclass(frozen=True)
class Segment:
    """A marker with its parameters; of a scan also what is coded in it."""

    marker: int
    parameters: memoryview
    coded: memoryview | None = None


def is_jpeg(content: bytes) -> bool:
    """Tell whether a file begins as a JPEG does."""
    return content.startswith(b"\xff\xd8\xff")


def faultless_pixels(content: bytes, size: tuple[int, int]) -> npt.NDArray[np.uint8] | None:
    """Decode a grey or YCbCr JPEG of which libjpeg-turbo has nothing to complain.

    Parameters
    ----------
    content
        A whole file.
    size
        Width and height that it is known to have; another one is a fault.

    Returns
    -------
    uint8, shape (height, width, 3), RGB, not turned; None for any other file.
    """
    if not is_jpeg(content):
        return None
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(content)
        if (width, height) != size or space not in ("YCbCr", "Gray"):
            return None
        return simplejpeg.decode_jpeg(content, "RGB")
    except (ValueError, MemoryError):
        return None


def segments(content: bytes) -> Iterator[Segment]:
    """Segments between the start and the end of the picture; that end may be missing.

    Raises
    ------
    ValueError
        The file is no JPEG, or it cannot be followed from marker to marker.
    """
    if not is_jpeg(content):
        raise ValueError("no JPEG")
    view, at = memoryview(content), 2
    while at < len(view):
        if view[at] != 0xFF:
            raise ValueError("no marker where one is expected")
        while at < len(view) and view[at] == 0xFF:
            at += 1
        marker = view[at] if at < len(view) else _EOI
        at += 1
        if marker == _EOI:
            return
        if marker in _BARE:
            continue
        length = int.from_bytes(view[at : at + 2], "big")
        if length < 2 or at + length > len(view) or marker == _SOI:
            raise ValueError("a segment without its end")
        parameters, at = view[at + 2 : at + length], at + length
        if marker != _SOS:
            yield Segment(marker, parameters)
            continue
        found = _END_OF_SCAN.search(content, at)
        end = found.start() if found else len(content)
        while end > at and view[end - 1] == 0xFF:  # bytes that fill up before a marker
            end -= 1
        yield Segment(marker, parameters, view[at : max(at, end)])
        at = max(at, end)


def missing_detail(content: bytes) -> float:
    """Share of a picture's coefficients, in [0, 1], that no scan brings down to their last bit.

    A progressive picture that ends between two scans decodes without a complaint, only coarser.
    """
    wanted: set[int] = set()
    width = 1
    last_bit: dict[tuple[int, int], int] = {}
    try:
        for segment in segments(content):
            values = bytes(segment.parameters)
            if segment.marker in _FRAMES:
                wanted = set(values[6 : 6 + 3 * values[5] : 3])
                width = _COEFFICIENTS if segment.marker in _PROGRESSIVE else 1
            elif segment.marker == _SOS:
                first, last, low = values[-3], min(values[-2], width - 1), values[-1] & 15
                for component in values[1 : 1 + 2 * values[0] : 2]:
                    last_bit |= {(component, at): low for at in range(first, last + 1)}
    except (IndexError, ValueError):
        return 1.0
    whole = sum(low == 0 for (component, _), low in last_bit.items() if component in wanted)
    return 1.0 - whole / (len(wanted) * width) if wanted else 1.0
