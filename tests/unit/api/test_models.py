"""Models taken from files by a program."""

from __future__ import annotations

from pathlib import Path

import pytest
from networks import DIMENSION, card, network

import photoclust
from photoclust.errors import ModelCardError, WeightsError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))


def state(name: str) -> str | None:
    return next((model.state for model in photoclust.list_models() if model.name == name), None)


def test_a_model_comes_and_goes(tmp_path: Path) -> None:
    file = network(tmp_path / "small.onnx")
    (tmp_path / "small.toml").write_text(card(file).to_text())

    model = photoclust.import_model(file, card=tmp_path / "small.toml", name="ours")

    assert (model.name, model.state, model.dimension) == ("ours", "ready", DIMENSION)
    assert state("ours") == "ready"
    photoclust.remove_model("ours")
    assert state("ours") is None
    with pytest.raises(WeightsError, match="nothing of a model 'ours'"):
        photoclust.remove_model("ours")


def test_a_known_model_is_made_ready() -> None:
    assert state("casia-webface") == "on first use"
    assert photoclust.fetch_model("casia-webface").state == "ready"


def test_what_may_not_be_used_without_asking_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"not for commercial use .* accept its licence first"):
        photoclust.fetch_model("arcface-r50")
    with pytest.raises(ModelCardError, match="cannot be read as a card"):
        photoclust.import_model(tmp_path / "small.onnx", card=tmp_path / "absent.toml")
