"""Pixels of an opened picture become upright RGB.

They are converted band by band into the upright array, so that an odd colour mode or a rotation needs no
second copy of the photo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms

# A band fits in a processor's cache: 12 megapixels are copied in 17 ms; in bands of 4 Mi pixels, in 50 ms
# (Image.crop, numpy.asarray and a slice assignment for each band).
_BAND_PIXELS = 1 << 16

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns the picture of each EXIF orientation upright (EXIF 2.32, section 4.6.4, tag 0x0112)."""

_WHITES = (1.0, 255.0, 65535.0, 4294967295.0)

_RGBArray = npt.NDArray[np.uint8]
_ToRGB = Callable[[Image.Image], _RGBArray]


def upright_rgb(image: Image.Image, orientation: int) -> _RGBArray:
    """Convert a picture to RGB and turn it upright.

    Parameters
    ----------
    image
        An opened picture.
    orientation
        How its pixels are turned, in EXIF's numbers, 1 to 8.

    Returns
    -------
    uint8, shape (height, width, 3), of the upright picture.
    """
    height, width = (image.width, image.height) if orientation >= 5 else (image.height, image.width)
    upright = np.empty((height, width, 3), np.uint8)
    to_rgb = _converter(image)
    for top, band in _bands(image):
        turned = band.transpose(_TURNS[orientation]) if orientation in _TURNS else band
        # orientations 3, 4, 6 and 7 put the file's first row last, 5 to 8 make it a column
        start = image.height - top - band.height if orientation in (3, 4, 6, 7) else top
        part = slice(start, start + band.height)
        upright[(slice(None), part) if orientation >= 5 else part] = to_rgb(turned)
    return upright


def upright_array(pixels: _RGBArray, orientation: int) -> _RGBArray:
    """Turn pixels upright; uint8, shape (height, width, 3), RGB."""
    return pixels if orientation == 1 else upright_rgb(Image.fromarray(pixels), orientation)


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Strips of whole rows, each with the row it starts at."""
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _converter(image: Image.Image) -> _ToRGB:
    """How a band of this image becomes RGB."""
    if image.mode.startswith("I;16"):
        return _scaler(2.0 ** _bits(image) - 1)
    if image.mode in ("I", "F"):
        return _scaler(_white(image))
    if image.mode == "LAB":
        to_srgb = ImageCms.buildTransform(
            ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
        )
        return lambda band: np.asarray(to_srgb.apply(band))
    if image.has_transparency_data:
        return _on_white
    if image.mode == "RGB":
        return np.asarray
    return lambda band: np.asarray(band.convert("RGB"))


def _on_white(band: Image.Image) -> _RGBArray:
    straight = band.convert("LA") if band.mode == "La" else band  # La knows no direct way to RGBA
    rgba = straight.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB"))


def _scaler(white: float) -> _ToRGB:
    def scale(band: Image.Image) -> _RGBArray:
        values = np.nan_to_num(np.asarray(band, np.float32), nan=0.0, posinf=white, neginf=0.0)
        gray = np.rint(values.clip(0, white) * (255 / white)).astype(np.uint8)
        return np.repeat(gray[..., None], 3, axis=2)

    return scale


def _bits(image: Image.Image) -> int:
    """Bits of a value in an ``I;16`` image: 16 but for 12-bit TIFF, which Pillow does not scale up."""
    tags = getattr(image, "tag_v2", {})
    return 12 if tags.get(ExifTags.Base.BitsPerSample) == (12,) else 16


def _white(image: Image.Image) -> float:
    largest = 0.0
    for _, band in _bands(image):
        values = np.asarray(band, np.float32)
        largest = max(largest, float(values.max(initial=0.0, where=np.isfinite(values))))
    return next((white for white in _WHITES if largest <= white), largest)
