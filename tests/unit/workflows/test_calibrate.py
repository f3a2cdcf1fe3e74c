"""Calibrations made on this machine: with labels and without, kept beside the model, named in groupings."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from networks import card, network

import photoclust
from photoclust.cli import cli
from photoclust.config import EmbedConfig, IndexSettings
from photoclust.errors import IndexMissingError, UsageError, WeightsError
from photoclust.index.store import IndexStore
from photoclust.models import install, remove
from photoclust.models.weights import calibration_file, weights_sha256
from photoclust.people.calibration.evidence import calibration_of, is_calibrated
from photoclust.people.calibration.files import calibration_name
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.calibration.measuring import measured
from photoclust.people.calibration.pairs import pair_calibration_of
from photoclust.people.calibration.unlabelled import people_of_photos, within_photos
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import unit_rows
from photoclust.records import PHOTO_SCHEMA
from photoclust.stages import face_id

DIMENSION, PEOPLE = 24, 120


def vectors(people: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Unit rows of people, in two dozen dimensions, with a mean of their own."""
    centres = np.random.default_rng(7).normal(size=(people.max() + 1, DIMENSION))
    rows = centres[people] + 0.35 * rng.normal(size=(len(people), DIMENSION)) + 0.4
    return unit_rows((rows / np.linalg.norm(rows, axis=1)[:, None]).astype(np.float32))


def labelled(photos: int = 4) -> LabelledInput:
    people = np.repeat(np.arange(PEOPLE), photos)
    n = len(people)
    # in each photo of the first half of people somebody of the second half is, too
    known = VerifyInput(
        vectors(people, np.random.default_rng(0)),
        np.ones(n, np.float32),
        np.arange(n) % (n // 2),
        np.zeros((n, 4), np.float32),
    )
    return LabelledInput(known, people.astype(np.int64))


def test_evidence_tells_people_apart() -> None:
    faces = labelled()

    found = measured(faces)

    assert len(found.mean) == DIMENSION
    assert 0 < found.plain.identity < 1
    rates, evidence = zip(*found.single_pairs, strict=True)
    assert list(rates) == sorted(rates, reverse=True)
    assert list(evidence) == sorted(evidence)
    assert len(rates) == 3  # 114,000 pairs of two people say nothing of 1 in 100,000
    shares = [right for _, right in found.reliability]
    assert shares == sorted(shares)


@pytest.mark.parametrize("people", [np.arange(100), np.zeros(100, int)])
def test_too_few_people_say_nothing(people: np.ndarray) -> None:
    faces = labelled().some(np.arange(100))

    with pytest.raises(UsageError, match="A calibration needs 30 people"):
        measured(replace(faces, truth=people.astype(np.int64)))


def test_people_are_found_without_labels() -> None:
    faces = labelled()

    found = people_of_photos(faces.known)

    left, right = np.triu_indices(len(faces.truth), 1)
    same, said = faces.truth[left] == faces.truth[right], found.truth[left] == found.truth[right]
    assert (same & said).sum() / said.sum() > 0.95
    assert (same & said).sum() / same.sum() > 0.5
    assert not said[faces.known.photos[left] == faces.known.photos[right]].any()


def test_pairs_within_photos_are_all_there_once() -> None:
    rows, photos = np.eye(6, dtype=np.float32), np.array([0, 1, 0, 1, 0, 2])

    assert len(within_photos(rows, photos)) == 3 + 1


def test_few_faces_without_labels_are_refused() -> None:
    with pytest.raises(UsageError, match="needs 200 clear faces, not 10"):
        people_of_photos(labelled().some(np.arange(10)).known)


# -- from an index ------------------------------------------------------------------------------------------


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(cli, list(map(str, arguments)))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of made-up faces of a small model; its photos are not there."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHOTOCLUST_CACHE", str(folder / "cache"))
        file = network(folder / "small.onnx")
        install(card(file), file)
        embed = EmbedConfig("small", flip=True, dimension=DIMENSION)
        settings = replace(IndexSettings(), embed=embed, crop=card(file).crop)
        store = IndexStore.create(folder / "index", settings, weights_sha256("small"))
        faces, photos = [], []
        people = np.repeat(np.arange(PEOPLE), 4)
        for number, (person, vector) in enumerate(
            zip(people, vectors(people, np.random.default_rng(1)), strict=True)
        ):
            name = f"person{person}/{number}"
            photo = f"{number:032x}"
            photos.append(
                {"photo_id": photo, "uri": f"/gone/{name}.jpg", "size": 1, "version": "1", "status": "ok"}
                | {"attempts": 1, "width": 300, "height": 300}
            )
            box = np.array([100, 100, 200, 200], np.float32)
            faces.append(
                {"face_id": face_id(photo, box), "photo_id": photo, "box": box, "landmarks": [0.0] * 10}
                | {"detection_score": 1.0, "sharpness": 1.0, "yaw": 0.0, "quality": 1.0}
                | {"embedding": vector.astype(np.float16), "thumbnail": b"\xff\xd8"}
            )
        store.append(
            pa.Table.from_pylist(photos, PHOTO_SCHEMA), pa.Table.from_pylist(faces, store.face_schema)
        )
    return folder


@pytest.fixture
def index(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))
    shutil.copytree(made / "cache", tmp_path / "cache")
    return shutil.copytree(made / "index", tmp_path / "index")


@pytest.mark.parametrize("labels", [["--labels", "folders"], []])
def test_a_calibration_is_kept_and_used(
    index: Path, labels: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    store = IndexStore.open(index)
    assert not is_calibrated("small")
    assert pair_calibration_of("small") is None
    assert run("cluster", "--index", index).exit_code == 0
    before = store.current_clustering()
    assert before is not None
    assert before.run["calibration"] is None

    report = json.loads(run("calibrate", "--index", index, *labels, "--json").stdout)

    assert report["made_of"] == ("labels" if labels else "photos")
    assert report["degraded"] == 0  # the photos are not there
    assert calibration_name("small") == report["name"]
    assert np.linalg.norm(calibration_of("small", DIMENSION).mean) > 0.1
    known = pair_calibration_of("small")
    assert known is not None
    (near,), (low,), (high,) = known.probability([0.9])
    assert 0.5 < low <= near <= high <= 1
    assert run("cluster", "--index", index).exit_code == 0
    after = store.current_clustering()
    assert after is not None
    assert after.run["calibration"] == report["name"]
    remove("small")
    assert not Path(report["path"]).exists()


def test_a_program_calibrates_as_the_command_line_does(index: Path) -> None:
    found = photoclust.open(index).calibrate("folders")

    said = json.loads(run("calibrate", "--index", index, "--labels", "folders", "--json").stdout)
    assert found.to_dict() | {"name": ""} == said | {"name": ""}
    assert (found.made_of, found.people, found.photos) == ("labels", PEOPLE, 4 * PEOPLE)
    (state,) = (model for model in photoclust.list_models() if model.name == "small")
    assert state.calibration == said["name"]


def test_a_calibration_of_other_weights_is_refused(index: Path) -> None:
    run("models", "calibrate", "--index", index, "--labels", "folders")
    other = network(index.parent / "other.onnx", batch=1)
    install(card(other, name="other"), other)
    mine, theirs = calibration_file("small"), calibration_file("other")
    assert mine is not None
    assert theirs is not None
    shutil.copy(mine, theirs)

    with pytest.raises(WeightsError, match="is a calibration of the weights"):
        calibration_of("other", DIMENSION)
    theirs.write_bytes(b"no calibration")
    with pytest.raises(WeightsError, match="is no calibration, or damaged"):
        calibration_of("other", DIMENSION)


def test_an_index_of_other_weights_is_refused(index: Path) -> None:
    remove("small")
    other = network(index.parent / "other.onnx", batch=1)
    install(card(other, name="small"), other)

    with pytest.raises(UsageError, match="was made with other weights"):
        run("calibrate", "--index", index)


def test_named_people_may_be_the_labels(index: Path) -> None:
    with pytest.raises(IndexMissingError, match=r"Nobody in .* has a name"):
        run("calibrate", "--index", index, "--labels", "people")
    run("cluster", "--index", index)
    with pytest.raises(IndexMissingError, match=r"Nobody in .* has a name"):
        run("calibrate", "--index", index, "--labels", "people")
