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
from photoclust.index.store import IndexStore
from photoclust.models.weights import weights_sha256
from photoclust.people.calibration.evidence import calibration_of
from photoclust.photos.sources.references import content_id, find_photos
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
            photos.append({"photo_id": photo, **ref.row()})
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


# -- answers ------------------------------------------------------------------------------------------


class Report:
    """A report, its table to edit, and the data set that comes of it."""

    def __init__(self, collection: Collection, tmp_path: Path) -> None:
        self.collection, self.out, self.new = collection, tmp_path / "out", tmp_path / "new"
        self.run()

    def run(self, *arguments: object) -> Result:
        result = run(
            self.collection.folder, "--index", self.collection.index, "--output", self.out, *arguments
        )
        assert result.exit_code == 0, result.output + str(result.exception)
        return result

    def apply(self) -> set[str]:
        """Labels and names of the links that come of it."""
        shutil.rmtree(self.new, ignore_errors=True)
        self.run("--apply", self.new)
        return {"/".join(path.parts[-2:]) for path in self.new.rglob("*.jpg")}

    def edit(
        self, changes: dict[str, dict[str, str] | None], separator: str = ",", encoding: str = "utf-8"
    ) -> None:
        """Change rows by the end of their photo's path, or delete them, as a spreadsheet would."""
        file = self.out / "actions.csv"
        with file.open(newline="") as text:
            rows = list(csv.DictReader(text))
        kept = []
        for row in rows:
            change = changes.get("/".join(Path(row["photo"]).parts[-2:]), {})
            if change is not None:
                kept.append(row | change)
        with file.open("w", newline="", encoding=encoding) as text:
            writer = csv.DictWriter(text, list(rows[0]), delimiter=separator)
            writer.writeheader()
            writer.writerows(kept)


@pytest.fixture
def report(collection: Collection, tmp_path: Path) -> Report:
    return Report(collection, tmp_path)


@pytest.mark.parametrize(("separator", "encoding"), [(",", "utf-8"), (";", "cp1252"), ("\t", "utf-16")])
def test_what_is_refused_is_not_done_nor_proposed_again(
    report: Report, separator: str, encoding: str
) -> None:
    changes = {"Bob/stray.jpg": {"accept": "no"}, "Cy/again.jpg": None}
    report.edit(changes, separator, encoding)
    made = report.apply()
    assert {"Bob/stray.jpg", "Cy/again.jpg", "Ada/9.jpg", "Eve (2)/two strangers 1.jpg"} <= made
    left = {one[0] for one in actions(report.out)}
    assert not left & set(changes)
    assert {"Ada Lovelace/9.jpg", "Dee/1.jpg"} <= left
    report.run()
    assert {one[0] for one in actions(report.out)} == left
    assert (report.out / "refused.csv").read_text().count("\n") == 3


def test_refusals_hold_where_everything_lies_elsewhere(report: Report, tmp_path: Path) -> None:
    report.edit({"Bob/stray.jpg": {"accept": "no"}})
    report.run()
    for name in ("faces", "out"):
        shutil.move(tmp_path / name, tmp_path / "moved" / name)
    report.collection.folder, report.out = tmp_path / "moved" / "faces", tmp_path / "moved" / "out"
    report.run()
    assert "Bob/stray.jpg" not in {one[0] for one in actions(report.out)}


def test_a_refusal_taken_back_is_proposed_again(report: Report) -> None:
    report.edit({"Bob/stray.jpg": {"accept": "no"}})
    report.run()
    (report.out / "refused.csv").unlink()
    report.run()
    assert ("Bob/stray.jpg", "wrong_label", "move", "Cy") in actions(report.out)


def test_a_changed_proposal_is_done_and_stays(report: Report) -> None:
    report.edit(
        {
            "Bob/stray.jpg": {"proposed_label": "Zoë"},
            "Eve/two strangers 1.jpg": {"action": "set_aside"},
            "Cy/again.jpg": {"accept": ""},
        },
        encoding="cp1252",
    )
    for _ in range(2):
        made = report.apply()
        assert {"Zoë/stray.jpg", "Cy/again.jpg", "Eve (2)/two strangers 2.jpg"} <= made
        assert not any(path.endswith("two strangers 1.jpg") for path in made)


def test_one_label_that_is_another_is_not_said_again_once_refused(report: Report) -> None:
    report.edit({"Ada Lovelace/9.jpg": {"accept": "no"}})
    assert "Ada Lovelace/9.jpg" in report.apply()
    assert "One person, several labels: 0" in report.run().output


def test_a_table_that_cannot_be_read_is_not_written_over(report: Report) -> None:
    (report.out / "actions.csv").write_bytes(b"PK\x03\x04 a workbook")
    result = run(report.collection.folder, "--index", report.collection.index, "--output", report.out)
    assert isinstance(result.exception, UsageError)
    assert "workbook" in str(result.exception)
    assert (report.out / "actions.csv").read_bytes().startswith(b"PK")


def test_lines_that_mean_nothing_are_told(report: Report) -> None:
    report.edit({"Bob/stray.jpg": {"accept": "perhaps"}, "Cy/again.jpg": {"label": "Nobody"}})
    output = " ".join(report.run().output.split())
    assert "accept is 'perhaps', which is neither yes nor no; not used" in output
    assert "a photo and label that the data set does not hold; not used" in output


def test_a_photo_that_two_findings_touch_has_one_row(tmp_path: Path) -> None:
    """It is a stray, and the same picture lies where it belongs."""
    made = Collection(tmp_path)
    for number, person in enumerate(("Ada", "Bob", "Cy", "Dee")):
        for photo in range(4):
            made.add(f"{person}/{photo}.jpg", person, 10 * number + photo)
    made.add("Bob/stray.jpg", "Cy", 20, quality=60)
    made.write()
    report = Report(made, tmp_path)
    with (report.out / "actions.csv").open(newline="") as file:
        photos = [row["photo"] for row in csv.DictReader(file)]
    assert len(photos) == len(set(photos)) == 1
    assert actions(report.out) == {("Bob/stray.jpg", "wrong_label same_photo", "drop", "")}


def test_a_label_may_mean_somebody_who_is_seldom_in_front(tmp_path: Path) -> None:
    """Zed is in front in five photos of eight labelled Ada; Ada is in seven."""
    made = Collection(tmp_path)
    for number, person in enumerate(("Bob", "Cy", "Dee")):
        for photo in range(4):
            made.add(f"{person}/{photo}.jpg", person, 10 * number + photo)
    for photo in range(4):
        made.add(f"Ada/with Zed {photo}.jpg", "Zed", 60 + photo, Ada=70 + photo)
    for photo in range(3):
        made.add(f"Ada/{photo}.jpg", "Ada", 80 + photo)
    made.add("Ada/Zed alone.jpg", "Zed", 66)
    made.write()
    assert actions(Report(made, tmp_path).out) == {("Ada/Zed alone.jpg", "wrong_label", "set_aside", "")}


@pytest.mark.parametrize("together", [True, False])
def test_one_photo_under_the_labels_of_all_who_are_in_it(tmp_path: Path, together: bool) -> None:
    """Two people in it: both labels are right. One: only one of them can be."""
    made = Collection(tmp_path)
    for number, person in enumerate(("Ada", "Bob", "Cy", "Dee")):
        for photo in range(4):
            made.add(f"{person}/{photo}.jpg", person, 10 * number + photo)
    both = made.add("Ada/both.jpg", "Bob", 91, **({"Ada": 92} if together else {}))
    shutil.copy(both, made.folder / "Bob/both.jpg")
    made.shown[made.folder / "Bob/both.jpg"] = made.shown[both]
    made.write()
    wanted = set() if together else {("Ada/both.jpg", "wrong_label same_photo", "drop", "")}
    assert actions(Report(made, tmp_path).out) == wanted


def test_photos_without_a_face_are_listed(collection: Collection, tmp_path: Path) -> None:
    made = Collection(tmp_path / "more")
    for number, person in enumerate(("Ada", "Bob", "Cy")):
        for photo in range(4):
            made.add(f"{person}/{photo}.jpg", person, 10 * number + photo)
    made.shown[made.add("Ada/landscape.jpg", "Ada", 99)] = []
    made.write()
    report = Report(made, tmp_path)
    assert actions(report.out) == {("Ada/landscape.jpg", "no_face", "review", "Ada")}
    assert "No face to judge by: 1" in report.run().output
    report.edit({"Ada/landscape.jpg": {"accept": "yes", "action": "set_aside"}})
    assert "Ada/landscape.jpg" not in report.apply()
    report.edit({"Ada/landscape.jpg": {"accept": "no"}})
    assert "No face to judge by: 0" in report.run().output


def test_json_says_the_same(collection: Collection, tmp_path: Path) -> None:
    values = json.loads(run(collection.folder, "--index", collection.index, "--json").output)
    assert values["counts"] == {
        "same_person": 1,
        "wrong_label": 1,
        "mixed_label": 1,
        "photo_in_splits": 0,
        "same_photo": 2,
        "person_in_splits": 0,
        "no_face": 0,
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
