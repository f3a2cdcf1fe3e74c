"""What EXIF says of a photo: how it is turned and when it was taken.

EXIF is hostile input of its own: whatever cannot be read counts as not said, and no photo fails for it.
"""

from __future__ import annotations

from datetime import datetime

from PIL import ExifTags, Image

from photoclust.photos.formats import jxl


def orientation_of(image: Image.Image) -> int:
    """Orientation of an opened picture in EXIF's numbers, 1 to 8; 1 where the decoder has turned it."""
    if jxl.is_turned(image):
        return 1
    try:
        return valid_orientation(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:
        return 1


def valid_orientation(orientation: object) -> int:
    """Give a value of EXIF if it is an orientation, else 1, the upright one."""
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def taken_at_of(image: Image.Image) -> datetime | None:
    """Give the local time that a picture was taken, digitized or else changed; None where EXIF has none."""
    try:
        exif = image.getexif()
        camera = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:
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
