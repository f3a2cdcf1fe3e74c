"""The bytes of a photo become upright RGB, or a reason why not.

Contract:

- Pillow reads every format but HEIC and JPEG XL, which pillow-heif and pillow-jxl-plugin add to it, and RAW,
  see `photoclust.photos.formats.raw`. Only `FORMATS` are tried: Pillow's other readers run external programs
  (EPS, WMF) or open no photographs.
- The size in the file's header is held against the limit before any pixel is decoded.
- Pixels are converted band by band into the upright array, so an odd colour mode or a rotation needs no
  second copy of the photo.
- A file that ends early is refused, not half decoded: grey where a face was would be silently wrong. A JPEG
  that lacks no more than its end mark is whole.
- Nothing but `PhotoError` leaves `decode_photo`, and nothing is printed.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photos.formats import jxl
from photoclust.photos.formats.jpeg import is_jpeg
from photoclust.photos.formats.raw import Raw, is_raw, open_raw
from photoclust.photos.formats.truncated import completed
from photoclust.records import DecodedPhoto

FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "DIB", "AVIF", "HEIF", "JPEG2000", "PPM", "PSD"),
    *(("JXL",) if jxl.register() else ()),
)
"""Pillow's names of the formats read, but RAW; MPO goes by JPEG. AVIF is before HEIF: both claim ``mif1``."""

# A band fits in a processor's cache: 12 megapixels are copied in 17 ms; in bands of 4 Mi pixels, in 50 ms
# (Image.crop, numpy.asarray and a slice assignment for each band).
_BAND_PIXELS = 1 << 16

# Readers that need 16 bytes and more for each pixel while they decode may have half the pixels, so that no
# format takes more than about 1 GB at the default limit. Peak of a process that decodes 100 megapixels: WebP
# 1,595 MB, JPEG 2000 1,908 MB; progressive JPEG 1,019, AVIF 944, HEIC 857, others below 750.
_HUNGRY_FORMATS = frozenset({"WEBP", "JPEG2000", "JXL"})

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

_TRUNCATED = "truncated"

_WHITES = (1.0, 255.0, 65535.0, 4294967295.0)

_RGBArray = npt.NDArray[np.uint8]
_ToRGB = Callable[[Image.Image], _RGBArray]


def decode_photo(content: bytes, limits: DecodeConfig) -> DecodedPhoto:
    """Decode the first picture of a file and turn it upright.

    Transparency is laid on white, as browsers and printers do. 16-bit values are scaled by their range, never
    stretched by their content; integers of 32 bits and floating-point values have no range of their own
    and take the smallest of 1, 255, 65,535 and 2³² − 1 that holds them. Colour profiles are not applied.

    Parameters
    ----------
    content
        A whole file.
    limits
        ``max_pixels`` is enforced here, WebP and JPEG 2000 at half of it. Above 178,956,970 pixels Pillow
        refuses whatever the limit.

    Raises
    ------
    PhotoError
        Stage ``decode``, with the reason.
    """
    if not content:
        raise PhotoError("decode", "the file is empty")
    if is_raw(content):
        return _decoded_raw(content, limits)
    if jxl.is_jxl(content):
        _require_jxl(content, limits)
    try:
        return _decoded(content, limits)
    except PhotoError as error:
        if error.reason != _TRUNCATED or not is_jpeg(content):
            raise
    return _decoded(completed(content), limits)


def _decoded(content: bytes, limits: DecodeConfig) -> DecodedPhoto:
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return _decode(image, limits)
    except PhotoError:
        raise
    except Exception as error:  # decoders of hostile input raise anything
        raise PhotoError("decode", _reason(error, content)) from error


def _decoded_raw(content: bytes, limits: DecodeConfig) -> DecodedPhoto:
    try:
        with open_raw(content, limits) as raw:
            preview = raw.preview()
            if preview:
                with Image.open(io.BytesIO(preview), formats=("JPEG",)) as image:
                    if raw.is_enough(max(image.size)):
                        return _decode(image, limits, raw)
            return DecodedPhoto(raw.developed(), raw.orientation, raw.taken_at)
    except PhotoError:
        raise
    except Exception as error:  # decoders of hostile input raise anything
        raise PhotoError("decode", _reason(error, content)) from error


def _require_jxl(content: bytes, limits: DecodeConfig) -> None:
    """Make sure that a JPEG XL can be read and is not too large: the decoder does all while opening it."""
    if "JXL" not in FORMATS:
        raise PhotoError("decode", "JPEG XL needs a package: pip install pillow-jxl-plugin")
    try:
        _require_size("JXL", jxl.size(content), limits)
    except ValueError as error:
        raise PhotoError("decode", "damaged or unsupported JXL") from error


def _require_size(name: str | None, size: tuple[int, int], limits: DecodeConfig) -> None:
    limit = limits.max_pixels // 2 if name in _HUNGRY_FORMATS else limits.max_pixels
    if size[0] * size[1] > limit:
        raise PhotoError("decode", f"{size[0]} x {size[1]} pixels are more than the limit of {limit:,}")


@dataclass(frozen=True)
class Header:
    """What is said beside a picture: how it is turned, as `decode_photo` will, and when it was taken."""

    orientation: int
    taken_at: datetime | None


def read_header(content: bytes) -> Header | None:
    """Read what is said beside a picture, and no pixel of it; None where that cannot be read."""
    if is_raw(content) or jxl.is_jxl(content):  # which cannot be opened without being decoded
        return None
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return Header(_orientation(image), _taken_at(image))
    except Exception:  # decoders of hostile input raise anything
        return None


def _decode(image: Image.Image, limits: DecodeConfig, raw: Raw | None = None) -> DecodedPhoto:
    """Decode a picture, that of `raw` if there is one."""
    _require_size(image.format, image.size, limits)
    if image.format == "PSD":
        _require_flattened(image)
    # Pillow turns TIFF while loading, libheif HEIC by its container alone; both then leave 1 in the EXIF, and
    # pillow-heif keeps aside what stood there
    found = _valid(image.info.get("original_orientation") or _orientation(image))
    found = raw.orientation if raw else found
    taken_at = _taken_at(image) or (raw.taken_at if raw else None)
    image.load()
    return DecodedPhoto(_upright_rgb(image, _left_to_turn(image, raw)), found, taken_at)


def _require_flattened(image: Image.Image) -> None:
    """Make sure that a PSD holds its layers' sum, which Photoshop can leave white (resource 1057)."""
    resources: list[tuple[int, bytes, bytes]] = getattr(image, "resources", [])
    if any(number == 1057 and data[4:5] == b"\0" for number, _, data in resources):
        reason = "it holds layers and no whole picture; save it again with maximum compatibility"
        raise PhotoError("decode", reason)


def _left_to_turn(image: Image.Image, raw: Raw | None) -> int:
    """EXIF orientation of pixels that a decoder, or the camera in a RAW's JPEG, may have turned."""
    orientation = _orientation(image)
    if raw is None:
        return orientation
    if orientation == 1 and raw.orientation >= 5:
        orientation = raw.orientation
    is_turned = orientation >= 5 and (image.width > image.height) != (raw.width > raw.height)
    return 1 if is_turned else orientation


def _upright_rgb(image: Image.Image, orientation: int) -> _RGBArray:
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


def _orientation(image: Image.Image) -> int:
    if jxl.is_turned(image):
        return 1
    try:
        return _valid(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # EXIF is hostile input of its own; a photo does not fail for it
        return 1


def _valid(orientation: object) -> int:
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _taken_at(image: Image.Image) -> datetime | None:
    try:
        exif = image.getexif()
        camera = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # EXIF is hostile input
        return None
    written = (
        camera.get(ExifTags.Base.DateTimeOriginal),
        camera.get(ExifTags.Base.DateTimeDigitized),
        exif.get(ExifTags.Base.DateTime),
    )
    return next((taken_at for value in written if (taken_at := _parse_time(value))), None)


def _parse_time(value: object) -> datetime | None:
    """Time in EXIF's own notation (EXIF 2.32, section 4.6.5), which bounds it to years 1 to 9999."""
    try:
        return datetime.strptime(value.strip()[:19], "%Y:%m:%d %H:%M:%S") if isinstance(value, str) else None
    except ValueError:
        return None


def _reason(error: Exception, content: bytes) -> str:
    """One short clause on why a file could not be decoded; the same for the same bytes."""
    if isinstance(error, UnidentifiedImageError):
        return _unidentified(content)
    if isinstance(error, Image.DecompressionBombError):
        return "more pixels than Pillow lets any file have"
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    if "truncated" in str(error).lower():
        return _TRUNCATED
    message = "".join(c if c.isprintable() else "?" for c in str(error))
    return f"damaged: {message[:100] or type(error).__name__}"


def _unidentified(content: bytes) -> str:
    start = content[:16].ljust(16, b"\0")  # as far as Pillow's own look goes, which stumbles over less
    for name in FORMATS:
        accept = Image.OPEN[name][1]
        if accept and accept(start):
            return f"damaged or unsupported {name}"
    return "not a photo in a format that can be read"


def _silence() -> None:
    """Keep Pillow from printing: what matters of its complaints reaches the caller as an exception."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    # libtiff writes to file descriptor 2 by itself, unless it has no error handler. It is found through the
    # module that links it; a Pillow built without libtiff has nothing to silence.
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(Image.core.__file__).TIFFSetErrorHandler(None)


pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
_silence()
