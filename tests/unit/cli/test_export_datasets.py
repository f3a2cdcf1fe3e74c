"""``export --format coco`` and the other data sets: what is in them, and what they leave alone."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from named_index import NamedPhoto, landmarks, named_index
from pictures import save_turned
from PIL import Image

import photoclust
from photoclust.cli import cli
from photoclust.errors import IndexMissingError, OutputError, UsageError
from photoclust.index.store import IndexStore
from photoclust.photos.identity import picture_id

ADA, BOB, OUTSIDE = (100.0, 60.0, 212.0, 172.0), (240.0, 60.0, 352.0, 172.0), (-20.0, 200.0, 60.0, 320.0)
SIZE = (400, 300)


def upright() -> Image.Image:
    """Ada is red, Bob is blue, the upper half of each is brighter."""
    picture = Image.new("RGB", SIZE, (90, 90, 90))
    for box, colour in ((ADA, (250, 0, 0)), (BOB, (0, 0, 250))):
        x0, y0, x1, y1 = map(int, box)
        picture.paste(colour, (x0, y0, x1, y1))
        picture.paste(tuple(side // 2 for side in colour), (x0, (y0 + y1) // 2, x1, y1))
    return picture


def save(file: Path, orientation: int = 1) -> str:
    """Write the picture; give the id of it."""
    save_turned(upright(), file, orientation)
    return picture_id(file.read_bytes())


def photo(file: Path, *faces: tuple[str, Any], orientation: int = 1) -> NamedPhoto:
    return NamedPhoto(str(file), faces, SIZE, orientation, save(file, orientation))


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    photos = [
        photo(tmp_path / "a.png", ("Ada", ADA), ("Bob", BOB), ("", OUTSIDE)),
        photo(tmp_path / "b.png", ("Ada", ADA), ("#3", BOB), orientation=6),
    ]
    return named_index(tmp_path / "index", photos)


def export(store: IndexStore, form: str, output: Path | str, *more: str) -> Result:
    arguments = ["export", "--index", str(store.folder), "--format", form, "--output", str(output), *more]
    return CliRunner().invoke(cli, arguments)


def written(store: IndexStore, form: str, output: Path) -> Any:
    result = export(store, form, output)
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(output.read_text())


# -- of photos ------------------------------------------------------------------------------------------


def test_coco(store: IndexStore, tmp_path: Path) -> None:
    said = written(store, "coco", tmp_path / "coco.json")
    categories = [(one["id"], one["name"]) for one in said["categories"]]
    assert categories == [(1, "unknown"), (2, "Ada"), (3, "Person 3"), (4, "Bob")]
    assert [Path(one["file_name"]).name for one in said["images"]] == ["a.png", "b.png"]
    assert {(one["width"], one["height"]) for one in said["images"]} == {SIZE}
    name = {one["id"]: one["name"] for one in said["categories"]}
    faces = [(one["image_id"], name[one["category_id"]], one["bbox"]) for one in said["annotations"]]
    assert (1, "Ada", [100, 60, 112, 112]) in faces
    assert (2, "Person 3", [240, 60, 112, 112]) in faces
    assert (1, "unknown", [0, 200, 60, 100]) in faces  # as far as it lies in the photo
    assert len({one["id"] for one in said["annotations"]}) == 5
    ada = said["annotations"][0]
    assert ada["keypoints"][0::3] == pytest.approx(landmarks(ADA)[0::2], abs=1e-2)
    assert (ada["area"], ada["iscrowd"], ada["num_keypoints"]) == (112 * 112, 0, 5)
    assert len(said["categories"][0]["keypoints"]) == 5
    assert 0 < ada["score"] <= 1
    assert "confidence" not in ada


def test_fiftyone(store: IndexStore, tmp_path: Path) -> None:
    labels = written(store, "fiftyone", tmp_path / "labels.json")["labels"]
    assert list(labels) == [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    first = next(one for one in labels[str(tmp_path / "a.png")] if one["label"] == "Ada")
    assert first["bounding_box"] == pytest.approx([0.25, 0.2, 0.28, 112 / 300], abs=1e-5)
    assert first["attributes"]["status"] == "member"
    assert 0 < first["confidence"] <= 1
    assert "confidence" not in first["attributes"]  # FiftyOne would be given it twice
    assert sorted(one["label"] for one in labels[str(tmp_path / "a.png")]) == ["Ada", "Bob", "unknown"]


@pytest.mark.parametrize("form", ["coco", "fiftyone"])
def test_one_json_is_private_replaced_only_with_force_and_the_same_each_time(
    store: IndexStore, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "out.json"
    written(store, form, out)
    assert out.stat().st_mode & 0o777 == 0o600
    before = out.read_bytes()
    assert isinstance(export(store, form, out).exception, OutputError)
    assert export(store, form, out, "--force").exit_code == 0
    assert out.read_bytes() == before
    assert export(store, form, "-").stdout_bytes == before


# -- of crops -------------------------------------------------------------------------------------------


def looks_like(jpeg: bytes) -> str:
    """Whose face a crop shows; it must be upright."""
    pixels = np.asarray(Image.open(io.BytesIO(jpeg)))
    assert pixels.shape == (112, 112, 3)
    assert pixels[20, 56].sum() > 1.5 * pixels[90, 56].sum()
    return "red" if pixels[20, 56, 0] > 200 else "blue"


def test_hugging_face(store: IndexStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = export(store, "huggingface", out)
    assert (result.exit_code, result.stderr) == (0, "")
    rows = [json.loads(line) for line in (out / "metadata.jsonl").read_text().splitlines()]
    assert [row["label"] for row in rows[:2]] == ["Ada", "Ada"]
    assert sorted(row["label"] for row in rows[2:]) == ["Bob", "Person 3"]
    for row in rows:
        colour = looks_like((out / row["file_name"]).read_bytes())
        assert colour == ("red" if row["label"] == "Ada" else "blue")
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) == len(rows) + 1
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (out, *out.iterdir()) if path.is_dir()} == {0o700}


def test_webdataset(store: IndexStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photoclust.interchange.crops.SHARD_FACES", 3)
    assert export(store, "webdataset", tmp_path / "out").exit_code == 0
    shards = sorted((tmp_path / "out").glob("*.tar"))
    assert [shard.name for shard in shards] == ["people-000000.tar", "people-000001.tar"]
    samples: dict[str, dict[str, bytes]] = {}
    for shard in shards:
        assert shard.stat().st_mode & 0o777 == 0o600
        with tarfile.open(shard) as tar:
            for member in tar:
                key, _, suffix = member.name.partition(".")
                samples.setdefault(key, {})[suffix] = tar.extractfile(member).read()
    assert [sorted(sample) for sample in samples.values()] == [["cls", "jpg", "json"]] * 4
    people = {one["number"]: one for one in json.loads((tmp_path / "out" / "people.json").read_text())}
    for sample in samples.values():
        said, number = json.loads(sample["json"]), int(sample["cls"])
        assert people[number]["label"] == said["label"]
        assert looks_like(sample["jpg"]) == ("red" if said["label"] == "Ada" else "blue")
    assert people[0] | {"person_id": ""} == {"number": 0, "person_id": "", "label": "Ada", "faces": 2}


def test_the_same_faces_make_the_same_shards(store: IndexStore, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert export(store, "webdataset", tmp_path / name).exit_code == 0
    one, two = ((tmp_path / name / "people-000000.tar").read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("orientation", range(1, 9))
def test_crops_are_of_the_upright_photo(tmp_path: Path, orientation: int) -> None:
    one = photo(tmp_path / "a.png", ("Ada", ADA), orientation=orientation)
    store = named_index(tmp_path / "index", [one])
    assert export(store, "huggingface", tmp_path / "out").exit_code == 0
    (crop,) = (tmp_path / "out").glob("*/*.jpg")
    assert looks_like(crop.read_bytes()) == "red"


def test_photos_that_have_gone_or_changed_are_named(store: IndexStore, tmp_path: Path) -> None:
    (tmp_path / "b.png").unlink()
    result = export(store, "huggingface", tmp_path / "out")
    assert result.exit_code == 0
    assert "1 could not be cut" in result.stderr
    assert len((tmp_path / "out" / "metadata.jsonl").read_text().splitlines()) == 2
    Image.new("RGB", SIZE).save(tmp_path / "a.png")
    done = export(store, "huggingface", tmp_path / "none")
    assert isinstance(done.exception, OutputError)
    assert not (tmp_path / "none").exists()
    Image.new("RGB", SIZE).save(tmp_path / "b.png")
    assert "has changed" in str(export(store, "webdataset", tmp_path / "none").exception)
    assert [path.name for path in tmp_path.glob(".tmp-*")] == []


def test_who_is_ignored_is_left_out(tmp_path: Path) -> None:
    one = photo(tmp_path / "a.png", ("Ada", ADA), ("Bob", BOB))
    store = named_index(tmp_path / "index", [one], ignored=["Bob"])
    assert export(store, "huggingface", tmp_path / "out").exit_code == 0
    (row,) = (tmp_path / "out" / "metadata.jsonl").read_text().splitlines()
    assert json.loads(row)["label"] == "Ada"


@pytest.mark.parametrize("form", ["webdataset", "huggingface"])
def test_nothing_that_is_there_is_touched(store: IndexStore, tmp_path: Path, form: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "precious").write_text("mine")
    for more in ([], ["--force"]):
        assert isinstance(export(store, form, out, *more).exception, OutputError)
    assert [path.name for path in out.iterdir()] == ["precious"]
    assert isinstance(export(store, form, "-").exception, UsageError)
    assert isinstance(export(store, form, tmp_path / "new", "--embeddings").exception, UsageError)


def test_nobody_yet_is_said(tmp_path: Path, store: IndexStore) -> None:
    (store.folder / "current.json").unlink()
    for form in ("coco", "fiftyone", "webdataset", "huggingface"):
        assert isinstance(export(store, form, tmp_path / form).exception, IndexMissingError)


def test_a_program_does_the_same(store: IndexStore, tmp_path: Path) -> None:
    index = photoclust.open(store.folder)
    assert index.export(tmp_path / "out", "huggingface").unlinked == {}
    assert (tmp_path / "out" / "metadata.jsonl").is_file()
    index.export(tmp_path / "coco.json", "coco")
    assert json.loads((tmp_path / "coco.json").read_text())["images"]
