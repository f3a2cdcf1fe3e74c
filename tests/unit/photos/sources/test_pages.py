"""Pages of TIFF files: each is a photo, and hostile chains of pages end."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import time
from pathlib import Path

import pytest
from PIL import Image, TiffImagePlugin

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.evaluate.labels import folder_labels
from photoclust.photo_refs import PhotoRef
from photoclust.photos.dataset import read_dataset
from photoclust.photos.decode import decode_photo
from photoclust.photos.formats.tiff import MOST_DIRECTORIES
from photoclust.photos.sources.gone import is_gone
from photoclust.photos.sources.passed_over import in_words
from photoclust.photos.sources.references import content_id, find_photos, folder_prefixes, read_photo
from photoclust.photos.sources.search import Search
from photoclust.photos.sources.selection import Selection
from photoclust.records import container_of, page_of
from photoclust.report.names import file_link, file_name
from tests.unit.photos.dng import dng

LIMITS = DecodeConfig()
COLOURS = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]


def page(colour: tuple[int, int, int], kind: int = 0, size: tuple[int, int] = (60, 40)) -> Image.Image:
    image = Image.new("RGB", size, colour)
    if kind:
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[254] = kind
        image.encoderinfo = {"tiffinfo": tags}  # type: ignore[attr-defined]  # as Pillow wants it of pages
    return image


def tiff(path: Path, *pages: Image.Image, **options: object) -> Path:
    pages[0].save(path, "TIFF", save_all=True, append_images=pages[1:], **options)
    return path


def found(*paths: object) -> dict[str, PhotoRef]:
    return {ref.uri: ref for ref in find_photos([str(path) for path in paths])}


def colour(ref: PhotoRef) -> tuple[int, ...]:
    return tuple(decode_photo(read_photo(ref, LIMITS), LIMITS).pixels[5, 5].tolist())


def raw_tiff(*following: int) -> bytes:
    """Directories of one tag each, 18 bytes apart, which say that these offsets follow."""
    parts = (struct.pack("<HHHIII", 1, 256, 4, 1, 1, offset) for offset in following)
    return b"II*\0" + struct.pack("<I", 8) + b"".join(parts)


@pytest.mark.parametrize("options", [{}, {"big_tiff": True}, {"compression": "tiff_lzw"}])
@pytest.mark.parametrize("name", ["scan.tif", "SCAN.TIFF"])
def test_every_page_is_a_photo(tmp_path, name, options):
    file = tiff(tmp_path / name, *map(page, COLOURS), **options)
    refs = found(tmp_path)
    assert list(refs) == [str(file), f"{file}!/2", f"{file}!/3"]
    assert list(map(colour, refs.values())) == COLOURS
    assert {str(ref.version) for ref in refs.values()} == {str(file.stat().st_mtime_ns)}
    assert {container_of(uri) for uri in refs} == {None, str(file)}
    assert len({content_id(read_photo(ref, LIMITS)) for ref in refs.values()}) == 3
    assert found(file) == refs
    assert folder_prefixes([str(file)]) == [f"{file}!/"]


def test_thumbnails_masks_and_what_is_in_raw_files_are_no_pages(tmp_path):
    small, mask = page(COLOURS[1], 1, (20, 10)), page(COLOURS[1], 4)
    file = tiff(tmp_path / "a.tif", page(COLOURS[0]), small, mask, page(COLOURS[2]))
    refs = found(file)
    assert list(refs) == [str(file), f"{file}!/4"]
    assert colour(refs[f"{file}!/4"]) == COLOURS[2]
    raw = tmp_path / "raw.tif"
    raw.write_bytes(dng(page(COLOURS[0], size=(64, 48)), preview=page(COLOURS[1], size=(64, 48))))
    jpeg = tmp_path / "jpeg.tif"
    page(COLOURS[0]).save(jpeg, "JPEG")
    assert set(found(raw, jpeg)) == {str(raw), str(jpeg)}


def test_a_page_is_gone_when_the_file_is_there_without_it(tmp_path):
    file = tiff(tmp_path / "a.tif", *map(page, COLOURS))
    third = found(file)[f"{file}!/3"]
    assert not is_gone(third.uri)
    tiff(file, *map(page, COLOURS[:2]))
    assert (is_gone(third.uri), is_gone(f"{file}!/2")) == (True, False)
    with pytest.raises(PhotoError, match="no such page any more"):
        read_photo(third, LIMITS)
    assert Search([str(tmp_path)]).reason_left_out(third.uri) == ""
    assert Search([str(tmp_path)], exclude=["a.*"]).reason_left_out(third.uri)
    file.unlink()
    assert is_gone(third.uri)


def test_nobody_says_that_a_page_is_gone_whose_file_cannot_be_read(tmp_path, monkeypatch):
    file = tiff(tmp_path / "a.tif", *map(page, COLOURS))

    def refuse(*_: object, **__: object) -> None:
        raise OSError("share is away")

    monkeypatch.setattr(Path, "open", refuse)
    assert not is_gone(f"{file}!/9")
    assert list(found(file)) == [str(file)]


def test_a_page_stays_what_it_is_when_a_later_one_is_taken_away(tmp_path):
    file = tiff(tmp_path / "a.tif", *map(page, COLOURS))
    content = read_photo(found(file)[f"{file}!/2"], LIMITS)
    with Image.open(io.BytesIO(content)) as alone:
        assert (alone.n_frames, alone.getpixel((1, 1))) == (1, COLOURS[1])


def test_a_circle_of_pages_ends(tmp_path):
    file = tmp_path / "a.tif"
    file.write_bytes(raw_tiff(26, 44, 8))
    assert list(found(file)) == [str(file)]


def test_a_chain_that_leads_out_of_the_file_is_told(tmp_path):
    file = tiff(tmp_path / "a.tif", *map(page, COLOURS))
    whole = file.read_bytes()
    order = "<" if whole[:2] == b"II" else ">"
    (first,) = struct.unpack_from(f"{order}I", whole, 4)
    (count,) = struct.unpack_from(f"{order}H", whole, first)
    cut = bytearray(whole)
    struct.pack_into(f"{order}I", cut, first + 2 + 12 * count, len(whole) + 10)
    file.write_bytes(cut)
    refs = found(file)
    assert list(refs) == [str(file), f"{file}!/2"]
    assert colour(refs[str(file)]) == COLOURS[0]
    with pytest.raises(PhotoError, match="the file ends before this page"):
        read_photo(refs[f"{file}!/2"], LIMITS)


def test_the_number_of_pages_is_bounded_and_it_is_told(tmp_path):
    file = tmp_path / "a.tif"
    file.write_bytes(raw_tiff(*(8 + 18 * number for number in range(1, 6000)), 0))
    (first, refused) = find_photos([str(file)])
    assert first.uri == str(file)
    assert refused.uri == f"{file}!/{MOST_DIRECTORIES + 1}"
    with pytest.raises(PhotoError, match="more than 4,096 pages"):
        read_photo(refused, LIMITS)


def test_directories_that_lie_in_one_another_take_bounded_time(tmp_path):
    file = tmp_path / "a.tif"  # every two bytes begin a directory of 257 entries
    file.write_bytes(b"II*\0" + struct.pack("<I", 8) + b"\1\1" * 20_000)
    began = time.monotonic()
    assert next(iter(found(file))) == str(file)
    file.write_bytes(b"II*\0" + os.urandom(100_000))
    assert next(iter(found(file))) == str(file)
    assert time.monotonic() - began < 20


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.tif")
    assert list(found(tmp_path)) == [str(tmp_path / "a.tif")]


def test_tiff_files_in_archives_are_counted(tmp_path):
    tiff(tmp_path / "a.tif", *map(page, COLOURS))
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.add(tmp_path / "a.tif", "in/a.tif")
    selection = Selection()
    refs = list(find_photos([str(tmp_path / "x.tar")], None, selection))
    assert [ref.uri for ref in refs] == [f"{tmp_path / 'x.tar'}!/in/a.tif"]
    assert page_of(refs[0].uri) is None
    assert in_words(selection.passed_over.values()) == [
        "Passed over: further pages, if any, of 1 TIFF file in buckets or archives"
    ]


def test_pages_have_names_and_labels(tmp_path):
    uri = f"{tmp_path / 'Ann' / 'a b.tif'}!/3"
    assert file_name(uri) == "a b.tif, page 3"
    assert file_link(uri) == (tmp_path / "Ann" / "a b.tif").as_uri()
    assert folder_labels([uri]).people == {uri: "Ann"}


def test_a_data_set_of_links_says_what_it_cannot_link(tmp_path):
    for name in ("Ann", "Bob"):
        (tmp_path / name).mkdir()
        tiff(tmp_path / name / "a.tif", *map(page, COLOURS))
    dataset = read_dataset(str(tmp_path))
    assert [entry.label for entry in dataset.entries] == ["Ann", "Bob"]
    assert dataset.problems == ("4 further pages of TIFF files, which cannot be linked, were left out.",)
