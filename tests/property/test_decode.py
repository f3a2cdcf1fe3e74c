"""Whatever the bytes, decoding ends in a photo or in a reason."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photos.decode import decode_photo

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::RuntimeWarning:PIL")

LIMITS = DecodeConfig(max_pixels=1_000_000)  # keeps damaged headers from costing time
MAGIC = [
    b"\xff\xd8\xff\xe1\x00\x20Exif\0\0",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"RIFF\x40\0\0\0WEBPVP8X",
    b"GIF89a",
    b"II*\0\x08\0\0\0",
    b"MM\0*",
    b"BM",
    b"\0\0\0\x18ftypheic",
    b"\0\0\0\x18ftypavif",
    b"P6\n",
    b"\0\0\0\x0cjP  \r\n\x87\n",
]


def whole_files() -> dict[str, bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112], exif[0x0132] = 6, "2001:02:03 04:05:06"
    files = {}
    for name in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF", "JPEG2000", "PPM"):
        file = io.BytesIO()
        Image.fromarray(noise).save(file, name, exif=exif.tobytes())
        files[name] = file.getvalue()
    compressed = io.BytesIO()
    Image.fromarray(noise).save(compressed, "TIFF", compression="tiff_lzw")
    return {**files, "TIFF, LZW": compressed.getvalue()}


FILES = whole_files()


def check(content: bytes) -> None:
    try:
        photo = decode_photo(content, LIMITS)
    except PhotoError as error:
        failure = error
    else:
        assert photo.pixels.dtype == np.uint8
        assert photo.pixels.shape == (photo.height, photo.width, 3)
        assert 1 <= photo.orientation <= 8
        return
    assert failure.stage == "decode"
    assert 0 < len(failure.reason) < 150
    assert failure.reason.isprintable()
    assert " at 0x" not in failure.reason  # the same bytes give the same row


@given(st.sampled_from([b"", *MAGIC]), st.binary(max_size=400))
@settings(max_examples=300)
def test_random_bytes(magic, rest):
    check(magic + rest)


@pytest.mark.parametrize("name", FILES)
@given(st.data())
@settings(max_examples=60)
def test_files_cut_and_damaged(name, data):
    content = bytearray(FILES[name])
    place = st.integers(0, len(content) - 1)
    for position in data.draw(st.lists(place, max_size=8)):
        content[position] ^= 1 << data.draw(st.integers(0, 7))
    check(bytes(content[: data.draw(st.one_of(st.just(len(content)), place))]))
