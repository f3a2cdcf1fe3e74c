"""The bytes of a photo become upright RGB, or a reason why not.

Contract:

- Pillow reads every format but HEIC and JPEG XL, which pillow-heif and pillow-jxl-plugin add to it, and RAW,
  see `photoclust.photos.formats.raw`. Only `FORMATS` are tried: Pillow's other readers run external programs
  (EPS, WMF) or open no photographs.
- A JPEG without a fault is decoded by simplejpeg: the pixels are those of Pillow, both being libjpeg-turbo,
  in a quarter of the time. Of any other, Pillow decides whether it is refused and why. Of 12 megapixels
  simplejpeg takes 32 ms in full and 20 at half the size, which would leave too few pixels to embed faces of
  less than 320; Pillow takes 119 and 27, torchvision 64.
- The size in the file's header is held against the limit before any pixel is decoded.
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
from dataclasses import dataclass
from datetime import datetime

import pillow_heif
from PIL import Image, UnidentifiedImageError

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photos.exif import orientation_of, taken_at_of, valid_orientation
from photoclust.photos.formats import jxl
from photoclust.photos.formats.jpeg import faultless_pixels, is_jpeg
from photoclust.photos.formats.raw import Raw, is_raw, open_raw
from photoclust.photos.formats.truncated import completed
from photoclust.photos.pixels import upright_array, upright_rgb
from photoclust.records import DecodedPhoto

FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "DIB", "AVIF", "HEIF", "JPEG2000", "PPM", "PSD"),
    *(("JXL",) if jxl.register() else ()),
)
"""Pillow's names of the formats read, but RAW; MPO goes by JPEG. AVIF is before HEIF: both claim ``mif1``."""

# Readers that need 16 bytes and more for each pixel while they decode may have half the pixels, so that no
# format takes more than about 1 GB at the default limit. Peak of a process that decodes 100 megapixels: WebP
# 1,595 MB, JPEG 2000 1,908 MB; progressive JPEG 1,019, AVIF 944, HEIC 857, others below 750.
_HUNGRY_FORMATS = frozenset({"WEBP", "JPEG2000", "JXL"})

_TRUNCATED = "truncated"


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
            return _decode(image, limits, content=content)
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


def suffix_of(content: bytes) -> str:
    """What the name of a photo ends with, by its format, as ``.jpg``; ``.photo`` where that is not known."""
    if is_raw(content):
        return ".dng"
    if jxl.is_jxl(content):
        return ".jxl"
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            kind = str(image.format or "photo").lower()
    except Exception:  # decoders of hostile input raise anything
        return ".photo"
    return {"jpeg": ".jpg", "heif": ".heic", "jpeg2000": ".jp2", "dib": ".bmp"}.get(kind, f".{kind}")


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
            return Header(orientation_of(image), taken_at_of(image))
    except Exception:  # decoders of hostile input raise anything
        return None


def _decode(
    image: Image.Image, limits: DecodeConfig, raw: Raw | None = None, content: bytes = b""
) -> DecodedPhoto:
    """Decode a picture, that of `raw` or, where it is one of its own, of the file `content`."""
    _require_size(image.format, image.size, limits)
    if image.format == "PSD":
        _require_flattened(image)
    # Pillow turns TIFF while loading, libheif HEIC by its container alone; both then leave 1 in the EXIF, and
    # pillow-heif keeps aside what stood there
    found = valid_orientation(image.info.get("original_orientation") or orientation_of(image))
    found = raw.orientation if raw else found
    taken_at = taken_at_of(image) or (raw.taken_at if raw else None)
    pixels = faultless_pixels(content, image.size)
    if pixels is not None:
        return DecodedPhoto(upright_array(pixels, found), found, taken_at)
    image.load()
    return DecodedPhoto(upright_rgb(image, _left_to_turn(image, raw)), found, taken_at)


def _require_flattened(image: Image.Image) -> None:
    """Make sure that a PSD holds its layers' sum, which Photoshop can leave white (resource 1057)."""
    resources: list[tuple[int, bytes, bytes]] = getattr(image, "resources", [])
    if any(number == 1057 and data[4:5] == b"\0" for number, _, data in resources):
        reason = "it holds layers and no whole picture; save it again with maximum compatibility"
        raise PhotoError("decode", reason)


def _left_to_turn(image: Image.Image, raw: Raw | None) -> int:
    """EXIF orientation of pixels that a decoder, or the camera in a RAW's JPEG, may have turned."""
    orientation = orientation_of(image)
    if raw is None:
        return orientation
    if orientation == 1 and raw.orientation >= 5:
        orientation = raw.orientation
    is_turned = orientation >= 5 and (image.width > image.height) != (raw.width > raw.height)
    return 1 if is_turned else orientation


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
