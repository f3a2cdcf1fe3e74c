"""Pictures drawn for decoding, and what became of them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photos.decode import decode_photo
from photoclust.records import DecodedPhoto

LIMITS = DecodeConfig()
_STORED = {  # what a picture is stored as that each of EXIF's orientations turns upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
WIDTH, HEIGHT = 48, 32


def picture(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Smooth, and different in each of its eight positions."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rgb = np.stack([x, y, x * (1 - y)], axis=-1)
    return Image.fromarray((40 + 180 * rgb).astype(np.uint8))


def save_turned(image: Image.Image, file: Path, orientation: int, **options: object) -> None:
    """Save a picture so that its EXIF orientation turns it upright."""
    exif = Image.Exif()
    exif[274] = orientation
    stored = image.transpose(_STORED[orientation]) if orientation in _STORED else image
    stored.save(file, exif=exif, **options)


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def decoded(content: bytes, limits: DecodeConfig = LIMITS) -> DecodedPhoto:
    photo = decode_photo(content, limits)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.flags.c_contiguous
    assert photo.pixels.shape == (photo.height, photo.width, 3)
    return photo


def reason(content: bytes, limits: DecodeConfig = LIMITS) -> str:
    with pytest.raises(PhotoError) as caught:
        decode_photo(content, limits)
    assert caught.value.stage == "decode"
    return caught.value.reason


def difference(pixels: np.ndarray, expected: Image.Image) -> float:
    """Largest difference of channel values."""
    return float(np.abs(pixels.astype(int) - np.asarray(expected.convert("RGB"), int)).max())
