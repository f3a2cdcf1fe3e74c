"""Decoding: every format, mode and orientation becomes upright RGB; everything else becomes a reason."""

from __future__ import annotations

import io
import struct
from datetime import datetime

import numpy as np
import pytest
from pictures import HEIGHT, WIDTH, decoded, difference, encoded, picture, reason
from PIL import ExifTags, Image, ImageCms

from photoclust.config import DecodeConfig

# pytest puts the filters that importing the decoder sets aside
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::RuntimeWarning:PIL")

TURNED_BY = {  # the operation that makes the stored picture of each orientation from the upright one
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
LOSSY = {"JPEG", "MPO", "HEIF", "AVIF", "WEBP"}


def turned(upright: Image.Image, orientation: int) -> Image.Image:
    turn = TURNED_BY[orientation]
    return upright if turn is None else upright.transpose(turn)


def tagged(**tags: object) -> Image.Exif:
    exif = Image.Exif()
    camera = exif.get_ifd(ExifTags.IFD.Exif)
    for name, value in tags.items():
        (exif if name in ("Orientation", "DateTime") else camera)[ExifTags.Base[name]] = value
    return exif


@pytest.mark.parametrize(
    "file_format", ["JPEG", "MPO", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF", "JPEG2000", "PPM"]
)
def test_every_format(file_format):
    options = {"quality": 95} if file_format in LOSSY else {}
    photo = decoded(encoded(picture(), file_format, **options))
    assert (photo.width, photo.height, photo.orientation, photo.taken_at) == (WIDTH, HEIGHT, 1, None)
    assert difference(photo.pixels, picture()) <= (24 if file_format in {*LOSSY, "GIF"} else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_orientation_is_turned_upright_once(file_format, orientation):
    upright = picture(300, 256)  # more than one band
    options = {"quality": 95} if file_format in LOSSY else {}
    exif = tagged(Orientation=orientation)
    photo = decoded(encoded(turned(upright, orientation), file_format, exif=exif, **options))
    assert photo.orientation == orientation
    assert photo.pixels.shape == (256, 300, 3)
    assert difference(photo.pixels, upright) <= (24 if file_format in LOSSY else 0)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_heic_is_turned_by_its_container_and_not_again_by_its_exif(orientation):
    upright = picture(300, 256)
    exif = tagged(Orientation=orientation).tobytes()
    content = encoded(turned(upright, orientation), "HEIF", quality=95, exif=exif)
    assert struct.pack(">HHIH", ExifTags.Base.Orientation, 3, 1, orientation) in content
    photo = decoded(content)
    assert photo.orientation == orientation
    assert difference(photo.pixels, upright) <= 24


@pytest.mark.parametrize("orientation", [0, 9, 65535, "upright"])
def test_a_nonsensical_orientation_is_none(orientation):
    exif = tagged(Orientation=orientation) if isinstance(orientation, int) else tagged(DateTime=orientation)
    photo = decoded(encoded(picture(), "PNG", exif=exif))
    assert photo.orientation == 1
    assert difference(photo.pixels, picture()) == 0


@pytest.mark.parametrize("mode", ["1", "L", "CMYK", "P"])
def test_plain_modes(mode):
    image = picture().convert(mode)
    assert difference(decoded(encoded(image, "TIFF")).pixels, image) == 0


def test_cmyk_jpeg_written_the_adobe_way_is_not_inverted():
    image = Image.new("RGB", (16, 16), (250, 200, 40))
    photo = decoded(encoded(image.convert("CMYK"), "JPEG", quality=95))
    assert difference(photo.pixels, image) < 8


def test_lab():
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    photo = decoded(encoded(to_lab.apply(picture()), "TIFF"))
    assert np.abs(photo.pixels.astype(int) - np.asarray(picture())).mean() < 1  # 8-bit LAB is coarse


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I", "F"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_deep_gray_is_scaled_by_its_range(mode, orientation):
    values = np.linspace(0, 65535, 300 * 256).reshape(256, 300)
    dtype = {"I;16": "<u2", "I;16B": ">u2", "I": "i4", "F": "f4"}[mode]
    stored = values.T[:, ::-1] if orientation == 8 else values
    image = Image.fromarray(np.ascontiguousarray(stored).astype(dtype))
    assert image.mode == mode
    photo = decoded(encoded(image, "TIFF", exif=tagged(Orientation=orientation)))
    expected = np.rint(values / 257) if orientation == 1 else np.rot90(np.rint(values / 257), -1)
    assert np.abs(photo.pixels.astype(int) - expected[..., None]).max() <= 1


def test_dark_deep_gray_stays_dark():
    image = Image.fromarray(np.full((8, 8), 2570, np.uint16))
    assert (decoded(encoded(image, "PNG")).pixels == 10).all()


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
def test_floats_take_the_smallest_customary_range(white):
    values = np.array([[0, white / 2, white, np.nan, -white, np.inf, -np.inf, white]], np.float32)
    photo = decoded(encoded(Image.fromarray(values), "TIFF"))
    assert photo.pixels[0, :, 0].tolist() == [0, 128, 255, 0, 0, 255, 0, 255]


def raw_tiff(tags: dict[int, int], pixels: bytes) -> bytes:
    """One uncompressed row of pixels under the given tags."""
    tags = {257: 1, 259: 1, 273: 200, 278: 1, 279: len(pixels), **tags}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + pixels


def test_premultiplied_alpha():
    content = raw_tiff({256: 2, 258: 0x00080008, 262: 1, 277: 2, 338: 1}, bytes([64, 128, 0, 0]))
    two_shorts = struct.pack("<HHI", 258, 3, 2)
    content = content.replace(struct.pack("<HHI", 258, 4, 1), two_shorts)
    assert Image.open(io.BytesIO(content)).mode == "La"
    photo = decoded(content)
    assert np.abs(photo.pixels[0].astype(int) - [[191] * 3, [255] * 3]).max() <= 1


def test_twelve_bit_tiff_is_scaled_by_twelve_bits():
    values = [0, 2048, 4095, 1024]
    packed = int("".join(f"{value:012b}" for value in values), 2).to_bytes(6)
    photo = decoded(raw_tiff({256: 4, 258: 12, 262: 1, 277: 1}, packed))
    assert photo.pixels[0, :, 0].tolist() == [0, 128, 255, 64]


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_is_laid_on_white(mode):
    image = Image.new(mode, (4, 1))
    for x, alpha in enumerate([0, 128, 255, 0]):
        image.putpixel((x, 0), (0, alpha) if mode == "LA" else (0, 0, 0, alpha))
    assert decoded(encoded(image, "PNG")).pixels[0, :, 1].tolist() == [255, 127, 0, 255]


@pytest.mark.parametrize(
    ("mode", "transparency"), [("P", 0), ("P", b"\x00\xff"), ("L", 0), ("RGB", (0, 0, 0)), ("1", 0)]
)
def test_transparent_colours_are_laid_on_white(mode, transparency):
    image = Image.new("L", (2, 1))
    image.putpixel((1, 0), 255)
    if mode == "P":
        image = image.point([0] + [1] * 255)
        image.putpalette([0, 0, 0, 9, 9, 9])
    else:
        image = image.convert(mode)
    photo = decoded(encoded(image, "PNG", transparency=transparency))
    assert photo.pixels[0, :, 0].tolist() == [255, 9 if mode == "P" else 255]


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_the_first_of_several_frames(file_format):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], file_format, save_all=True, append_images=frames[1:])
    assert difference(decoded(content).pixels, frames[0]) <= 4


def test_decoding_twice_is_the_same():
    content = encoded(picture(300, 256), "JPEG")
    assert (decoded(content).pixels == decoded(content).pixels).all()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (
            {
                "DateTime": "2003:01:01 00:00:00",
                "DateTimeDigitized": "2002:01:01 00:00:00",
                "DateTimeOriginal": "2001:02:03 04:05:06",
            },
            datetime(2001, 2, 3, 4, 5, 6),
        ),
        (
            {"DateTimeDigitized": "2002:01:01 00:00:00", "DateTime": "2003:01:01 00:00:00"},
            datetime(2002, 1, 1),
        ),
        (
            {"DateTimeOriginal": "0000:00:00 00:00:00", "DateTime": "2003:01:01 00:00:00"},
            datetime(2003, 1, 1),
        ),
        ({"DateTimeOriginal": "2001:02:03 04:05:06+09:00 and more"}, datetime(2001, 2, 3, 4, 5, 6)),
        ({"DateTimeOriginal": "2001:02:30 04:05:06"}, None),
        ({"DateTimeOriginal": "<script>" * 1000}, None),
        ({"DateTimeOriginal": ""}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "HEIF"])
def test_capture_time(file_format, tags, expected):
    assert decoded(encoded(picture(), file_format, exif=tagged(**tags).tobytes())).taken_at == expected


def test_broken_exif_does_not_fail_the_photo():
    exif = tagged(Orientation=6, DateTimeOriginal="2001:02:03 04:05:06").tobytes()
    photo = decoded(encoded(picture(), "JPEG", exif=exif[:20] + b"\xff" * 40))
    assert difference(photo.pixels, picture()) <= 24


def test_size_is_limited_before_pixels_are_decoded():
    limits = DecodeConfig(max_pixels=WIDTH * HEIGHT - 1)
    content = encoded(picture(), "PNG")
    assert "48 x 32 pixels" in reason(content, limits)
    assert "48 x 32 pixels" in reason(content[:60], limits)
    assert decoded(content, DecodeConfig(max_pixels=WIDTH * HEIGHT)).width == WIDTH


def test_a_header_of_two_hundred_gigapixels():
    header = b"P6\n500000 400000\n255\n"
    assert "pixels" in reason(header)


@pytest.mark.parametrize(
    "file_format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF", "JPEG2000"]
)
def test_a_file_that_ends_early_is_refused(file_format):
    content = encoded(picture(300, 256), file_format)
    for part in (0.1, 0.5, 0.9):
        assert reason(content[: int(part * len(content))])


def noise(width, height):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"restart_marker_rows": 1}])
def test_a_jpeg_that_ends_early_says_how_much_is_missing(options):
    content = encoded(noise(300, 256), "JPEG", quality=90, **options)
    for part in (0.25, 0.5, 0.9):
        said = reason(content[: int(len(content) * part)])
        share = int(said.removeprefix("truncated: the last ").removesuffix(" % of its rows are missing"))
        assert share == pytest.approx(100 * (1 - part), abs=8)


def test_a_progressive_jpeg_that_ends_early_is_refused_wherever_it_ends():
    content = encoded(noise(120, 96), "JPEG", progressive=True)
    for end in range(700, len(content) - 40, 97):
        assert reason(content[:end]).startswith("truncated: ")
    last = content.rindex(b"\xff\xda")  # between two scans: what is there decodes without a complaint
    assert reason(content[:last]).endswith("% of its detail is missing")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"quality": 100}])
@pytest.mark.parametrize("lacks", [1, 2])
def test_a_jpeg_that_lacks_only_its_end_mark_is_whole(options, lacks):
    for image in (
        picture(),
        picture(131, 77),
        noise(64, 48),
        picture().convert("L"),
        picture().convert("CMYK"),
    ):
        content = encoded(image, "JPEG", **options)
        assert content.endswith(b"\xff\xd9")
        assert np.array_equal(decoded(content[:-lacks]).pixels, decoded(content).pixels)


@pytest.mark.data
def test_the_field_jpeg_without_an_end_mark_is_whole(data):
    content = (data / "field" / "jpeg_without_eoi" / "noeoi.jpg").read_bytes()
    assert np.array_equal(decoded(content).pixels, decoded(content + b"\xff\xd9").pixels)
    assert reason(content[: len(content) // 2]) == "truncated: the last 58 % of its rows are missing"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"no photo at all", "not a photo"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a photo"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG"),
    ],
)
def test_what_is_no_photo_says_so(content, expected):
    assert expected in reason(content)
