"""RAW, JPEG XL and PSD: upright, within the limits, and refused with a reason where they are damaged."""

from __future__ import annotations

import importlib.util
import io
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data as pictures

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photos.decode import decode_photo
from photoclust.photos.formats import jxl, raw
from photoclust.photos.formats.raw import is_raw


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dng = _load("dng").dng
LIMITS = DecodeConfig()
UPRIGHT = Image.fromarray(pictures.astronaut()).crop((0, 0, 400, 512))
TURNED_BACK = {
    1: UPRIGHT,
    3: UPRIGHT.transpose(Image.Transpose.ROTATE_180),
    6: UPRIGHT.transpose(Image.Transpose.ROTATE_90),
    8: UPRIGHT.transpose(Image.Transpose.ROTATE_270),
}


def likeness(pixels: np.ndarray, picture: Image.Image = UPRIGHT) -> float:
    small = [np.asarray(one.resize((40, 50)), float).ravel() for one in (Image.fromarray(pixels), picture)]
    return float(np.corrcoef(*small)[0, 1])


def reason(content: bytes, limits: DecodeConfig = LIMITS) -> str:
    with pytest.raises(PhotoError) as caught:
        decode_photo(content, limits)
    assert caught.value.stage == "decode"
    return caught.value.reason


def saved(picture: Image.Image, fmt: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, fmt, **options)
    return file.getvalue()


# -- RAW ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", TURNED_BACK)
@pytest.mark.parametrize("preview", ["none", "small", "large", "turned by the camera"])
def test_a_raw_comes_upright_from_its_preview_or_its_sensor(orientation: int, preview: str) -> None:
    sensor = TURNED_BACK[orientation]
    inside = {
        "none": None,
        "small": sensor.resize((64, 64)),
        "large": sensor,
        "turned by the camera": UPRIGHT if orientation >= 5 else sensor,
    }[preview]
    photo = decode_photo(dng(sensor, orientation, inside), LIMITS)
    assert (photo.width, photo.height, photo.orientation) == (400, 512, orientation)
    assert photo.taken_at == datetime(2024, 5, 6, 7, 8, 9)
    assert likeness(photo.pixels) > (0.99 if preview in ("large", "turned by the camera") else 0.85)


def test_a_raw_is_known_by_what_it_holds() -> None:
    assert is_raw(dng(UPRIGHT))
    assert is_raw(b"II*\0\x10\0\0\0CR\x02\0")
    assert is_raw(b"\0\0\0\x18ftypcrx \0\0\0\1")
    for fmt in ("TIFF", "JPEG", "PNG", "WEBP", "HEIF"):
        assert not is_raw(saved(UPRIGHT, fmt)), fmt
    assert not is_raw(b"II*\0")


def test_a_raw_is_refused_by_its_sensors_size_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    def unpacked(_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(raw.Raw, "preview", unpacked)
    assert reason(dng(UPRIGHT), DecodeConfig(max_pixels=1000)) == (
        "400 x 512 pixels are more than the limit of 1,000"
    )


def test_damaged_raws_raise_nothing_else() -> None:
    whole = dng(UPRIGHT, 1, UPRIGHT)
    assert reason(b"II*\0\x10\0\0\0CR\x02\0" + bytes(300)).startswith("damaged or unsupported RAW")
    generator = np.random.default_rng(5)
    for _ in range(60):
        hurt = bytearray(whole[-700:])
        for at in generator.integers(0, len(hurt), 8):
            hurt[at] = generator.integers(256)
        with suppress(PhotoError):  # anything else would end the process that works on it
            decode_photo(whole[:-700] + bytes(hurt), LIMITS)


def test_without_the_package_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(raw, "import_module", missing)
    assert reason(dng(UPRIGHT)) == "RAW files need the package rawpy: pip install rawpy"


# -- JPEG XL ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("container", [True, False])
@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (255, 17), (256, 256), (640, 480), (1920, 1080), (513, 3)]
)
def test_the_size_of_a_jxl_is_in_its_header(width: int, height: int, container: bool) -> None:
    content = saved(Image.new("RGB", (width, height)), "JXL", use_container=container, effort=1)
    assert jxl.size(content) == (width, height)
    photo = decode_photo(content, LIMITS)
    assert (photo.width, photo.height) == (width, height)


def test_a_jxl_is_turned_by_its_decoder_and_a_packed_jpeg_by_its_exif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = decode_photo(saved(UPRIGHT, "JXL", exif=exif.tobytes()), LIMITS)
    assert (photo.width, photo.height, photo.orientation) == (400, 512, 1)  # EXIF in a JXL turns nothing
    TURNED_BACK[6].save(tmp_path / "a.jpg", exif=exif, quality=95)
    with Image.open(tmp_path / "a.jpg") as packed:
        content = saved(packed, "JXL", lossless_jpeg=True)
    photo = decode_photo(content, LIMITS)
    assert (photo.width, photo.height, photo.orientation) == (400, 512, 6)
    assert likeness(photo.pixels) > 0.99


def test_a_jxl_that_is_too_large_or_damaged_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = saved(UPRIGHT, "JXL")
    assert "more than the limit of 50,000" in reason(content, DecodeConfig(max_pixels=100_000))
    for hurt in (content[:2], content[:12], content[: len(content) // 2], content[:30] + bytes(400)):
        assert reason(hurt)


# -- PSD ----------------------------------------------------------------------------------------------


def _psd(picture: Image.Image, has_whole_picture: bool) -> bytes:
    pixels = np.asarray(picture.convert("RGB")).transpose(2, 0, 1).tobytes()
    head = b"8BPS\0\1" + bytes(6) + b"\0\3" + picture.height.to_bytes(4, "big")
    head += picture.width.to_bytes(4, "big") + b"\0\x08\0\3" + bytes(4)
    version = b"\0\0\0\1" + bytes([has_whole_picture]) + bytes(13)
    resource = b"8BIM" + (1057).to_bytes(2, "big") + b"\0\0" + len(version).to_bytes(4, "big") + version
    return head + len(resource).to_bytes(4, "big") + resource + bytes(4) + b"\0\0" + pixels


def test_a_psd_is_the_sum_of_its_layers_where_it_holds_that() -> None:
    photo = decode_photo(_psd(UPRIGHT, True), LIMITS)
    assert np.array_equal(photo.pixels, np.asarray(UPRIGHT))
    assert "maximum compatibility" in reason(_psd(UPRIGHT, False))
    assert reason(_psd(UPRIGHT, True)[:-5000])
