"""Embedding: what stock facenet-pytorch gives, the same for a crop in whatever company."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch import InceptionResnetV1, fixed_image_standardization
from PIL import Image
from safetensors.numpy import load_file, save_file

from photoclust.errors import VectorError, WeightsError
from photoclust.machine import has_bfloat16, has_int8
from photoclust.models.cards import MODELS
from photoclust.models.embedder import Embedder, load, normalised_rows
from photoclust.models.torch_network import TorchNetwork
from photoclust.models.weights import weights_path

CARD = MODELS["casia-webface"]


@pytest.fixture(scope="module")
def embedder(weights: Path) -> Embedder:
    return load("casia-webface", flip=False, batch_size=4)


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    """Six crops of two faces: Grace Hopper and Eileen Collins, three each, a few pixels apart."""
    photos = (
        ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (150, 100, 360, 350)),
        ("skimage", "data/astronaut.png", (175, 55, 275, 178)),
    )
    faces = []
    for package, file, box in photos:
        with Image.open(str(resources.files(package) / file)) as photo:
            for shift in (0, 4, 8):
                moved = tuple(edge + shift for edge in box)
                faces.append(np.asarray(photo.convert("RGB").crop(moved).resize((160, 160))))
    return np.stack(faces)


def test_gives_unit_vectors_that_tell_people_apart(embedder: Embedder, crops: np.ndarray) -> None:
    vectors = embedder.embed(crops)

    assert vectors.dtype == np.float32
    assert vectors.shape == (6, 512)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    cosine_distance = 1 - vectors @ vectors.T
    assert cosine_distance[:3, :3].max() < 0.3
    assert cosine_distance[3:, 3:].max() < 0.3
    assert cosine_distance[:3, 3:].min() > 0.7


def test_equals_stock_facenet_pytorch(embedder: Embedder, crops: np.ndarray, weights: Path) -> None:
    stock = InceptionResnetV1().eval()
    state = {name: torch.from_numpy(value) for name, value in load_file(weights).items()}
    wrong = stock.load_state_dict(state, strict=False)
    assert all(name.endswith("num_batches_tracked") for name in wrong.missing_keys)
    pixels = torch.stack([torch.from_numpy(crop.copy()).permute(2, 0, 1).float() for crop in crops])
    with torch.inference_mode():
        expected = stock(fixed_image_standardization(pixels)).numpy()

    cosine = (embedder.embed(crops) * expected).sum(axis=1)

    assert cosine.min() >= 0.999999


def test_a_vector_does_not_depend_on_its_company(embedder: Embedder, crops: np.ndarray) -> None:
    together = embedder.embed(crops)

    alone = np.concatenate([embedder.embed(crop[None]) for crop in crops])
    backwards = embedder.embed(crops[::-1])[::-1]

    assert alone.tobytes() == together.tobytes()
    assert backwards.tobytes() == together.tobytes()


def test_flip_makes_mirror_images_equal(weights: Path, crops: np.ndarray) -> None:
    embedder = load("casia-webface", batch_size=4)

    vectors, mirrored = embedder.embed(crops[:2]), embedder.embed(crops[:2, :, ::-1])

    np.testing.assert_allclose(vectors, mirrored, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_fewer_bits_are_as_good_as_float32(embedder: Embedder, crops: np.ndarray, precision: str) -> None:
    if not {"bfloat16": has_bfloat16, "int8": has_int8}[precision]():
        pytest.skip(f"this processor has no instructions for {precision}")
    quick = load("casia-webface", flip=False, batch_size=4, precision=precision)

    vectors = quick.embed(crops)

    assert quick.note is None
    assert 0.999 <= (vectors * embedder.embed(crops)).sum(axis=1).min() < 0.9999999
    assert np.concatenate([quick.embed(crop[None]) for crop in crops]).tobytes() == vectors.tobytes()


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_without_the_instructions_faces_are_embedded_in_float32(
    monkeypatch: pytest.MonkeyPatch, embedder: Embedder, crops: np.ndarray, precision: str
) -> None:
    monkeypatch.setattr(f"photoclust.models.embedder.has_{precision}", lambda: False)
    plain = load("casia-webface", flip=False, batch_size=4, precision=precision)
    assert plain.note is not None
    assert f"begun in {precision}; here faces are embedded in float32" in plain.note
    assert plain.embed(crops).tobytes() == embedder.embed(crops).tobytes()


def test_no_crops_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed(np.zeros((0, 160, 160, 3), np.uint8)).shape == (0, 512)


@pytest.mark.parametrize("bad", [np.zeros((1, 160, 160, 3)), np.zeros((1, 3, 160, 160), np.uint8)])
def test_refuses_what_are_no_crops(embedder: Embedder, bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Crops must be uint8"):
        embedder.embed(bad)


def test_weights_that_give_no_unit_vector_are_named(tmp_path: Path, weights: Path, crops: np.ndarray) -> None:
    state = load_file(weights)
    state["last_bn.bias"] = np.full_like(state["last_bn.bias"], np.nan)
    save_file(state, tmp_path / "nan.safetensors")

    with pytest.raises(VectorError, match="crop 0 is zero or not finite"):
        Embedder(TorchNetwork(tmp_path / "nan.safetensors", CARD), CARD, batch_size=1).embed(crops[:1])


@pytest.mark.parametrize("content", [b"", b"no weights at all"])
def test_refuses_a_file_without_weights(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=r"x\.safetensors holds no weights"):
        TorchNetwork(path, CARD)


def test_unit_rows_refuses_zero_and_infinity() -> None:
    np.testing.assert_allclose(normalised_rows(np.array([[3, 4]], np.float32)), [[0.6, 0.8]])
    for value in (0, np.inf, np.nan):
        with pytest.raises(VectorError, match="crop 1"):
            normalised_rows(np.array([[1, 0], [value, 0]], np.float32))


class SmallGpu(Embedder):
    """Says what CUDA says when more than so many crops are asked for at once."""

    room = 4

    def _embed_batch(self, crops: np.ndarray) -> np.ndarray:
        gave_way = "processor" in (self.note or "")
        if self.batch_size > self.room and not gave_way:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return super()._embed_batch(crops)


def test_a_gpu_out_of_memory_gets_half_as_much_and_says_so() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (9, 160, 160, 3), np.uint8)
    small = SmallGpu(TorchNetwork(weights_path("casia-webface"), CARD), CARD, flip=False, batch_size=16)
    small.room = 4
    vectors = small.embed(crops[:3])
    assert small.batch_size == 4
    assert small.note
    assert "4 faces at once" in small.note
    whole = load("casia-webface", flip=False, batch_size=4).embed(crops[:3])
    np.testing.assert_allclose(vectors, whole, atol=1e-6)


def test_without_room_for_one_face_the_processor_does_the_work() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), np.uint8)
    none = SmallGpu(TorchNetwork(weights_path("casia-webface"), CARD), CARD, flip=False, batch_size=2)
    none.room = 0
    assert none.embed(crops).shape == (2, 512)
    assert none.note
    assert "a processor embeds" in none.note
