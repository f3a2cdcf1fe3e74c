"""What only a GPU can show: the same faces and vectors, few synchronisations, a recorded network."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import skimage.data
import torch

from photoclust.config import DetectConfig, EngineConfig, IndexSettings
from photoclust.engine import start
from photoclust.faces.batched.detector import BatchDetector
from photoclust.faces.detect import Detector
from photoclust.models.cards import MODELS
from photoclust.models.embedder import Embedder, load
from photoclust.models.gpu_network import GpuNetwork
from photoclust.models.weights import weights_path
from photoclust.photo_refs import ref_table

pytestmark = pytest.mark.gpu

CARD = MODELS["casia-webface"]


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    astronaut = skimage.data.astronaut()
    return [
        astronaut,
        astronaut[:, ::-1],
        np.tile(astronaut, (3, 4, 1)),
        skimage.data.chelsea(),
        astronaut[75:],
    ]


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    smooth = np.random.default_rng(0).integers(0, 256, (9, 10, 10, 3), np.uint8)
    return smooth.repeat(16, 1).repeat(16, 2)


@pytest.mark.parametrize(("precision", "near"), [("float32", 0.1), ("float16", 4.0), ("bfloat16", 8.0)])
def test_faces_are_those_of_a_processor(photos: list[np.ndarray], precision: str, near: float) -> None:
    ours = BatchDetector(DetectConfig(), "cuda", getattr(torch, precision)).detect_all(photos)
    theirs = Detector(DetectConfig()).detect_all(photos)
    for here, there in zip(ours, theirs, strict=True):
        assert len(here) == len(there)
        order = [np.lexsort(found.boxes.round(-1).T) for found in (here, there)]
        np.testing.assert_allclose(here.boxes[order[0]], there.boxes[order[1]], atol=near)


def test_a_photo_is_the_same_whatever_it_goes_with(photos: list[np.ndarray]) -> None:
    detector = BatchDetector(DetectConfig(), "cuda")
    for together, photo in zip(detector.detect_all(photos), photos, strict=True):
        np.testing.assert_allclose(together.boxes, detector.detect(photo).boxes, atol=0.1)


def test_the_host_waits_as_seldom_for_many_photos_as_for_few(photos: list[np.ndarray]) -> None:
    detector = BatchDetector(DetectConfig(), "cuda")
    detector.detect_all(photos)
    few, many = (_waits(detector, photos[:1] * times) for times in (1, 8))
    assert few == many  # one sheet in both cases
    assert many <= 16


def _waits(detector: BatchDetector, photos: list[np.ndarray]) -> int:
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            detector.detect_all(photos)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(one.message) for one in told)


@pytest.mark.parametrize(("precision", "cosine"), [("float32", 0.99999), ("bfloat16", 0.999)])
def test_vectors_are_those_of_a_processor(crops: np.ndarray, precision: str, cosine: float) -> None:
    network = GpuNetwork(weights_path("casia-webface"), CARD, "cuda", precision)
    vectors = Embedder(network, CARD, True, batch_size=4).embed(crops)
    assert network._with_mirror._graph is not None, "the network was not recorded"
    assert (vectors * load("casia-webface").embed(crops)).sum(1).min() >= cosine
    assert network.clock.taken() > 0


def test_other_batch_sizes_are_recorded_anew(crops: np.ndarray) -> None:
    network = GpuNetwork(weights_path("casia-webface"), CARD, "cuda")
    four, two = (Embedder(network, CARD, True, size).embed(crops) for size in (4, 2))
    assert (four * two).sum(1).min() >= 0.99999


def test_an_engine_finds_and_embeds_on_the_gpu(tmp_path, photos: list[np.ndarray]) -> None:  # type: ignore[no-untyped-def]
    from PIL import Image

    from photoclust.photo_refs import PhotoRef, Version
    from photoclust.records import stage_seconds

    for number, photo in enumerate(photos):
        Image.fromarray(photo).save(tmp_path / f"{number}.png")
    known = [
        PhotoRef(str(path), path.stat().st_size, Version.parse("")) for path in sorted(tmp_path.iterdir())
    ]
    refs = ref_table(known, [0] * len(known))
    with start(EngineConfig(kind="local")) as engine:
        tables = list(engine.stream(refs, IndexSettings()))
    assert [row["status"] for table in tables for row in table.to_pylist()] == ["ok"] * 3 + ["no_face", "ok"]
    assert sum(stage_seconds(table).get("gpu", 0) for table in tables) > 0
