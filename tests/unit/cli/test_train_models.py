"""What `photoclust train` makes is a model like any other; networks learn from crops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from learnable_index import learnable_index, picture_index

from photoclust.cli import cli
from photoclust.errors import TrainingError, UsageError
from photoclust.index.store import IndexStore
from photoclust.learn.run_folder import RunFolder
from photoclust.learn.running import training_of
from photoclust.models import card_of, load, remove
from photoclust.records import face_embeddings
from photoclust.workflows.train.crops import cut_crops

SHORT = ("--epochs", "8", "--learning-rate", "0.003")
NETWORK = ("--what", "network", "--init", "random", "--arch", "small", "--epochs", "3")
NETWORK += ("--people-per-batch", "4", "--validation", "25%")


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["train", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_a_head_is_installed_and_applied_to_stored_embeddings(tmp_path: Path, kind: str) -> None:
    store = learnable_index(tmp_path / "index")
    assert invoke(store.folder, *SHORT, "--head", kind, "--output", tmp_path / "run").exit_code == 0
    assert invoke("install", tmp_path / "run", "school").exit_code == 0
    card, run = card_of("school"), RunFolder.open(tmp_path / "run")
    assert (card.format, card.parent, card.dimension) == ("head", "casia-webface", 512)
    assert card.lineage == f"run {run.head().id}"
    training = training_of(run, lambda _: None)
    training.network.load_state_dict(run.load_weights("checkpoints/best.safetensors"))
    stored = face_embeddings(store.faces(["embedding"]))
    found = load("school").embed_stored(stored)  # pyright: ignore[reportAttributeAccessIssue]
    np.testing.assert_allclose(found, training.embed(np.arange(len(stored))), atol=1e-5)
    remove("school")


@pytest.mark.usefixtures("cache")
def test_what_was_refused_is_installed_by_force_alone(tmp_path: Path) -> None:
    index = learnable_index(tmp_path / "index", people=30, shuffled=True).folder
    invoke(index, "--epochs", "1", "--output", tmp_path / "run")
    with pytest.raises(TrainingError, match="not better than casia-webface") as raised:
        invoke("install", tmp_path / "run", "worse")
    assert "--force" in raised.value.on_command_line
    assert invoke("install", tmp_path / "run", "worse", "--force").exit_code == 0
    assert card_of("worse").licence == card_of("casia-webface").licence
    remove("worse")


def test_a_run_that_is_not_over_gives_no_model(tmp_path: Path) -> None:
    index = learnable_index(tmp_path / "index", people=30).folder
    invoke(index, "--epochs", "1", "--output", tmp_path / "run")
    (tmp_path / "run" / "judgement.json").unlink()
    with pytest.raises(TrainingError, match="is not over"):
        invoke("install", tmp_path / "run", "early")


@pytest.mark.usefixtures("cache")
def test_a_small_network_learns_from_nothing_and_goes_on(tmp_path: Path) -> None:
    store = picture_index(tmp_path)
    said = invoke(store.folder, *NETWORK, "--output", tmp_path / "run")
    assert "Test: 4 people, 16 photos" in said.output
    run = RunFolder.open(tmp_path / "run")
    curves = run.path("curves.csv").read_text()
    assert len(curves.splitlines()) == 5
    invoke("install", run.folder, "tiny", "--force")
    crop = next(
        crop for place, crop in cut_crops(store, run.faces().face_ids, load("tiny").crop) if place == 5
    )
    training = training_of(run, lambda _: None, place="cpu")
    training.network.load_state_dict(run.load_weights("checkpoints/best.safetensors"))
    found = load("tiny").embed(np.array([crop]))[0]
    assert found @ training.embed(np.array([5]))[0] > 0.999
    remove("tiny")


@pytest.mark.slow
def test_a_network_that_was_interrupted_goes_on_with_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = picture_index(tmp_path).folder
    invoke(index, *NETWORK, "--output", tmp_path / "whole")
    save, saved = RunFolder.save, []

    def dies(run: RunFolder, state: object) -> None:
        save(run, state)  # pyright: ignore[reportArgumentType]
        saved.append(state)
        if len(saved) == 2:
            raise RuntimeError("power cut")

    monkeypatch.setattr(RunFolder, "save", dies)
    with pytest.raises(RuntimeError, match="power cut"):
        invoke(index, *NETWORK, "--output", tmp_path / "run")
    monkeypatch.undo()
    assert invoke("resume", tmp_path / "run").exit_code == 0
    one, other = ((tmp_path / name / "curves.csv").read_text() for name in ("whole", "run"))
    assert one == other


def test_photos_that_are_gone_are_left_out_and_told(tmp_path: Path) -> None:
    index = picture_index(tmp_path).folder
    (tmp_path / "photos" / "person-003" / "1.png").unlink()
    said = invoke(index, *NETWORK, "--epochs", "1", "--output", tmp_path / "run")
    assert "Left out: 1 photo cannot be read any more" in said.output
    assert len(RunFolder.open(tmp_path / "run").faces().face_ids) == 47


def test_a_network_of_another_model_than_the_index_is_refused(tmp_path: Path) -> None:
    index = picture_index(tmp_path).folder
    with pytest.raises(UsageError, match="is an index of casia-webface"):
        invoke(index, "--what", "network", "--init", "vggface2", "--output", tmp_path / "run")


def test_crops_are_cut_as_indexing_cuts_them(tmp_path: Path) -> None:
    store = IndexStore.open(picture_index(tmp_path).folder)
    ids = store.faces([])["face_id"].to_pylist()[:3]
    crops = dict(cut_crops(store, ids, store.settings.crop))
    assert {place: np.shape(crop) for place, crop in crops.items()} == dict.fromkeys(range(3), (160, 160, 3))


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_the_default_network_is_tuned_and_installed(tmp_path: Path) -> None:
    store = picture_index(tmp_path, photos=3)
    settings = ("--what", "network", "--epochs", "1", "--people-per-batch", "4", "--photos-per-person", "2")
    invoke(store.folder, *settings, "--validation", "25%", "--output", tmp_path / "run")
    run = RunFolder.open(tmp_path / "run")
    invoke("install", run.folder, "tuned", "--force")
    card = card_of("tuned")
    assert (card.format, card.parent, card.margin) == ("inception-resnet-v1", "casia-webface", 32)
    crops = dict(cut_crops(store, run.faces().face_ids[:3], load("tuned").crop))
    training = training_of(run, lambda _: None, place="cpu")
    training.network.load_state_dict(run.load_weights("checkpoints/best.safetensors"))
    found = load("tuned").embed(np.array([crops[place] for place in range(3)]))
    assert (found * training.embed(np.arange(3))).sum(1).min() > 0.9999
