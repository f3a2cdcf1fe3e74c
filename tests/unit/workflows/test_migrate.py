"""An index embedded anew by another model, whose people stay who they are."""

from __future__ import annotations

import json
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from networks import card, network
from PIL import Image

import photoclust
from photoclust.cli import cli
from photoclust.config import DetectConfig
from photoclust.errors import IndexLockedError, IndexMismatchError, UsageError
from photoclust.faces.detect import Detector
from photoclust.faces.turned import detect_turned, turns_of
from photoclust.index import migration
from photoclust.index.store import IndexStore
from photoclust.models import Head, install, write_head
from photoclust.records import face_embeddings
from photoclust.workflows import migrate as workflow


def portrait(name: str) -> Image.Image:
    package, file = {
        "ada": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
        "eve": ("skimage", "data/astronaut.png"),
    }[name]
    return Image.open(str(resources.files(package) / file)).convert("RGB")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos, a cache with models, and an index by one of them."""
    folder = tmp_path_factory.mktemp("made")
    for name in ("ada", "eve"):
        for number, angle in enumerate((0, 2, 4, 90)):
            photo = portrait(name)
            photo = photo.rotate(angle, expand=True) if angle else photo
            (folder / "photos").mkdir(exist_ok=True)
            photo.save(folder / "photos" / f"{name}{number}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHOTOCLUST_CACHE", str(folder / "cache"))
        file = network(folder / "small.onnx")
        for changes in ({}, {"name": "again"}, {"name": "other", "margin": 12, "mean": (0.0, 50.0, 99.0)}):
            install(card(file, **changes), file)
        run("run", folder / "photos", "--index", folder / "index", "--model", "small", "--engine", "local")
    return folder


@pytest.fixture
def index(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(made / "cache"))
    return shutil.copytree(made / "index", tmp_path / "index")


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(cli, list(map(str, arguments)))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def vectors(index: Path) -> dict[str, bytes]:
    faces = IndexStore.open(index).faces(["embedding"])
    rows = face_embeddings(faces).astype(np.float16)
    return dict(zip(faces["face_id"].to_pylist(), map(bytes, rows), strict=True))


def person_of(index: Path) -> dict[str, str]:
    clustering = IndexStore.open(index).current_clustering()
    assert clustering is not None
    return dict(clustering.person_of)


def model_of(index: Path) -> str:
    return IndexStore.open(index).settings.embed.model


def test_faces_are_cut_out_where_they_were_found(index: Path) -> None:
    """The same network under another name gives the same embeddings, of turned photos too."""
    before, photos = vectors(index), IndexStore.open(index).photos()

    done = run("migrate", "--index", index, "--model", "again", "--max-named-churn", "100%", "--json")

    report = json.loads(done.stdout)
    assert report["accepted"]
    assert (report["photos"], report["faces"], report["unreadable"]) == (8, len(before), 0)
    assert vectors(index) == before
    assert IndexStore.open(index).photos().equals(photos)
    assert model_of(index) == "again"
    assert not migration.migration_folder(index).exists()


def test_people_names_and_decisions_stay(index: Path) -> None:
    people = set(person_of(index).values()) - {""}
    assert people
    someone = sorted(people)[0]
    run("people", "name", someone, "Ada", "--index", index)
    decisions = (index / "decisions.csv").read_text()

    run("migrate", "--index", index, "--model", "again", "--max-named-churn", "0%")

    store = IndexStore.open(index)
    clustering = store.current_clustering()
    assert clustering is not None
    assert "Ada" in clustering.people["name"].to_pylist()
    assert someone in set(clustering.person_of.values())
    assert (index / "decisions.csv").read_text() == decisions
    ada = {face for face, person in clustering.person_of.items() if person == someone}
    assert migration.read_known(index) == dict.fromkeys(ada, someone)
    assert run("cluster", "--index", index).exit_code == 0
    assert set(person_of(index).values()) - {""} == people
    assert run("check", "--index", index).exit_code == 0


def test_a_program_migrates_as_the_command_line_does(index: Path) -> None:
    people = photoclust.open(index)
    before = {person.id for person in people.people}
    told: list[tuple[str, int, int]] = []

    with pytest.raises(UsageError, match=r"Nothing says what to migrate to\. Give model\."):
        people.migrate()
    report = people.migrate("other", progress=lambda *said: told.append(said))

    assert told[-1] == ("index", 8, 8)
    assert (report.model_before, report.model, report.accepted) == ("small", "other", False)
    assert report.run_id in {grouping.run_id for grouping in people.groupings}
    assert people.diff("current", report.run_id)
    with pytest.raises(UsageError, match=r"Index\.abandon_migration"):
        people.migrate("again")
    people.abandon_migration()
    with pytest.raises(UsageError, match="No migration"):
        people.abandon_migration()
    again = people.migrate("again", max_named_churn=0.0)
    assert again.accepted
    assert {person.id for person in photoclust.open(index).people} == before


def test_both_models_lie_there_until_one_is_accepted(index: Path) -> None:
    before, people = vectors(index), person_of(index)

    report = json.loads(run("migrate", "--index", index, "--model", "other", "--json").stdout)

    assert not report["accepted"]
    assert (vectors(index), person_of(index), model_of(index)) == (before, people, "small")
    second = IndexStore.open(migration.migration_folder(index))
    assert second.settings.embed.model == "other"
    assert report["run_id"] in run("diff", "current", report["run_id"], "--index", index).output
    assert run("cluster", "--index", index).exit_code == 0  # the present model goes on
    assert person_of(index) == people

    run("cluster", "--use", report["run_id"], "--index", index)

    assert model_of(index) == "other"
    assert vectors(index).keys() == before.keys()
    assert vectors(index) != before
    assert not migration.migration_folder(index).exists()
    assert IndexStore.open(index).clusterings.current() == report["run_id"]
    assert run("cluster", "--index", index).exit_code == 0


def test_what_was_stopped_goes_on(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shutil.copytree(index, tmp_path / "whole")
    run("migrate", "--index", whole, "--model", "other", "--max-named-churn", "100%")
    monkeypatch.setattr(workflow, "_PHOTOS_A_PART", 1)
    done: list[int] = []
    append = IndexStore.append

    def stopped(self: IndexStore, *tables: object) -> None:
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(1)
        append(self, *tables)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(IndexStore, "append", stopped)
        assert run("migrate", "--index", index, "--model", "other").exit_code == 1
    there = len(IndexStore.open(migration.migration_folder(index)).photos())
    assert 0 < there < 8

    run("migrate", "--index", index, "--model", "other", "--max-named-churn", "100%")

    assert vectors(index) == vectors(whole)
    assert person_of(index) == person_of(whole)


@pytest.mark.parametrize("steps", range(7))
def test_acceptance_that_was_killed_is_finished(
    index: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    report = json.loads(run("migrate", "--index", index, "--model", "other", "--json").stdout)
    expected = vectors(migration.migration_folder(index))
    replace_path, done = Path.replace, list[int]()

    def killed(self: Path, target: Path) -> Path:
        if migration.migration_folder(index) in self.parents and ".tmp-" not in str(self):
            if len(done) == steps:
                raise KeyboardInterrupt
            done.append(1)
        return replace_path(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        run("cluster", "--use", report["run_id"], "--index", index)

    for _ in range(2):  # the first may say that the model is another by now
        try:
            run("cluster", "--index", index)
        except IndexMismatchError:
            assert steps < 7
    assert model_of(index) == "other"
    assert vectors(index) == expected
    assert not migration.migration_folder(index).exists()


def test_a_photo_that_is_gone_is_told(made: Path, index: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(made / "photos", photos)
    run("run", photos, "--index", tmp_path / "own", "--model", "small", "--engine", "local")
    (photos / "ada0.png").unlink()
    shutil.copy(photos / "eve1.png", photos / "eve0.png")

    done = run(
        "migrate", "--index", tmp_path / "own", "--model", "other", "--max-named-churn", "100%", "--json"
    )

    assert json.loads(done.stdout)["unreadable"] == 2
    assert IndexStore.open(tmp_path / "own").photos()["status"].to_pylist().count("failed") == 2


def test_photos_that_came_meanwhile_must_be_embedded_first(index: Path, tmp_path: Path) -> None:
    report = json.loads(run("migrate", "--index", index, "--model", "other", "--json").stdout)
    portrait("ada").rotate(6).save(tmp_path / "new.png")
    run("index", tmp_path / "new.png", "--index", index, "--engine", "local")

    with pytest.raises(UsageError, match="Photos have come, gone or changed"):
        run("cluster", "--use", report["run_id"], "--index", index)
    again = json.loads(run("migrate", "--index", index, "--model", "other", "--json").stdout)
    assert again["photos"] == 9
    run("cluster", "--use", again["run_id"], "--index", index)
    assert model_of(index) == "other"


def test_given_up_it_leaves_nothing(index: Path) -> None:
    before = vectors(index)
    report = json.loads(run("migrate", "--index", index, "--model", "other", "--json").stdout)

    with pytest.raises(UsageError, match="is being migrated to other"):
        run("migrate", "--index", index, "--model", "again")
    assert run("migrate", "--index", index, "--abandon").exit_code == 0

    assert vectors(index) == before
    assert report["run_id"] not in IndexStore.open(index).clusterings.runs()
    assert not migration.migration_folder(index).exists()
    with pytest.raises(UsageError, match="No migration"):
        run("migrate", "--index", index, "--abandon")


def test_who_is_forgotten_is_not_in_the_second_model_either(index: Path) -> None:
    run("migrate", "--index", index, "--model", "other")
    someone = next(person for person in person_of(index).values() if person)

    run("forget", someone, "--yes", "--index", index)

    assert not migration.migration_folder(index).exists()


def test_what_was_known_is_forgotten_too(index: Path) -> None:
    someone, face = next((person, face) for face, person in person_of(index).items() if person)
    run("people", "name", someone, "Ada", "--index", index)
    run("migrate", "--index", index, "--model", "again", "--max-named-churn", "100%")
    assert face in migration.read_known(index)

    run("forget", face, "--yes", "--index", index)

    assert face not in migration.read_known(index)
    assert run("check", "--index", index).exit_code == 0


def test_a_head_of_the_present_model_reads_no_photo(made: Path, index: Path, tmp_path: Path) -> None:
    present = card(made / "small.onnx")
    weight = np.random.default_rng(0).normal(size=(7, present.dimension)).astype(np.float32)
    file = tmp_path / "head.safetensors"
    write_head(Head(((weight, np.zeros(7, np.float32)),)), file)
    tall = card(file, name="tall", format="head", dimension=7, parent="small", parent_sha256=present.sha256)
    install(tall, file)
    shutil.move(made / "photos", made / "away")
    try:
        done = run("migrate", "--index", index, "--model", "tall", "--max-named-churn", "100%", "--json")
    finally:
        shutil.move(made / "away", made / "photos")

    assert json.loads(done.stdout)["unreadable"] == 0
    assert IndexStore.open(index).faces()["embedding"].type.list_size == 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "small"], "is made with small and these crops already"),
        ([], "Nothing says what to migrate to"),
    ],
)
def test_what_cannot_be_meant_is_refused(index: Path, options: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run("migrate", "--index", index, *options)


def test_an_index_that_is_written_to_is_left_alone(index: Path) -> None:
    with IndexStore.open(index).lock(), pytest.raises(IndexLockedError):
        run("migrate", "--index", index, "--model", "other")


def test_who_opened_it_before_does_not_write_to_another_model(index: Path) -> None:
    opened = IndexStore.open(index)
    run("migrate", "--index", index, "--model", "other", "--max-named-churn", "100%")

    with pytest.raises(IndexMismatchError, match="was migrated to the model other"), opened.lock():
        pass


@pytest.mark.parametrize("turns", range(4))
def test_landmarks_tell_how_a_photo_is_turned(turns: int) -> None:
    photo = np.rot90(np.asarray(portrait("eve")), turns)

    found = detect_turned(Detector(DetectConfig()), photo)

    assert turns_of(found.landmarks) == found.turns == -turns % 4


def test_whom_faces_were_known_to_be_is_not_said_to_be_made_anew(index: Path) -> None:
    migration.write_known(index, {"a" * 32: "b" * 16})
    (index / migration.KNOWN).write_bytes(b"PAR1")
    done = run("check", "--index", index)
    assert "Restore it from a backup; or delete it, and faces stay" in done.output
    assert "made anew" not in done.output
