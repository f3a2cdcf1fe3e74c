"""A model of another dimension and alignment, from its card to people, and what is said of a second one."""

from __future__ import annotations

import json
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from networks import DIMENSION, SIDE, card, network

import photoclust
from photoclust.cli import cli
from photoclust.index.store import IndexStore
from photoclust.models.cards import ARCFACE_112

TEMPLATE = tuple((x * SIDE / 112, y * SIDE / 112) for x, y in ARCFACE_112)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for package, file in (
        ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
        ("skimage", "data/astronaut.png"),
    ):
        shutil.copy(str(resources.files(package) / file), folder)
    return folder


@pytest.fixture
def index(tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Made with a network of 24 numbers that wants landmarks in their places."""
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))
    file = network(tmp_path / "small.onnx")
    (tmp_path / "small.toml").write_text(card(file, template=TEMPLATE).to_text())
    imported = run("models", "import", file, "--card", tmp_path / "small.toml")
    assert imported.exit_code == 0, imported.output
    made = run("run", photos, "--index", tmp_path / "index", "--model", "small", "--engine", "local")
    assert made.exit_code == 0, made.output
    return tmp_path / "index"


def test_another_dimension_works_everywhere(index: Path, photos: Path, tmp_path: Path) -> None:
    store = IndexStore.open(index)
    assert store.settings.embed.dimension == DIMENSION
    assert store.settings.crop.template == TEMPLATE
    assert store.faces()["embedding"].type.list_size == DIMENSION
    vectors = photoclust.open(index).faces.embeddings
    assert vectors.shape == (2, DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-2)

    (photos / "bad.jpg").write_bytes(b"no photo")
    assert run("run", photos, "--index", index, "--engine", "local").exit_code == 0
    for verb in (["status"], ["cluster"], ["check"]):
        done = run(*verb, "--index", index) if verb != ["check"] else run("check", index)
        assert done.exit_code in (0, 2), done.output
    table = tmp_path / "faces.parquet"
    exported = run("export", "--index", index, "--format", "parquet", "--output", table, "--embeddings")
    assert exported.exit_code == 0, exported.output
    assert pq.read_table(table)["embedding"].type.list_size == DIMENSION


def test_a_second_model_is_refused_by_name(index: Path, photos: Path) -> None:
    other = run("index", photos, "--index", index, "--model", "casia-webface", "--engine", "local")

    assert other.exit_code == 1
    assert "small" in str(other.exception or other.output)
    assert "casia-webface" in str(other.exception or other.output)


def test_verify_needs_a_threshold_and_gives_no_probability(index: Path, photos: Path) -> None:
    pair = sorted(photos.iterdir())[:2]

    assert run("verify", *pair, "--model", "small").exit_code != 0
    told = json.loads(run("verify", *pair, "--model", "small", "--threshold", 0.5, "--json").stdout)
    assert told["probability"] is None


def test_commands_for_models(index: Path, tmp_path: Path) -> None:
    shown = run("models", "show", "small")
    assert 'name = "small"' in shown.output
    assert "not measured" in shown.output
    assert json.loads(run("models", "show", "small", "--json").output)["dimension"] == DIMENSION
    assert {row["name"] for row in json.loads(run("models", "list", "--json").output)} >= {"small", "sface"}
    assert run("models", "remove", "small").output == "small was removed.\n"
    gone = run("run", tmp_path / "photos", "--index", index, "--engine", "local")
    assert gone.exit_code in (0, 1)


def test_a_non_commercial_licence_is_asked_for(index: Path, tmp_path: Path) -> None:
    file = tmp_path / "small.onnx"
    (tmp_path / "card.toml").write_text(card(file, name="free", commercial=False).to_text())
    command = ("models", "import", file, "--card", tmp_path / "card.toml")

    for asked in (run(*command), run("models", "fetch", "arcface-r50")):
        assert asked.exit_code == 2
        assert "--accept-licence" in asked.output
    assert run(*command, "--accept-licence").exit_code == 0


@pytest.mark.parametrize("key", ["licence", "sha256"])
def test_a_card_without_licence_or_hash_is_refused(index: Path, tmp_path: Path, key: str) -> None:
    file = tmp_path / "small.onnx"
    lines = card(file, name="other").to_text().splitlines()
    (tmp_path / "card.toml").write_text("\n".join(line for line in lines if not line.startswith(f"{key} =")))

    refused = run("models", "import", file, "--card", tmp_path / "card.toml")

    assert refused.exit_code == 1
    assert f"has no {key}" in str(refused.exception)
