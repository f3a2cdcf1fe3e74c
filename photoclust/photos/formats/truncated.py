"""JPEG files that end before their end mark: whole all the same, or how much of the picture is missing.

What follows a scan that is whole changes nothing in the picture. So the file is decoded twice, with two
different continuations: the first row in which the two pictures differ is the first that is not in the file.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from photoclust.errors import PhotoError
from photoclust.photos.formats.jpeg import missing_detail

_END = b"\xff\xd9"
_NOISE = bytes(np.random.default_rng(0).integers(1, 255, 256, np.uint8))  # no byte of it is 0xFF


def completed(content: bytes) -> bytes:
    """A JPEG without an end mark, with one; its header is known to be within the limits.

    Raises
    ------
    PhotoError
        Stage ``decode``: rows, or whole scans, of the picture are missing.
    """
    content = content.rstrip(b"\xff")  # the first half of an end mark
    try:
        pixels, other = _pixels(content + _END), _pixels(content + _NOISE + _END)
    except (OSError, SyntaxError, ValueError) as error:
        raise PhotoError("decode", "truncated: all of its rows are missing") from error
    detail = missing_detail(content)
    if detail > 0:
        raise PhotoError("decode", f"truncated: {_percent(detail)} of its detail is missing")
    differ = np.flatnonzero((pixels != other).reshape(len(pixels), -1).any(axis=1))
    if len(differ):
        missing = 1 - float(differ[0]) / len(pixels)
        raise PhotoError("decode", f"truncated: the last {_percent(missing)} of its rows are missing")
    return content + _END


def _percent(share: float) -> str:
    return f"{max(1, round(100 * share))} %"


def _pixels(content: bytes) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        return np.asarray(image)
