"""``dedupe`` from the command line, on an index of made-up faces; no photo is ever opened but copies."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from photoclust.cli import cli
from photoclust.config import IndexSettings
from photoclust.errors import OutputError, UsageError
from photoclust.faces.weights import weights_sha256
from photoclust.index.store import IndexStore
from photoclust.people.calibration import calibration_of
from photoclust.photos.sources import content_id, find_photos
from photoclust.records import FACE_SCHEMA, PHOTO_SCHEMA

LANDMARKS = [38.0, 40, 62, 40, 50, 55, 42, 68, 58, 68]


def vector(person: str, photo: int) -> np.ndarray:
    same = np.random.default_rng(sum(person.encode())).normal(size=512)
    rows = same + 0.3 * np.random.default_rng([photo, *person.encode()]).normal(size=512)
    rows = rows / np.linalg.norm(rows) + calibration_of("casia-webface").mean
    return (rows / np.linalg.norm(rows)).astype(np.float16)


def picture(path: Path, seed: int, quality: int = 95) -> None:
    """Soft random shapes, a file of its own for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (10, 10, 3), np.uint8)
    Image.fromarray(noise).resize((100, 100), Image.Resampling.BICUBIC).save(path, quality=quality)


class Collection:
    """Photos on disk, each said to show somebody by its folder, and an index that says who it is."""

    def __init__(self, root: Path) -> None:
        self.folder, self.index = root / "faces", root / "index"
        self.shown: dict[Path, list[tuple[str, int]]] = {}

    def add(self, place: str, person: str, seed: int, quality: int = 95, **also: int) -> Path:
        path = self.folder / place
        picture(path, seed, quality)
        self.shown[path] = [(person, seed), *also.items()]
        return path

    def write(self) -> None:
        photos, faces = [], []
        for ref in find_photos([str(self.folder)]):
            path = Path(ref.uri)
            photo = content_id(path.read_bytes())
            photos.append({"photo_id": photo, "uri": ref.uri, "size": ref.size, "version": ref.version})
            photos[-1] |= {"width": 100, "height": 100, "status": "ok", "attempts": 1}
            for number, (person, seed) in enumerate(self.shown[path]):
                box = [30, 30, 70, 75] if not number else [2, 2, 25, 25]
                faces.append({"face_id": f"{photo}{number}", "photo_id": photo, "box": box})
                faces[-1] |= {"landmarks": LANDMARKS, "detection_score": 1, "sharpness": 1, "yaw": 0}
                faces[-1] |= {"quality": 0.97, "embedding": vector(person, seed), "thumbnail": b"\xff\xd8"}
        store = IndexStore.create(self.index, IndexSettings(), weights_sha256("casia-webface"))
        store.append(
            pa.Table.from_pylist(photos, schema=PHOTO_SCHEMA), pa.Table.from_pylist(faces, schema=FACE_SCHEMA)
        )


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """Five people with four photos each, and one fault of every kind."""
    made = Collection(tmp_path)
    for number, person in enumerate(("Ada", "Bob", "Cy", "Dee", "Eve")):
        for photo in range(4):
            made.add(f"{person}/{photo}.jpg", person, 10 * number + photo)
    made.add("Ada Lovelace/9.jpg", "Ada", 9)
    made.add("Bob/stray.jpg", "Cy", 90)
    made.add("Cy/again.jpg", "Cy", 20, quality=60)
    shutil.copy(made.folder / "Dee/1.jpg", made.folder / "Dee/1 copy.jpg")
    made.shown[made.folder / "Dee/1 copy.jpg"] = made.shown[made.folder / "Dee/1.jpg"]
    made.add("Eve/two strangers 1.jpg", "Flo", 50)
    made.add("Eve/two strangers 2.jpg", "Flo", 51)
    made.add("Dee/with Bob in front.jpg", "Bob", 91, Dee=92)
    made.write()
    return made


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["dedupe", *map(str, arguments)])


def snapshot(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()
    }


def actions(folder: Path) -> set[tuple[str, str, str, str]]:
    with (folder / "actions.csv").open(newline="") as file:
        return {
            ("/".join(Path(row["photo"]).parts[-2:]), row["finding"], row["action"], row["proposed_label"])
            for row in csv.DictReader(file)
        }


def test_every_fault_is_found_and_put_right(collection: Collection, tmp_path: Path) -> None:
    before = snapshot(collection.folder)
    out, new = tmp_path / "out", tmp_path / "new"
    result = run(collection.folder, "--index", collection.index, "--output", out, "--apply", new)
    assert result.exit_code == 0, result.output + str(result.exception)
    assert actions(out) == {
        ("Ada Lovelace/9.jpg", "same_person", "merge", "Ada"),
        ("Bob/stray.jpg", "wrong_label", "move", "Cy"),
        ("Eve/two strangers 1.jpg", "mixed_label", "split", "Eve (2)"),
        ("Eve/two strangers 2.jpg", "mixed_label", "split", "Eve (2)"),
        ("Cy/again.jpg", "same_photo", "drop", ""),
        ("Dee/1.jpg", "same_photo", "drop", ""),
    }
    assert "1 photo under" not in result.output
    assert "4 photos under another label, 2 left out" in result.output
    assert {path.parent.name for path in new.rglob("*.jpg")} == {"Ada", "Bob", "Cy", "Dee", "Eve", "Eve (2)"}
    assert len(list((new / "Ada").iterdir())) == 5
    assert len(list((new / "Cy").iterdir())) == 5
    assert len(list((new / "Dee").iterdir())) == 5
    assert all(path.is_symlink() and path.exists() for path in new.rglob("*.jpg"))
    assert snapshot(collection.folder) == before


def test_json_says_the_same(collection: Collection, tmp_path: Path) -> None:
    values = json.loads(run(collection.folder, "--index", collection.index, "--json").output)
    assert values["counts"] == {
        "same_person": 1,
        "wrong_label": 1,
        "mixed_label": 1,
        "photo_in_splits": 0,
        "same_photo": 2,
        "person_in_splits": 0,
    }
    assert values["photos"] == 27
    assert values["labels"] == 6
    assert values["page"] is None
    [wrong] = [one for one in values["findings"] if one["kind"] == "wrong_label"]
    assert wrong["labels"] == ["Bob", "Cy"]
    assert 0.5 < wrong["confidence"] <= 1


def test_labels_and_splits_from_a_csv(collection: Collection, tmp_path: Path) -> None:
    lines = ["path,label,split"]
    for path in sorted(collection.shown):
        split = "train" if path.name in ("0.jpg", "1.jpg") or path.parent.name == "Ada Lovelace" else "test"
        lines.append(f"{path},{path.parent.name},{split}")
    lines.append("/no/such.jpg,Ada,test")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    result = run(tmp_path / "labels.csv", "--index", collection.index, "--json")
    values = json.loads(result.output)
    assert values["counts"]["photo_in_splits"] == 2
    hidden, opened = sorted(
        (one for one in values["findings"] if one["kind"] == "person_in_splits"), key=lambda one: one["title"]
    )[-2:]
    assert {"Ada", "Ada Lovelace"} <= {*hidden["labels"], *opened["labels"]}
    assert "line 29" in values["problems"][0]


def test_without_a_place_to_keep_it_the_index_is_thrown_away(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The photos show no face that a detector would find, so there is nothing to judge by."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    before = {path for path in tmp_path.rglob("*") if "tmp" not in path.parts[-2:]}
    result = run(collection.folder, "--engine", "local")
    assert isinstance(result.exception, UsageError)
    assert "have a face to judge by" in str(result.exception)
    assert list((tmp_path / "tmp").glob("photoclust-*")) == []
    assert {path for path in tmp_path.rglob("*") if "tmp" not in path.parts[-2:]} == before


@pytest.mark.parametrize("option", ["--output", "--apply", "--index"])
def test_nothing_is_written_into_the_data_set(collection: Collection, option: str) -> None:
    result = run(collection.folder, option, collection.folder / "Ada" / "out")
    assert isinstance(result.exception, UsageError)
    assert "lies inside the data set" in str(result.exception)


def test_apply_refuses_a_folder_that_holds_something_before_any_work(
    collection: Collection, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("x")
    result = run(collection.folder, "--output", tmp_path / "out", "--apply", tmp_path / "mine")
    assert isinstance(result.exception, OutputError)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("dataset", ["@list.txt", "nowhere"])
def test_what_is_no_data_set_is_refused(dataset: str) -> None:
    assert isinstance(run(dataset).exception, UsageError)
