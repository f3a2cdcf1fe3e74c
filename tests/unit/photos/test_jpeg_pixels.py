"""JPEGs without a fault take a fast way to the same pixels; any other is Pillow's to decode or refuse."""

from __future__ import annotations

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageOps

from photoclust.config import DecodeConfig
from photoclust.photos.decode import decode_photo
from photoclust.photos.formats.jpeg import faultless_pixels

ASTRONAUT = Image.fromarray(skimage.data.astronaut()).resize((203, 131))


def jpeg(picture: Image.Image = ASTRONAUT, orientation: int = 1, **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_are_those_of_pillow(orientation: int) -> None:
    content = jpeg(orientation=orientation)
    assert faultless_pixels(content, ASTRONAUT.size) is not None
    photo = decode_photo(content, DecodeConfig())
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)).convert("RGB"))
    np.testing.assert_array_equal(photo.pixels, np.asarray(expected))
    assert photo.orientation == orientation


@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 2}, {"progressive": True}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_kind_that_cameras_make(mode: str, options: dict[str, object]) -> None:
    content = jpeg(ASTRONAUT.convert(mode), **options)
    pixels = faultless_pixels(content, ASTRONAUT.size)
    assert pixels is not None
    np.testing.assert_array_equal(pixels, np.asarray(Image.open(io.BytesIO(content)).convert("RGB")))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        jpeg()[:-2],
        jpeg()[:3000],
        jpeg(ASTRONAUT.convert("CMYK")),
        jpeg().replace(b"\xff\xda", b"\xff\xda\xff\xff", 1),
    ],
)
def test_any_other_is_left_to_pillow(content: bytes) -> None:
    assert faultless_pixels(content, ASTRONAUT.size) is None


def test_a_size_other_than_the_one_that_was_checked_is_a_fault() -> None:
    assert faultless_pixels(jpeg(), (131, 203)) is None
