"""`photoclust train`: a run, killed and gone on with, judged, and refused where nothing was learned."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from learnable_index import learnable_index

import photoclust
from photoclust.cli import cli
from photoclust.errors import TrainingError, UsageError
from photoclust.learn.run_folder import RunFolder
from photoclust.storage import local_files
from photoclust.workflows.train.labelled import labelled_faces

FILES = {"run.json", "faces.parquet", "split.csv", "curves.csv", "judgement.json", "report.html"}
FILES |= {"curves.png", "distances.png", "map.png", "triplets.png", "embeddings.npy"}
SHORT = ("--epochs", "8", "--learning-rate", "0.003")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learnable_index(tmp_path_factory.mktemp("learn") / "index").folder


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["train", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def done(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run") / "run"
    said = invoke(index, *SHORT, "--output", run)
    assert said.exit_code == 0
    assert "Better than its parent" in said.output
    return run


def test_a_run_is_a_private_folder_that_says_what_it_was(done: Path) -> None:
    assert {path.name for path in done.iterdir()} >= FILES
    for path in [done, *done.rglob("*")]:
        assert not path.stat().st_mode & 0o077, path
    head = json.loads((done / "run.json").read_text())
    assert len(head["id"]) == 12
    assert head["config"]["seed"] == 0
    assert head["parent"] == "casia-webface"
    page = (done / "report.html").read_text()
    assert head["id"] in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/jpeg") >= 3
    assert "--ground" in page  # the colours that all pages share


def test_nobody_is_on_two_sides(done: Path) -> None:
    lines = (done / "split.csv").read_text().splitlines()[1:]
    people = [line.split(",")[1] for line in lines]
    assert len(people) == len(set(people)) == 60


def test_equal_settings_give_equal_runs(index: Path, done: Path, tmp_path: Path) -> None:
    said = invoke("start", "--index", index, *SHORT, "--output", tmp_path / "run", "--json")
    values = json.loads(said.stdout)
    assert values["id"] == json.loads((done / "run.json").read_text())["id"]
    assert (tmp_path / "run" / "curves.csv").read_bytes() == (done / "curves.csv").read_bytes()
    assert values["judgement"]["better"] is True
    assert [one["epoch"] for one in values["curves"]] == list(range(9))


def test_killed_it_goes_on_with_the_same_numbers(index: Path, done: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "photoclust", "train", str(index), *SHORT, "--output", str(run)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while len(curves(run)) < 4 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it was killed; the test has tested nothing"
    assert len(curves(run)) < 10
    said = invoke("resume", run)
    assert said.exit_code == 0
    assert curves(run) == curves(done)
    assert (run / "judgement.json").read_bytes() == (done / "judgement.json").read_bytes()


def curves(run: Path) -> list[str]:
    file = run / "curves.csv"
    return file.read_text().splitlines() if file.exists() else []


def test_shuffled_labels_are_refused(tmp_path: Path) -> None:
    index = learnable_index(tmp_path / "index", shuffled=True).folder
    said = invoke(index, *SHORT, "--output", tmp_path / "run")
    assert "Refused: not better than casia-webface by more than chance." in said.output
    found = json.loads((tmp_path / "run" / "judgement.json").read_text())
    assert found["better"] is False
    assert found["tar"]["low"] <= found["tar"]["result"] - found["tar"]["parent"] <= found["tar"]["high"]


def test_a_label_that_disagrees_with_its_face_is_told(tmp_path: Path) -> None:
    store = learnable_index(tmp_path / "index", people=30, nuisance=0.2)
    table = tmp_path / "labels.csv"
    rows = [f"/photos/person-{n // 4:03}/{n % 4}.jpg,person {n // 4}" for n in range(120)]
    rows[6] = "/photos/person-001/2.jpg,person 2"
    table.write_text("\n".join(["photo,person", *rows]))
    settings = ("--labels", table, *SHORT[:1], "1", "--output", tmp_path / "run")
    said = invoke(store.folder, *settings)
    assert "1 label disagrees with its face: /photos/person-001/2.jpg" in said.output
    assert "more like 'person 1'" in said.output


# -- bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "photos", "words"), [(1, 5, "one person"), (12, 1, "two photos"), (4, 2, "Label more people")]
)
def test_labels_that_are_too_few(tmp_path: Path, people: int, photos: int, words: str) -> None:
    index = learnable_index(tmp_path / "index", people, photos).folder
    with pytest.raises(UsageError, match=words):
        invoke(index, "--output", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_with_a_run_is_not_begun_again(index: Path, done: Path) -> None:
    with pytest.raises(TrainingError, match="holds a run already") as raised:
        invoke(index, "--output", done)
    assert "train resume" in raised.value.on_command_line


def test_a_folder_with_other_files_is_left_alone(index: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("do not touch")
    with pytest.raises(TrainingError, match="holds something else"):
        invoke(index, "--output", tmp_path)


def test_what_is_no_run_cannot_be_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no training run"):
        invoke("resume", tmp_path)


@pytest.mark.parametrize("change", [{"format": 99}, {"config": {"what": "head", "warp": 9}}])
def test_a_run_of_another_version_is_refused(done: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    values = json.loads((done / "run.json").read_text()) | {"photoclust": "9.9"} | change
    (tmp_path / "run.json").write_text(json.dumps(values))
    with pytest.raises(TrainingError, match=r"run of photoclust 9\.9"):
        invoke("resume", tmp_path)


def test_a_damaged_checkpoint_is_no_code_to_be_run(done: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.pt").write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    with pytest.raises(TrainingError, match="no checkpoint, or is damaged"):
        run.load()
    assert not Path("owned").exists()


def test_a_full_disk_keeps_what_was_finished(
    index: Path, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, synced = tmp_path / "run", os.fsync
    written = {"count": 0}

    def full(file: int) -> None:
        written["count"] += 1
        if written["count"] > 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        synced(file)

    monkeypatch.setattr(local_files.os, "fsync", full)
    with pytest.raises(TrainingError, match="disk is full") as raised:
        invoke(index, *SHORT, "--output", run)
    assert "train resume" in raised.value.on_command_line
    monkeypatch.undo()
    invoke("resume", run)
    assert curves(run) == curves(done)


def test_a_disk_that_is_full_at_once_leaves_nothing(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(local_files.os, "fsync", full)
    with pytest.raises(TrainingError, match="could not be begun") as raised:
        invoke(index, *SHORT, "--output", tmp_path / "run")
    assert "resume" not in raised.value.on_command_line
    assert not (tmp_path / "run").exists()


def test_a_network_that_gives_no_numbers_ends_the_run(index: Path, tmp_path: Path) -> None:
    settings = ("--loss", "contrastive", "--learning-rate", "1e30", "--output", tmp_path / "run")
    with pytest.raises(TrainingError, match="Begin a new run with a lower learning rate"):
        invoke(index, *settings)
    assert len(curves(tmp_path / "run")) >= 2
    assert (tmp_path / "run" / "checkpoints" / "last.pt").exists()


def test_two_processes_do_not_work_on_one_run(done: Path) -> None:
    with RunFolder.open(done).lock(), pytest.raises(TrainingError, match="Another process"):
        invoke("resume", done)


# -- Python ---------------------------------------------------------------------------------------------


def test_programs_do_the_same(index: Path, done: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    config = photoclust.TrainConfig(epochs=8, learning_rate=0.003)
    found = photoclust.train(index, tmp_path / "run", config, progress=lambda *far: told.append(far))
    assert found.judgement.is_better
    assert curves(tmp_path / "run") == curves(done)
    assert {stage for stage, _, _ in told} == {"train"}
    assert photoclust.resume_training(tmp_path / "run").judgement == found.judgement


def test_named_people_are_labels(album_index: Any, tmp_path: Path) -> None:
    index = photoclust.open(album_index.folder)
    with pytest.raises(photoclust.errors.IndexMissingError, match="has a name yet"):
        photoclust.train(index.location, tmp_path / "run", labels="people")
    index.correct.name("Person 1", "Ada")
    with pytest.raises(UsageError, match="one person"):
        photoclust.train(index.location, tmp_path / "run", labels="people")


def test_two_people_of_one_name_are_two(album_index: Any) -> None:
    index = photoclust.open(album_index.folder)
    index.correct.name("Person 1", "Ada")
    index.correct.name("Person 2", "Ada", another=True)
    faces, _ = labelled_faces(album_index, "people", 0.0)
    assert len(faces.names) == 2
    assert all(name.startswith("Ada (") for name in faces.names)


@pytest.mark.parametrize(
    "values",
    [
        {"loss": "hinge"},
        {"margin": 0},
        {"epochs": 0},
        {"positive_margin": 2.0},
        {"validation": 0.6, "test": 0.5},
    ],
)
def test_settings_out_of_range_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(values))):
        photoclust.TrainConfig(**values)
