"""RAW files of cameras: the JPEG that the camera has put beside its sensor's values, or these developed.

Contract:

- A RAW is known by its content, as tables give photos no name; most are TIFF files that say so in a tag.
- The largest embedded JPEG is taken if it is large enough to find faces in; it is what the camera has shown.
  Otherwise LibRaw develops the sensor's values, with the camera's white balance.
- The sensor's size is held against the limit before anything is unpacked.
"""

from __future__ import annotations

import io
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photos.formats.tiff import Content, Directory, directories

LEAST_SIDE, LEAST_SHARE = 1500, 0.5
"""An embedded JPEG is taken whose longer side has so many pixels, or that share of the sensor's."""

_STARTS = (
    b"FUJIFILMCCD-RAW",
    b"IIRO",
    b"IIRS",
    b"MMOR",
    b"IIU\0",
    b"\0MRM",
    b"FOVb",
    b"II\x1a\0\0\0HEAPCCDR",
    b"II*\0\x10\0\0\0CR\x02",
)
_CR3 = b"ftypcrx "
_DNG_VERSION, _PHOTOMETRIC = 50706, 262
_SENSOR = frozenset({32803, 34892})  # a colour filter array, and linear values
_ORIENTATIONS = {0: 1, 3: 3, 5: 8, 6: 6}  # EXIF orientation of each of LibRaw's flips


def is_raw(content: Content) -> bool:
    """Tell whether a file holds the values of a camera's sensor."""
    begin = content[:32]
    if begin.startswith(_STARTS) or begin[4:12] == _CR3:
        return True
    return any(map(_is_of_sensor, directories(content)))


def _is_of_sensor(directory: Directory) -> bool:
    return _DNG_VERSION in directory.tags or directory.number(_PHOTOMETRIC) in _SENSOR


class Raw:
    """An open RAW file.

    Attributes
    ----------
    width, height
        Of the sensor's picture in pixels, not turned.
    orientation
        EXIF orientation.
    taken_at
        Camera time; None where it is not known.
    """

    def __init__(self, raw: Any, rawpy: Any) -> None:
        self._raw, self._rawpy = raw, rawpy
        self.width, self.height = int(raw.sizes.width), int(raw.sizes.height)
        self.orientation = _ORIENTATIONS.get(raw.sizes.flip, 1)
        time: datetime | None = raw.other.timestamp
        self.taken_at = time if time and time.year > 1970 else None

    def preview(self) -> bytes:
        """The largest JPEG inside, not turned; empty where there is none."""
        try:
            found = self._raw.extract_thumb()
        except self._rawpy.LibRawError:
            return b""
        return bytes(found.data) if found.format == self._rawpy.ThumbFormat.JPEG else b""

    def is_enough(self, side: int) -> bool:
        """Tell whether a preview of this longer side will do."""
        return side >= min(LEAST_SIDE, LEAST_SHARE * max(self.width, self.height))

    def developed(self) -> npt.NDArray[np.uint8]:
        """The sensor's picture, upright, shape (height, width, 3), RGB."""
        return self._raw.postprocess(use_camera_wb=True, output_bps=8)


@contextmanager
def open_raw(content: bytes, limits: DecodeConfig) -> Generator[Raw]:
    """Open a RAW file.

    Raises
    ------
    PhotoError
        Stage ``decode``: damaged, of a kind that LibRaw does not know, too large, or rawpy is missing.
    """
    try:
        rawpy = import_module("rawpy")  # only where there are RAW files
    except ImportError as error:
        raise PhotoError("decode", "RAW files need the package rawpy: pip install rawpy") from error
    try:
        with rawpy.imread(io.BytesIO(content)) as file:
            raw = Raw(file, rawpy)
            if raw.width * raw.height > limits.max_pixels:
                size = f"{raw.width} x {raw.height} pixels"
                raise PhotoError("decode", f"{size} are more than the limit of {limits.max_pixels:,}")
            yield raw
    except rawpy.LibRawError as error:
        said = error.args[0] if error.args else b""
        reason = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise PhotoError("decode", f"damaged or unsupported RAW: {reason[:100].lower()}") from error
