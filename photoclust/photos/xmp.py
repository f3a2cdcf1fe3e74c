"""The XMP packet in a photo, as Pillow gives it: of JPEG, PNG, TIFF, WebP, HEIC and AVIF."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from photoclust.photos.decode import FORMATS

_READ = tuple(name for name in FORMATS if name != "JXL")  # which cannot be opened without being decoded


def read_xmp(photo: Path) -> bytes | None:
    """Read the packet and no pixel; None where there is none, or the file cannot be read."""
    try:
        with Image.open(photo, formats=_READ) as image:
            packet = image.info.get("xmp")
    except Exception:  # readers of hostile input raise anything
        return None
    return packet if isinstance(packet, bytes) and packet else None
