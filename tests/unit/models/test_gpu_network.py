"""The embedder's network of a GPU, on tensors of a processor."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from photoclust.models.cards import MODELS
from photoclust.models.embedder import Embedder, load
from photoclust.models.gpu_network import GpuNetwork
from photoclust.models.recorded import Recorded
from photoclust.models.weights import weights_path

CARD = MODELS["casia-webface"]


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    smooth = np.random.default_rng(0).integers(0, 256, (5, 10, 10, 3), np.uint8)
    return smooth.repeat(16, 1).repeat(16, 2)


def network(precision: str = "float32") -> GpuNetwork:
    return GpuNetwork(weights_path("casia-webface"), CARD, "cpu", precision)


@pytest.mark.parametrize("flip", [False, True])
def test_vectors_are_those_of_a_processor(crops: np.ndarray, flip: bool) -> None:
    ours = Embedder(network(), CARD, flip, batch_size=4).embed(crops)
    theirs = load("casia-webface", flip=flip).embed(crops)
    assert (ours * theirs).sum(1).min() > 0.999999


@pytest.mark.parametrize("flip", [False, True])
def test_bfloat16_is_near_to_float32(crops: np.ndarray, flip: bool) -> None:
    exact, quick = (Embedder(network(p), CARD, flip, 4).embed(crops) for p in ("float32", "bfloat16"))
    assert (exact * quick).sum(1).min() >= 0.999


def test_a_vector_does_not_depend_on_its_company(crops: np.ndarray) -> None:
    embedder = Embedder(network("bfloat16"), CARD, True, batch_size=4)
    alone = np.concatenate([embedder.embed(crop[None]) for crop in crops])
    assert alone.tobytes() == embedder.embed(crops).tobytes()


def test_on_a_processor_in_its_place_it_is_of_float32(crops: np.ndarray) -> None:
    moved = network("bfloat16")
    moved.to_processor()
    vectors = Embedder(moved, CARD, True, batch_size=4).embed(crops)
    exact = Embedder(network(), CARD, True, batch_size=4).embed(crops)
    assert (vectors * exact).sum(1).min() >= 0.999


def test_a_gpu_takes_the_precision_of_the_index_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    from photoclust.models import embedder

    for can, asked, precision in (
        (True, "bfloat16", "bfloat16"),
        (False, "bfloat16", "float32"),
        (True, "float32", "float32"),
    ):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda can=can, **_: can)
        monkeypatch.setattr(torch.cuda, "device", lambda _: torch.no_grad())
        assert embedder._precision_of_gpu(CARD, asked, "cuda") == precision


def test_on_a_processor_nothing_is_recorded() -> None:
    called = Recorded(lambda x: x * 2)
    assert called(torch.ones(2)).tolist() == [2, 2]
    assert called(torch.ones(3)).tolist() == [2, 2, 2]
