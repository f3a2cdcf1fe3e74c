"""``people import``: names of other programs become decisions, and what is said here stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from made_up import build_index
from PIL import Image

import photoclust
from photoclust.cli import cli
from photoclust.config import IndexSettings
from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.models.weights import weights_sha256
from photoclust.people.decisions.file import read_decisions
from photoclust.records import DRAWN_SCORE
from photoclust.workflows.people.people_index import PeopleIndex

ALONE = (0, 0, 100, 100)
SECOND = (150, 0, 250, 100)
Said = tuple[str, str, tuple[int, int, int, int] | None]


@pytest.fixture
def who(album_index: IndexStore, people_of: Callable[[IndexStore], dict[str, str]]) -> dict[str, str]:
    return people_of(album_index)


def run(store: IndexStore, *more: str | Path) -> Result:
    arguments = ["people", "import", *map(str, more), "--index", str(store.folder)]
    return CliRunner().invoke(cli, arguments)


def imported(store: IndexStore, *more: str | Path) -> dict[str, Any]:
    done = run(store, *more, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def table(file: Path, *said: Said) -> Path:
    """A CSV of names at places, in pixels."""
    lines = ["path,name,x,y,w,h"]
    for photo, name, box in said:
        numbers = ["", "", "", ""] if box is None else [box[0], box[1], box[2] - box[0], box[3] - box[1]]
        lines.append(",".join([f"/photos/{photo}.jpg", name, *map(str, numbers)]))
    file.write_text("\n".join(lines))
    return file


def names(store: IndexStore) -> set[str]:
    return set(PeopleIndex(store).names.values()) - {""}


def decisions(store: IndexStore) -> str:
    return store.decisions_text()


def correct(store: IndexStore, *said: str) -> None:
    assert CliRunner().invoke(cli, ["people", *said, "--index", str(store.folder)]).exit_code == 0


def export(store: IndexStore, folder: Path) -> None:
    said = ["export", "--index", str(store.folder), "--format", "xmp", "--output", str(folder)]
    assert CliRunner().invoke(cli, said).exit_code == 0


def test_a_name_goes_to_the_whole_person(
    album_index: IndexStore, who: dict[str, str], tmp_path: Path
) -> None:
    file = table(tmp_path / "a.csv", ("ada/0", "Ada Lovelace", ALONE), ("bea/0", "Bea", ALONE))
    report = imported(album_index, file)
    assert [(one["name"], one["person"], one["faces"], one["whole"]) for one in report["new"]] == sorted(
        [("Ada Lovelace", who["ada"], 1, True), ("Bea", who["bea"], 1, True)], key=lambda row: row[1]
    )
    assert report["not_applied"] == []
    assert PeopleIndex(album_index).names[who["ada"]] == "Ada Lovelace"
    assert names(album_index) == {"Ada Lovelace", "Bea"}
    undo = CliRunner().invoke(cli, ["people", "undo", "--index", str(album_index.folder)])
    assert undo.exit_code == 0
    assert names(album_index) == set()


def test_a_dry_run_writes_nothing(album_index: IndexStore, who: dict[str, str], tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", ("ada/0", "Ada", ALONE))
    said = run(album_index, file, "--dry-run").stdout
    assert "would get the name 'Ada'" in said
    assert "Nothing was written." in said
    assert decisions(album_index) == ""
    assert "Noted down" in run(album_index, file, "--later").stdout
    assert names(album_index) == set()
    assert len(read_decisions(decisions(album_index)).lines) == 1


def test_export_and_import_change_nothing(
    album_index: IndexStore, who: dict[str, str], tmp_path: Path
) -> None:
    correct(album_index, "name", who["ada"], "Ada Lovelace")
    correct(album_index, "name", who["bea"], 'Bea <b>&amp; "Co"')
    before, assigned = decisions(album_index), dict(PeopleIndex(album_index).person_of)
    export(album_index, tmp_path / "x")
    report = imported(album_index, tmp_path / "x")
    assert report["already"] == len(report["found"]["names"]) > 10
    assert (report["new"], report["differing"], report["found"]["without_face"]) == ([], [], [])
    assert decisions(album_index) == before
    assert dict(PeopleIndex(album_index).person_of) == assigned


def test_names_that_were_lost_come_back_from_what_was_exported(
    album_index: IndexStore, who: dict[str, str], tmp_path: Path
) -> None:
    correct(album_index, "name", who["ada"], "Ada Lovelace")
    correct(album_index, "name", who["cleo"], "Cleo")
    assigned = dict(PeopleIndex(album_index).person_of)
    export(album_index, tmp_path / "x")
    correct(album_index, "undo", "2")
    assert names(album_index) == set()
    imported(album_index, tmp_path / "x")
    assert names(album_index) == {"Ada Lovelace", "Cleo"}
    assert dict(PeopleIndex(album_index).person_of) == assigned


def test_one_person_under_two_names_is_told(
    album_index: IndexStore, who: dict[str, str], tmp_path: Path
) -> None:
    said = [("ada/0", "Ada", ALONE), ("ada/1", "Ada", ALONE), ("ada/2", "Eve", ALONE)]
    file = table(tmp_path / "a.csv", *said)
    report = imported(album_index, file, "--dry-run")
    assert list(report["several"].values()) == [{"Ada": 2, "Eve": 1}]
    assert [one["whole"] for one in report["new"]] == [False, False]
    assert "named as several" in run(album_index, file).stdout
    assert names(album_index) == {"Ada", "Eve"}


def test_a_name_here_stays(album_index: IndexStore, who: dict[str, str], tmp_path: Path) -> None:
    correct(album_index, "name", who["ada"], "Ada King")
    before = decisions(album_index)
    report = imported(album_index, table(tmp_path / "a.csv", ("ada/0", "Ada Lovelace", ALONE)))
    assert [(one["name"], one["called"]) for one in report["differing"]] == [("Ada Lovelace", "Ada King")]
    assert decisions(album_index) == before


def test_a_face_that_was_taken_out_stays_out(
    album_index: IndexStore, who: dict[str, str], tmp_path: Path
) -> None:
    face = next(face for face, person in PeopleIndex(album_index).person_of.items() if person == who["ada"])
    correct(album_index, "reject", who["ada"], face)
    rows = {row["face_id"]: row["photo_id"] for row in album_index.faces([]).to_pylist()}
    uri = {row["photo_id"]: row["uri"] for row in album_index.photos().to_pylist()}[rows[face]]
    photo = uri.removeprefix("/photos/").removesuffix(".jpg")
    report = imported(album_index, table(tmp_path / "a.csv", (photo, "Ada", ALONE)))
    assert (report["new"], len(report["differing"])) == ([], 1)


def test_what_fits_no_face_is_counted_and_listed(
    album_index: IndexStore, who: dict[str, str], tmp_path: Path
) -> None:
    file = table(
        tmp_path / "a.csv",
        ("ada/0", "Eve", (200, 120, 260, 180)),
        ("nowhere/7", "Zoe", ALONE),
        ("bea/4", "Bea", None),
        ("cleo/0", "Cleo", None),
        ("dora/0", "Person 3", ALONE),
    )
    report = imported(album_index, file, "--dry-run")
    found = report["found"]
    assert [(one["name"], one["photo"]) for one in found["without_face"]] == [("Eve", "/photos/ada/0.jpg")]
    assert report["drawn"] == found["without_face"]
    assert found["not_indexed"] == ["/photos/nowhere/7.jpg"]
    assert [one["name"] for one in found["unused"]] == ["Bea"]
    assert [one["name"] for one in report["new"]] == ["Cleo"]
    assert list(report["not_names"]) == ["Person 3"]
    said = run(album_index, file, "--dry-run").stdout
    for told in (
        "1 named regions without a face would be drawn here",
        "1 photos are not in the index",
        "1 names are said",
    ):
        assert told in said


def test_a_photo_is_known_by_the_folders_it_shares(album_index: IndexStore, tmp_path: Path) -> None:
    takeout = {"title": "1.jpg", "people": [{"name": "Ada"}]}
    for folder in ("Takeout/ada", "Takeout/other"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "1.jpg.json").write_text(json.dumps(takeout))
    found = imported(album_index, tmp_path, "--dry-run")["found"]
    assert len(found["names"]) == 1
    assert found["not_indexed"] == [str(tmp_path / "Takeout" / "other" / "1.jpg")]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "heic"])
def test_names_in_photos_themselves(
    album_index: IndexStore, who: dict[str, str], tmp_path: Path, suffix: str
) -> None:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed (Debian: libimage-exiftool-perl)")
    import pillow_heif
    from exiftool import exiftool

    pillow_heif.register_heif_opener()
    photo = tmp_path / "photos" / "ada" / f"0.{suffix}"
    photo.parent.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    Image.fromarray(noise).save(photo)
    exiftool(
        *("-overwrite_original", "-RegionAppliedToDimensionsW=300", "-RegionAppliedToDimensionsH=200"),
        *("-RegionName=Ada", "-RegionType=Face", "-RegionAreaX=0.1667", "-RegionAreaY=0.25"),
        *("-RegionAreaW=0.333", "-RegionAreaH=0.5", "-RegionAreaUnit=normalized", photo),
    )
    same = photo if suffix == "jpg" else photo.rename(photo.with_suffix(".jpg"))
    report = imported(album_index, same)
    assert [(one["name"], one["person"]) for one in report["new"]] == [("Ada", who["ada"])]


def test_mistakes_are_named(album_index: IndexStore, tmp_path: Path) -> None:
    assert isinstance(run(album_index, tmp_path / "nothing").exception, UsageError)
    assert isinstance(run(album_index, "s3://bucket/x").exception, UsageError)
    assert isinstance(run(album_index, "a\0b").exception, UsageError)
    (tmp_path / "a.csv").write_text("no,names\n1,2\n")
    done = run(album_index, tmp_path / "a.csv")
    assert done.exit_code == 0
    assert "1 files cannot be used" in done.stdout


def test_a_program_does_the_same(album_index: IndexStore, who: dict[str, str], tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", ("ada/0", "Ada", ALONE))
    index = photoclust.open(album_index.folder)
    assert [one.name for one in index.import_names(file, dry_run=True).new] == ["Ada"]
    assert names(album_index) == set()
    assert index.import_names(file).people == 4
    assert names(album_index) == {"Ada"}


@pytest.fixture
def there(tmp_path: Path) -> IndexStore:
    """An index whose photos can be opened."""
    sha256 = weights_sha256(IndexSettings().embed.model)
    return build_index(tmp_path / "index", {"ada": 4, "bea": 3}, photos=tmp_path / "photos", sha256=sha256)


def named_there(store: IndexStore, folder: Path, box: str) -> Path:
    """A table that names somebody at a place of a photo."""
    photo = next(uri for uri in store.photos()["uri"].to_pylist() if uri.endswith("ada/1.jpg"))
    (folder / "names.csv").write_text(f"path,name,x,y,w,h\n{photo},Eve,{box}\n")
    return folder / "names.csv"


def test_a_region_without_a_face_becomes_one_that_is_drawn_by_hand(there: IndexStore, tmp_path: Path) -> None:
    file = named_there(there, tmp_path, "200,120,60,60")
    report = imported(there, file)
    assert (len(report["drawn"]), report["not_applied"]) == (1, [])
    assert "Eve" in names(there)
    again = imported(there, file)
    assert (again["drawn"], again["new"], again["already"]) == ([], [], 1)
    export(there, tmp_path / "x")
    assert imported(there, tmp_path / "x")["drawn"] == []


def test_a_drawn_face_is_exported_and_what_is_no_face_is_not(there: IndexStore, tmp_path: Path) -> None:
    imported(there, named_there(there, tmp_path, "200,120,60,60"))
    export(there, tmp_path / "x")
    assert b"Eve" in b"".join(path.read_bytes() for path in (tmp_path / "x").rglob("*.xmp"))
    rows = there.faces(["detection_score"]).to_pylist()
    correct(there, "not-a-face", *[row["face_id"] for row in rows if row["detection_score"] == DRAWN_SCORE])
    export(there, tmp_path / "x")
    assert b"Eve" not in b"".join(path.read_bytes() for path in (tmp_path / "x").rglob("*.xmp"))


def test_what_is_no_face_is_not_drawn_again(there: IndexStore, tmp_path: Path) -> None:
    file = named_there(there, tmp_path, "200,120,60,60")
    imported(there, file)
    rows = there.faces(["detection_score"]).to_pylist()
    (face,) = [row["face_id"] for row in rows if row["detection_score"] == DRAWN_SCORE]
    correct(there, "not-a-face", face)
    assert "Eve" not in names(there)
    report = imported(there, file)
    assert (report["drawn"], len(report["found"]["without_face"])) == ([], 1)
    assert "1 named regions have no face here" in run(there, file, "--dry-run").stdout


def test_a_region_too_small_is_listed(there: IndexStore, tmp_path: Path) -> None:
    report = imported(there, named_there(there, tmp_path, "200,120,4,4"))
    assert (report["drawn"], len(report["found"]["without_face"])) == ([], 1)
