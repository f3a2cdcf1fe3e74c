"""``export --format xmp``: what other programs read in sidecars and photos, and what stays as it was."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from click.testing import CliRunner, Result
from conftest import DATA
from exiftool import as_immich_reads, exiftool, needs_exiftool, regions, tags
from named_index import NamedPhoto, named_index, regroup
from PIL import Image, ImageOps

import photoclust
from photoclust.cli import cli
from photoclust.errors import OutputError, UsageError
from photoclust.index.store import IndexStore

ADA, BOB = (100.0, 60.0, 180.0, 150.0), (250.0, 60.0, 330.0, 150.0)
FACES = (("Ada", ADA), ("Bob", BOB), ("", (10.0, 200.0, 60.0, 260.0)), ("#3", (350.0, 200.0, 390.0, 260.0)))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "photos" / "summer" / "a.jpg"
    file.parent.mkdir(parents=True)
    Image.new("RGB", (400, 300), "teal").save(file)
    file.chmod(0o640)
    return file


@pytest.fixture
def store(tmp_path: Path, photo: Path) -> IndexStore:
    return named_index(tmp_path / "index", [NamedPhoto(str(photo), FACES)])


def export(store: IndexStore, *more: str | Path) -> Result:
    return CliRunner().invoke(
        cli, ["export", "--index", str(store.folder), "--format", "xmp", *map(str, more)]
    )


def below(folder: Path, photo: Path) -> Path:
    return folder.joinpath(*photo.parts[1:-1], f"{photo.name}.xmp")


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def everything(folder: Path) -> dict[str, str]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


# -- where it goes --------------------------------------------------------------------------------------


def test_below_a_folder_at_the_whole_path(store: IndexStore, photo: Path, tmp_path: Path) -> None:
    before = everything(photo.parent)
    result = export(store, "--output", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"Wrote 1 sidecars below {tmp_path / 'out'}" in result.stdout
    assert "2 faces of 2 people with a name, in 1 photos" in result.stdout
    sidecar = below(tmp_path / "out", photo)
    assert {b"Ada", b"Bob"} <= set(sidecar.read_bytes().replace(b"<", b">").split(b">"))
    assert sidecar.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert everything(photo.parent) == before


def test_beside_the_photos_for_whoever_may_read_them(store: IndexStore, photo: Path) -> None:
    assert export(store, "--beside-photos").exit_code == 0
    sidecar = photo.with_name("a.jpg.xmp")
    assert sidecar.stat().st_mode & 0o777 == 0o640
    sidecar.chmod(0o604)
    assert export(store, "--beside-photos", "--keywords").exit_code == 0
    assert sidecar.stat().st_mode & 0o777 == 0o604
    assert names_in(photo.parent) == ["a.jpg", "a.jpg.xmp"]


def test_somebody_must_say_where(store: IndexStore, tmp_path: Path) -> None:
    for more in ([], ["--beside-photos", "--embed"], ["--output", "-"], ["--output", tmp_path, "--embed"]):
        assert isinstance(export(store, *more).exception, UsageError)
    (tmp_path / "file").touch()
    assert isinstance(export(store, "--output", tmp_path / "file").exception, OutputError)
    other = ["export", "--index", str(store.folder), "--format", "csv"]
    assert isinstance(CliRunner().invoke(cli, other).exception, UsageError)
    assert isinstance(CliRunner().invoke(cli, [*other, "--embed"]).exception, UsageError)


@pytest.mark.parametrize("there", ["a.xmp", "a.jpg.xmp", "a.XMP"])
@pytest.mark.parametrize("wished", ["photo.xmp", "photo.jpg.xmp"])
def test_the_sidecar_there_is_used_by_either_name(
    store: IndexStore, photo: Path, there: str, wished: str
) -> None:
    rated = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax'
    rated += '-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF>'
    photo.with_name(there).write_text(rated + "</x:xmpmeta>")
    assert export(store, "--beside-photos", "--sidecar-name", wished).exit_code == 0
    assert names_in(photo.parent) == sorted(["a.jpg", there])
    assert "Rating" in photo.with_name(there).read_text()
    assert "Ada" in photo.with_name(there).read_text()


def test_a_new_sidecar_is_called_as_wished_unless_two_photos_would_share_it(tmp_path: Path) -> None:
    photos = [tmp_path / name for name in ("a.jpg", "b.jpg", "b.cr2")]
    for file in photos:
        file.touch()
    store = named_index(tmp_path / "index", [NamedPhoto(str(file), FACES) for file in photos])
    assert export(store, "--beside-photos", "--sidecar-name", "photo.xmp").exit_code == 0
    assert sorted(file.name for file in tmp_path.glob("*.xmp")) == ["a.xmp", "b.cr2.xmp", "b.jpg.xmp"]


def test_a_sidecar_in_a_folder_holds_what_the_one_beside_the_photo_says(
    store: IndexStore, photo: Path, tmp_path: Path
) -> None:
    assert export(store, "--beside-photos").exit_code == 0
    beside = photo.with_name("a.jpg.xmp")
    text = beside.read_text().replace("Name>Bob", "Name>Robert")
    beside.write_text(text)
    assert export(store, "--output", tmp_path / "out").exit_code == 0
    assert "Robert" in below(tmp_path / "out", photo).read_text()
    assert beside.read_text() == text


# -- what is in it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["--output", "--beside-photos"])
def test_the_second_time_no_byte_is_changed(
    store: IndexStore, photo: Path, tmp_path: Path, place: str
) -> None:
    more = [place, tmp_path / "out"] if place == "--output" else [place]
    assert export(store, *more, "--keywords").exit_code == 0
    written = next(path for path in tmp_path.rglob("*.xmp"))
    before = written.read_bytes(), written.stat().st_mtime_ns
    assert "Wrote 0 sidecars" in (again := export(store, *more, "--keywords").stdout)
    assert "1 said it already" in again
    assert (written.read_bytes(), written.stat().st_mtime_ns) == before


def test_nobody_named_makes_no_sidecar(tmp_path: Path, photo: Path) -> None:
    photos = [NamedPhoto(str(photo), (("#1", ADA), ("", BOB), ("Cy", (10, 10, 40, 40))))]
    store = named_index(tmp_path / "index", photos, ignored=["Cy"])
    result = export(store, "--beside-photos")
    assert "Nobody has a name yet" in result.stdout
    assert names_in(photo.parent) == ["a.jpg"]


@pytest.mark.parametrize("place", ["--output", "--beside-photos"])
def test_what_was_corrected_is_brought_up_to_date(
    store: IndexStore, photo: Path, tmp_path: Path, place: str
) -> None:
    more = [place, tmp_path / "out"] if place == "--output" else [place]
    sidecar = below(tmp_path / "out", photo) if place == "--output" else photo.with_name("a.jpg.xmp")
    assert export(store, *more, "--keywords").exit_code == 0
    regroup(store, _assigned(store, {ADA: "Ada King", BOB: ""}))
    assert "Wrote 1 " in export(store, *more, "--keywords").stdout
    text = sidecar.read_text()
    assert "Bob" not in text
    assert "Ada King" in text
    assert "Ada<" not in text
    regroup(store, _assigned(store, {}))
    assert "1 that said nothing else any more were removed" in export(store, *more).stdout
    assert not sidecar.exists()


def _assigned(store: IndexStore, names: dict[tuple[float, ...], str]) -> list[dict[str, object]]:
    rows = store.faces(["box"]).to_pylist()
    return [{"face_id": row["face_id"], "name": names.get(tuple(row["box"]), "")} for row in rows]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no XML"),
        (b"\x00\x01", "no XML"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"),
    ],
)
def test_a_sidecar_that_cannot_be_used_is_left_alone_and_stops_nothing(
    tmp_path: Path, photo: Path, content: bytes, reason: str
) -> None:
    other = photo.with_name("b.jpg")
    shutil.copy(photo, other)
    store = named_index(tmp_path / "index", [NamedPhoto(str(path), FACES) for path in (photo, other)])
    bad = photo.with_name("a.jpg.xmp")
    bad.write_bytes(content)
    result = export(store, "--beside-photos")
    assert result.exit_code == 0
    assert "1 could not be given XMP" in result.stderr
    assert reason in result.stderr
    assert bad.read_bytes() == content
    assert other.with_name("b.jpg.xmp").exists()


def test_a_sidecar_that_is_a_link_is_not_followed(store: IndexStore, photo: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    photo.with_name("a.jpg.xmp").symlink_to(elsewhere)
    assert "no plain file" in export(store, "--beside-photos").stderr
    assert elsewhere.read_text() == "mine"


def test_photos_that_are_no_files_of_their_own_are_named(tmp_path: Path) -> None:
    uris = ["s3://bucket/a.jpg", "/there/a.tar!/a.jpg", "/there/a.tif!/2", str(tmp_path / "gone.jpg")]
    store = named_index(tmp_path / "index", [NamedPhoto(uri, FACES) for uri in uris])
    result = export(store, "--beside-photos")
    assert result.exit_code == 0
    assert result.stderr.count("no file of its own") == 3
    assert "the photo is not there" in result.stderr


@pytest.mark.parametrize("name", ["<b>&\"'", "]]>", "名前", "\ufffe?", "x" * 200, "-Ada", "a, b; c|d/e"])
def test_any_name_is_written(tmp_path: Path, photo: Path, name: str) -> None:
    store = named_index(tmp_path / "index", [NamedPhoto(str(photo), ((name, ADA),))])
    assert export(store, "--beside-photos", "--keywords").exit_code == 0
    sidecar = photo.with_name("a.jpg.xmp")
    before = sidecar.read_bytes()
    assert "1 said it already" in export(store, "--beside-photos", "--keywords").stdout
    assert sidecar.read_bytes() == before
    if shutil.which("exiftool"):
        shown = name.replace("\ufffe", "\N{REPLACEMENT CHARACTER}")
        assert list(regions(sidecar)) == [shown]
        assert tags(sidecar)["Subject"] == [shown]


# -- what other programs read ---------------------------------------------------------------------------


@needs_exiftool
@pytest.mark.data
@pytest.mark.parametrize("number", range(9))
@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
def test_regions_are_of_the_photo_as_stored(tmp_path: Path, shape: str, number: int) -> None:
    photo = tmp_path / f"{shape}.jpg"
    shutil.copyfile(DATA / "awkward" / f"exif_orientation__{shape}_{number}.jpg", photo)
    with Image.open(photo) as image:
        orientation, stored_size = image.getexif().get(274) or 1, image.size
        size = ImageOps.exif_transpose(image).size
    box = (0.1 * size[0], 0.15 * size[1], 0.3 * size[0], 0.55 * size[1])
    store = named_index(tmp_path / "index", [NamedPhoto(str(photo), (("Ada", box),), size, orientation)])
    assert export(store, "--beside-photos").exit_code == 0
    sidecar = photo.with_name(photo.name + ".xmp")
    assert _seen_upright(regions(sidecar)["Ada"], stored_size, orientation) == pytest.approx(box, abs=1.5)
    assert as_immich_reads(tags(sidecar), orientation)["Ada"] == pytest.approx(box, abs=1.5)
    microsoft = tags(sidecar)["RegionInfoMP"]["Regions"][0]
    x, y, w, h = map(float, microsoft["Rectangle"].split(","))
    assert microsoft["PersonDisplayName"] == "Ada"
    assert (x, y, x + w, y + h) == pytest.approx(regions(sidecar)["Ada"], abs=2e-6)
    said = tags(sidecar)["RegionInfo"]["AppliedToDimensions"]
    assert (said["W"], said["H"], said["Unit"]) == (*stored_size, "pixel")


def _seen_upright(region: tuple[float, ...], size: tuple[int, int], orientation: int) -> tuple[int, ...]:
    """Where a region is seen that is painted into the stored picture, by Pillow's reading of EXIF."""
    width, height = size
    x0, y0, x1, y1 = region
    picture = Image.new("L", size)
    picture.paste(255, (round(x0 * width), round(y0 * height), round(x1 * width), round(y1 * height)))
    picture.getexif()[274] = orientation
    rows, columns = np.nonzero(np.asarray(ImageOps.exif_transpose(picture)))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@needs_exiftool
def test_a_validator_finds_no_fault(store: IndexStore, photo: Path) -> None:
    assert export(store, "--beside-photos", "--keywords").exit_code == 0
    assert "Warning" not in exiftool("-validate", "-warning", "-a", photo.with_name("a.jpg.xmp"))


# -- in the photos themselves ---------------------------------------------------------------------------


@needs_exiftool
def test_embedded_beside_what_was_there_and_the_pixels_as_they_were(store: IndexStore, photo: Path) -> None:
    exiftool("-overwrite_original", "-XMP:Rating=4", "-XMP:Subject=sea", "-EXIF:Artist=Eve", photo)
    pixels = Image.open(photo).tobytes()
    result = export(store, "--embed", "--keywords")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Wrote 1 photos" in result.stdout
    found = tags(photo)
    assert (found["Rating"], found["Artist"], found["Subject"]) == (4, "Eve", ["sea", "Ada", "Bob"])
    assert set(regions(photo)) == {"Ada", "Bob"}
    assert Image.open(photo).tobytes() == pixels
    assert names_in(photo.parent) == ["a.jpg"]


@needs_exiftool
def test_embedded_a_second_time_and_taken_out_again(store: IndexStore, photo: Path) -> None:
    assert export(store, "--embed").exit_code == 0
    before = photo.read_bytes()
    assert "1 said it already" in export(store, "--embed").stdout
    assert photo.read_bytes() == before
    regroup(store, _assigned(store, {}))
    assert "Wrote 1 photos" in export(store, "--embed").stdout
    assert "RegionInfo" not in tags(photo)


@needs_exiftool
def test_what_cannot_be_written_into_is_named(tmp_path: Path) -> None:
    bad, raw, gone, odd = (tmp_path / name for name in ("b.jpg", "c.cr2", "d.jpg", "e\n.jpg"))
    for file in (bad, raw, odd):
        file.write_bytes(b"no photo")
    photos = [NamedPhoto(str(file), FACES) for file in (bad, raw, gone, odd)]
    result = export(named_index(tmp_path / "index", photos), "--embed")
    assert result.exit_code == 0
    assert "4 could not be given XMP" in result.stderr
    assert bad.read_bytes() == b"no photo"


def test_without_exiftool_one_sentence_says_so(
    store: IndexStore, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    before = photo.read_bytes()
    error = export(store, "--embed").exception
    assert isinstance(error, OutputError)
    assert "exiftool is not installed" in str(error)
    assert photo.read_bytes() == before


def test_a_program_does_the_same(store: IndexStore, tmp_path: Path, photo: Path) -> None:
    report = photoclust.open(store.folder).export_xmp(tmp_path / "out", keywords=True)
    assert (report.written, report.faces, report.people, report.photos) == (1, 2, 2, 1)
    assert b"Ada" in below(tmp_path / "out", photo).read_bytes()


@needs_exiftool
@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "heic"])
def test_embedded_in_every_format_that_exiftool_writes(tmp_path: Path, suffix: str) -> None:
    pillow_heif.register_heif_opener()
    photo = tmp_path / f"a.{suffix}"
    Image.effect_noise((400, 300), 50).convert("RGB").save(photo)
    pixels = Image.open(photo).tobytes()
    store = named_index(tmp_path / "index", [NamedPhoto(str(photo), FACES)])
    result = export(store, "--embed")
    assert (result.exit_code, result.stderr) == (0, "")
    assert set(regions(photo)) == {"Ada", "Bob"}
    assert Image.open(photo).tobytes() == pixels


@needs_exiftool
def test_a_link_to_a_photo_stays_one(tmp_path: Path, photo: Path) -> None:
    link = tmp_path / "link.jpg"
    link.symlink_to(photo)
    store = named_index(tmp_path / "index", [NamedPhoto(str(link), FACES)])
    assert export(store, "--embed").exit_code == 0
    assert link.is_symlink()
    assert set(regions(photo)) == {"Ada", "Bob"}


@needs_exiftool
def test_xmp_in_a_photo_that_cannot_be_used_is_left_alone(store: IndexStore, photo: Path) -> None:
    Image.new("RGB", (400, 300)).save(photo, xmp=b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    before = photo.read_bytes()
    assert "document type" in export(store, "--embed").stderr
    assert photo.read_bytes() == before
