"""``evaluate`` and ``sweep`` on an index of made-up faces."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from labelled_index import labelled_index

from photoclust.cli import cli
from photoclust.config import ClusterConfig, IndexSettings
from photoclust.errors import IndexMissingError, UsageError
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.records import FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.workflows.cluster import group_faces

PEOPLE = ["Ada", "Bob", "Cy"]


def vectors(person: int, photos: int) -> np.ndarray:
    rng = np.random.default_rng(person)
    rows = rng.normal(size=512) + 0.3 * rng.normal(size=(photos, 512))
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True) + calibration_of("casia-webface").mean
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Three people with six photos each, each in a folder of that name, grouped."""
    photos, faces = [], []
    for person, name in enumerate(PEOPLE):
        for i, vector in enumerate(vectors(person, 6)):
            photo = f"{name}{i}"
            photos.append({"photo_id": photo, "uri": f"/photos/{name}/{i}.jpg", "size": 1, "version": "1"})
            photos[-1] |= {"width": 100, "height": 100, "status": "ok", "attempts": 1}
            faces.append({"face_id": f"f{photo}", "photo_id": photo, "box": [20, 20, 80, 80]})
            faces[-1] |= {"landmarks": [0.0] * 10, "detection_score": 1, "sharpness": 1, "yaw": 0}
            faces[-1] |= {"quality": 0.9, "embedding": vector, "thumbnail": b"\xff\xd8"}
    store = IndexStore.create(tmp_path / "index", IndexSettings(), "abc")
    store.append(
        pa.Table.from_pylist(photos, schema=PHOTO_SCHEMA), pa.Table.from_pylist(faces, schema=FACE_SCHEMA)
    )
    group_faces(store, ClusterConfig())
    return store.folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_folders_are_the_truth(index: Path) -> None:
    result = run("evaluate", index)
    assert result.exit_code == 0, result.output
    assert "18 labelled faces of 3 people, in 3 groups; 0 alone" in result.output
    assert "Pairwise F 1.000" in result.output


def test_a_csv_is_the_truth(index: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("photo,person\n/photos/Ada/0.jpg,x\n/photos/Bob/0.jpg,x\n/photos/Bob/1.jpg,y\n")
    result = run("evaluate", "--index", index, "--labels", labels, "--json", "--html", tmp_path / "e.html")
    values = json.loads(result.output)
    assert values["faces"] == 3
    assert values["pairwise"]["f"] == 0
    assert {(one["kind"], one["wrong_pairs"]) for one in values["worst"]} == {("split", 1), ("mixed", 1)}
    assert "data:image/jpeg" in (tmp_path / "e.html").read_text()


def test_labels_of_unknown_photos_alone_are_refused(index: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("photo,person\n/photos/nobody.jpg,x\n")
    result = run("evaluate", "--index", index, "--labels", labels)
    assert isinstance(result.exception, UsageError)
    assert "nobody.jpg" in str(result.exception)
    assert "which holds '/photos/Ada/0.jpg', say" in str(result.exception)


def test_labels_of_some_unknown_photos_are_counted(index: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("photo,person\n/photos/Ada/0.jpg,1\n/photos/Ada/1.jpg,1\n/photos/nobody.jpg,2\n")
    result = run("evaluate", "--index", index, "--labels", labels)
    assert "2 labelled faces of 1 person, in 1 group" in result.output
    assert "1 line left out with a photo that the index does not know" in result.output
    assert "All labels name one person" in result.output


# -- confidence ---------------------------------------------------------------------------------------

HONEST = [("Ada", "a", 0.92)] * 9 + [("Bob", "a", 0.97)] + [("Bob", "b", 0.99)] * 4


def test_confidence_is_held_against_labels(tmp_path: Path) -> None:
    store = labelled_index(tmp_path / "index", [*HONEST, ("Cy", "c", 0.7), ("Bob", "b", 1.0)])
    result = run("evaluate", store.folder)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["90%", "to", "95%", "9", "92.0%", "100.0%", "70.1%", "to", "100.0%"] in lines
    assert ["95%", "to", "98%", "1", "97.0%", "0.0%", "0.0%", "to", "79.3%", "too", "sure"] in lines
    assert "Not judged: 1 in a group with no other labelled face" in result.output
    assert "Not judged: 1 whose place was decided by a person" in result.output
    assert "97% Bob, among faces of Ada: /photos/Bob/9.jpg" in result.output
    assert "mixed a: 9 wrong pairs" in result.output
    assert "1 Bob: /photos/Bob/9.jpg (97%)" in result.output


def test_scores_are_told_by_how_near_the_nearest_other_person_is(index: Path, tmp_path: Path) -> None:
    assert "nearest other person" not in run("evaluate", index).output
    assert json.loads(run("evaluate", index, "--json").output)["by_nearness"] == []
    labels = tmp_path / "labels.csv"
    lines = [f"/photos/{name}/{i}.jpg,{name}{i // 2}" for name in PEOPLE for i in range(6)]
    lines[-1] = lines[-1].replace("Cy2", "Cy3")
    labels.write_text("\n".join(["photo,person", *lines]) + "\n")
    output = run("evaluate", index, "--labels", labels).output
    assert "By how near the nearest other person is" in output
    tenths = json.loads(run("evaluate", index, "--labels", labels, "--json").output)["by_nearness"]
    assert sum(one["people"] for one in tenths) == 10
    assert all(one["precision"] < 1 == one["recall"] for one in tenths)


def test_a_script_can_read_all_of_it(tmp_path: Path) -> None:
    store = labelled_index(tmp_path / "index", [*HONEST, *[("Dee", "a", 0.96)] * 3, ("Cy", "", 0.0)])
    values = json.loads(run("evaluate", store.folder, "--json").output)
    confidence = values["confidence"]
    assert [one["count"] for one in confidence["faces"]["bins"]] == [9, 4, 4]
    assert confidence["people"]["overall"]["count"] == 2
    assert [(one["person"], one["photo"]) for one in confidence["sure_but_wrong"]] == [
        ("Bob", "/photos/Bob/9.jpg"),
        *[("Dee", f"/photos/Dee/{row}.jpg") for row in (14, 15, 16)],
    ]
    assert values["labelled"][17] == {
        "photo": "/photos/Cy/17.jpg",
        "person": "Cy",
        "group": "",
        "confidence": None,
    }
    assert confidence["sure_but_wrong"][0]["row"] == 9


def test_groups_go_by_the_names_of_their_people(album_index: IndexStore, people_of, tmp_path: Path) -> None:
    ada = people_of(album_index)["ada"]
    assert run("people", "name", ada, "Ada Lovelace", "--index", album_index.folder).exit_code == 0
    labels = tmp_path / "labels.csv"
    labels.write_text("photo,person\n/photos/ada/0.jpg,x\n/photos/ada/1.jpg,x\n/photos/ada/2.jpg,y\n")
    result = run("evaluate", album_index.folder, "--labels", labels, "--html", tmp_path / "e.html")
    assert f"mixed Ada Lovelace ({ada}): 2 wrong pairs" in result.output
    assert "<h3><bdi>Ada Lovelace</bdi></h3>" in (tmp_path / "e.html").read_text()


def test_nothing_to_say_is_said(tmp_path: Path) -> None:
    store = labelled_index(tmp_path / "index", [("Ada", "", 0.0), ("Bob", "b", 0.9)])
    result = run("evaluate", store.folder, "--html", tmp_path / "e.html")
    assert "Nothing can be said: no labelled face is in a group with another" in result.output
    assert "Nothing can be said" in (tmp_path / "e.html").read_text()
    assert (tmp_path / "e.html").stat().st_mode & 0o777 == 0o600


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    store = labelled_index(tmp_path / "index", HONEST)
    row = {"size": 1, "version": "1", "attempts": 1, "width": 100, "height": 100}
    more = [
        row | {"photo_id": "p0000", "uri": "/photos/Zoe/0.jpg", "status": "ok"},  # a copy of one of Ada
        row | {"photo_id": "n", "uri": "/photos/Ada/n.jpg", "status": "no_face"},
        row | {"photo_id": "", "uri": "/photos/Ada/x.jpg", "status": "failed"},
        row | {"photo_id": "m", "uri": "/photos/Ada/m.jpg", "status": "ok"},
    ]
    face = {"face_id": "m", "photo_id": "m", "box": [20, 20, 80, 80], "landmarks": [0.0] * 10, "yaw": 0}
    face |= {"detection_score": 1, "sharpness": 1, "quality": 1, "embedding": [0.0] * 512, "thumbnail": b""}
    store.append(
        pa.Table.from_pylist(more, schema=PHOTO_SCHEMA), pa.Table.from_pylist([face], schema=FACE_SCHEMA)
    )
    notes = json.loads(run("evaluate", store.folder, "--json").output)["notes"]
    assert notes == [
        "Left out: 1 labelled photo shows no face, 1 labelled photo could not be read, "
        "1 photo is there twice, under two labels.",
        "1 labelled face has come since people were grouped, and counts as alone; group the faces first.",
    ]


def test_an_index_without_people_is_refused(tmp_path: Path) -> None:
    IndexStore.create(tmp_path / "index", IndexSettings(), "abc")
    result = run("evaluate", "--index", tmp_path / "index")
    assert isinstance(result.exception, IndexMissingError)


def test_sweep_compares_settings_and_changes_nothing(index: Path, tmp_path: Path) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in index.rglob("*"))
    plot = tmp_path / "plot.png"
    result = run("sweep", "--index", index, "--parameter", "min_cluster_size", "--values", "2,7",
                 "--labels", "folders", "--json", "--plot", plot)  # fmt: skip
    points = json.loads(result.output)["points"]
    assert [point["people"] for point in points] == [3, 0]
    assert points[0]["pairwise_f"] == 1
    assert plot.stat().st_size > 1000
    assert sorted((path, path.stat().st_mtime_ns) for path in index.rglob("*")) == before


def test_sweep_refuses_what_is_no_number(index: Path) -> None:
    result = run("sweep", "--index", index, "--values", "2,x")
    assert isinstance(result.exception, UsageError)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--parameter", "min_samples", "--values", "2.5"), "whole number, not 2.5"),
        (("--parameter", "min_samples", "--values", "inf"), "whole number, not inf"),
        (("--parameter", "min_quality", "--values", "nan"), r"in \[0, 1\], not nan"),
        (("--plot", "plot.xyz"), ".png, .svg and .pdf can"),
        (("--plot", "nowhere/plot.png"), "its folder does not exist"),
    ],
)
def test_sweep_refuses_before_it_works(index: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("sweep", index, *arguments)
    assert isinstance(result.exception, UsageError)
    assert re.search(message, str(result.exception))


def test_sweep_varies_what_is_in_force_and_marks_it(index: Path) -> None:
    group_faces(IndexStore.open(index), ClusterConfig(min_cluster_size=7))
    lines = run("sweep", index, "--values", "0.01,0.1,0.01").output.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["0.01*", "0"], ["0.1", "0"]]


def test_sweep_keeps_to_what_people_decided(album_index: IndexStore, people_of) -> None:
    one, other = people_of(album_index)["ada"], people_of(album_index)["bea"]
    assert run("people", "merge", one, other, "--index", album_index.folder).exit_code == 0
    current = album_index.current_clustering()
    assert current is not None
    result = run("sweep", album_index.folder, "--values", "0.01", "--json")
    assert [point["people"] for point in json.loads(result.output)["points"]] == [len(current.people)] == [3]


def test_sweep_needs_no_people_to_be_scored(index: Path) -> None:
    (index / "current.json").unlink()
    result = run("sweep", index, "--values", "0.01", "--labels", "folders", "--json")
    [point] = json.loads(result.output)["points"]
    assert (point["pairwise_f"], point["in_force"]) == (1, False)
