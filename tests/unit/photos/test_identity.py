"""A photo is known by its picture, whatever else is written into the file."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import decoded, encoded, picture
from PIL import Image

from photoclust.photos.identity import identity, picture_id
from photoclust.photos.sources.references import content_id

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::RuntimeWarning:PIL")
pillow_heif.register_heif_opener()

needs_exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="no exiftool here")


def see_through() -> Image.Image:
    image = picture().convert("RGBA")
    image.putalpha(picture().convert("L"))
    return image


FILES = {
    "baseline.jpg": encoded(picture(), "JPEG"),
    "progressive.jpg": encoded(picture(), "JPEG", progressive=True),
    "cmyk.jpg": encoded(picture().convert("CMYK"), "JPEG"),
    "plain.png": encoded(picture(), "PNG"),
    "palette.png": encoded(picture().quantize(16), "PNG", transparency=3),
    "strips.tif": encoded(picture(), "TIFF"),
    "lzw.tif": encoded(picture(300, 200), "TIFF", compression="tiff_lzw"),
    "lossy.webp": encoded(picture(), "WEBP"),
    "lossless.webp": encoded(picture(), "WEBP", lossless=True),
    "alpha.webp": encoded(see_through(), "WEBP"),
    "photo.heic": encoded(picture(), "HEIF"),
    "photo.avif": encoded(picture(), "AVIF"),
    "photo.jp2": encoded(picture(), "JPEG2000"),
}

REGION = (
    "-XMP-mwg-rs:RegionInfo={AppliedToDimensions={W=48,H=32,Unit=pixel},RegionList=[{Name=Ada,Type=Face,"
    "Area={X=0.5,Y=0.5,W=0.1,H=0.1,Unit=normalized}}]}"
)
EDITS = [  # a rating, a keyword, a place, a face region, a date, and that it is upright
    *("-xmp:Rating=5", "-xmp:Subject=dog", "-GPSLatitude=10", "-GPSLatitudeRef=N", REGION),
    *("-DateTimeOriginal=2001:02:03 04:05:06", "-n", "-Orientation=1"),
]


def edited(path: Path, *arguments: str) -> bytes:
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", *arguments, path], check=True, capture_output=True
    )
    return path.read_bytes()


@needs_exiftool
@pytest.mark.parametrize("name", FILES)
def test_what_another_program_writes_beside_the_picture_changes_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    before = identity(FILES[name])
    assert before.photo_id != before.content_id
    now = identity(edited(path, *EDITS))
    assert now.photo_id == before.photo_id
    assert now.content_id != before.content_id
    if not name.endswith(".jp2"):  # of which Pillow reads no EXIF
        assert now.said["taken_at"] == datetime(2001, 2, 3, 4, 5, 6)
    assert np.array_equal(decoded(path.read_bytes()).pixels, decoded(FILES[name]).pixels)


@needs_exiftool
@pytest.mark.parametrize("name", ["baseline.jpg", "plain.png", "lzw.tif", "lossy.webp", "photo.heic"])
def test_a_picture_that_is_shown_turned_is_another(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    content = edited(path, "-n", "-Orientation=6")
    turned = decoded(content).pixels.shape != decoded(FILES[name]).pixels.shape
    assert (picture_id(content) != picture_id(FILES[name])) == turned
    assert turned == (name != "photo.heic")  # which only its container turns


@pytest.mark.data
def test_the_field_photo_with_a_comment_is_the_same(data: Path) -> None:
    before, after = (
        (data / "field" / "metadata_edit" / f"{name}.jpg").read_bytes() for name in ("before", "after")
    )
    assert content_id(before) != content_id(after)
    assert picture_id(before) == picture_id(after)


def test_a_jpeg_is_the_same_without_its_end_mark_and_with_something_behind_it() -> None:
    for name in ("baseline.jpg", "progressive.jpg"):
        content = FILES[name]
        for other in (content[:-1], content[:-2], content + b"\0" * 9, content + content):
            assert picture_id(other) == picture_id(content)
        assert picture_id(content[:-9]) != picture_id(content)


def test_what_changes_the_pixels_of_a_jpeg_counts() -> None:
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
    content = FILES["baseline.jpg"]
    without_jfif = content[:2] + content[20:]
    for transform in (0, 1):
        other = without_jfif[:2] + adobe + bytes([transform]) + without_jfif[2:]
        same = np.array_equal(decoded(other).pixels, decoded(content).pixels)
        assert same == (transform == 1)
        assert picture_id(other) != picture_id(content)
    assert len({picture_id(encoded(picture(), "JPEG", quality=q)) for q in (60, 61, 62)}) == 3


def test_png_rows_may_be_cut_into_any_chunks() -> None:
    content = FILES["plain.png"]
    at = content.index(b"IDAT")
    length = struct.unpack(">I", content[at - 4 : at])[0]
    rows = content[at + 4 : at + 4 + length]
    chunks = b"".join(_chunk(b"IDAT", rows[start : start + 50]) for start in range(0, length, 50))
    other = content[: at - 4] + _chunk(b"tEXt", b"Title\0x") + chunks + content[at + 8 + length :]
    assert np.array_equal(decoded(other).pixels, decoded(content).pixels)
    assert picture_id(other) == picture_id(content)


def _chunk(kind: bytes, body: bytes) -> bytes:
    import zlib

    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_different_pictures_differ_and_every_format_is_its_own() -> None:
    other = picture().transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    kinds = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP", "heic": "HEIF", "avif": "AVIF"}
    ids = [picture_id(content) for content in FILES.values()]
    ids += [picture_id(encoded(other, kind)) for kind in kinds.values()]
    assert len(set(ids)) == len(ids)


def test_of_what_is_in_no_way_understood_all_bytes_count() -> None:
    for content in (
        b"",
        b"words",
        b"\xff\xd8\xff",
        b"II*\0",
        encoded(picture(), "BMP"),
        encoded(picture(), "PPM"),
    ):
        assert picture_id(content) == content_id(content)


@given(st.sampled_from(sorted(FILES)), st.data())
def test_damaged_files_raise_nothing(name: str, draw: st.DataObject) -> None:
    content = bytearray(FILES[name])
    for _ in range(draw.draw(st.integers(1, 4))):
        content[draw.draw(st.integers(0, min(len(content), 900) - 1))] = draw.draw(st.integers(0, 255))
    end = draw.draw(st.integers(0, len(content)))
    assert len(picture_id(bytes(content))) == len(picture_id(bytes(content[:end]))) == 32


def test_a_tiff_that_says_a_thousand_times_where_its_data_lies_is_not_read_a_thousand_times() -> None:
    data = bytes(1 << 20)
    pages, at = b"", 8 + len(data)
    for number in range(900):
        entries = [(256, 4, 1, 1), (273, 4, 1, 8), (279, 4, 1, len(data))]
        last = number == 899
        page = struct.pack("<H", 3) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
        pages += page + struct.pack("<I", 0 if last else at + len(pages) + len(page) + 4)
    content = struct.pack("<2sHI", b"II", 42, at) + data + pages
    assert picture_id(content) == content_id(content)


def test_offsets_beyond_every_bound_raise_nothing() -> None:
    for offset in (2**64 - 1, 2**63, 2**62):
        content = struct.pack("<2sHHHQ", b"II", 43, 8, 0, offset) + bytes(64)
        assert picture_id(content) == content_id(content)


def test_a_big_tiff_holds_the_same_picture_as_a_plain_one() -> None:
    assert picture_id(encoded(picture(), "TIFF", big_tiff=True)) == picture_id(FILES["strips.tif"])


def test_pages_and_smaller_pictures_of_a_tiff_count_too() -> None:
    file = io.BytesIO()
    picture().save(file, "TIFF", save_all=True, append_images=[picture(20, 20)])
    assert picture_id(file.getvalue()) != picture_id(FILES["strips.tif"])
