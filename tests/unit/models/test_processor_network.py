"""The network of processors gives what PyTorch's own modules give, in 8 bits nearly so."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photoclust.config import BFLOAT16, FLOAT32, INT8
from photoclust.errors import WeightsError
from photoclust.machine import has_bfloat16, has_int8
from photoclust.models.cards import MODELS, Card
from photoclust.models.convolutions import AVAILABLE, exact_in_bytes
from photoclust.models.processor_network import ProcessorNetwork, in_precision
from photoclust.models.torch_network import TorchNetwork

CARD = MODELS["casia-webface"]
pytestmark = pytest.mark.skipif(not AVAILABLE, reason="this PyTorch has no such functions")
needs_int8 = pytest.mark.skipif(
    not (has_int8() and exact_in_bytes()), reason="no instructions for 8 bits here"
)


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    """Five crops of a face, from blurred to sharp, one all black."""
    with Image.open(str(resources.files("skimage") / "data" / "astronaut.png")) as photo:
        face = photo.convert("RGB").crop((175, 55, 275, 178))
    made = [np.asarray(face.resize((side, side)).resize((160, 160))) for side in (12, 40, 100, 160)]
    return np.stack([*made, np.zeros_like(made[0])])


def network(weights: Path, precision: str, card: Card = CARD) -> ProcessorNetwork:
    return ProcessorNetwork(weights, card, in_precision(card, precision))


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_equals_the_modules_of_pytorch(weights: Path, crops: np.ndarray, channels: str) -> None:
    card = replace(CARD, channels=channels, mean=(120.0, 127.5, 135.0), deviation=(100.0, 128.0, 140.0))
    wanted = TorchNetwork(weights, card)(crops)
    np.testing.assert_allclose(network(weights, FLOAT32, card)(crops), wanted, atol=2e-6)


@pytest.mark.parametrize(
    "precision",
    [
        pytest.param(BFLOAT16, marks=pytest.mark.skipif(not has_bfloat16(), reason="no bfloat16 here")),
        pytest.param(INT8, marks=needs_int8),
    ],
)
def test_fewer_bits_are_nearly_as_good(weights: Path, crops: np.ndarray, precision: str) -> None:
    cosine = (network(weights, precision)(crops) * network(weights, FLOAT32)(crops)).sum(1)
    assert cosine.min() >= 0.999


@needs_int8
def test_in_8_bits_a_face_does_not_depend_on_its_batch(weights: Path, crops: np.ndarray) -> None:
    quick = network(weights, INT8)
    together = quick(crops)
    alone = np.concatenate([quick(crops[number : number + 1]) for number in range(len(crops))])
    np.testing.assert_allclose(alone, together, atol=1e-6)  # the last layer is in float32
    assert quick(crops[::-1].copy())[::-1].tobytes() == together.tobytes()


@pytest.mark.parametrize("altered", [{"int8_sha256": "0" * 64}, {"int8_sha256": None}, {"name": "other"}])
def test_without_its_ranges_a_model_is_not_embedded_in_8_bits(altered: dict[str, str | None]) -> None:
    with pytest.raises(WeightsError, match=r"Nothing that fits is known of .* in 8 bits"):
        in_precision(replace(CARD, **altered), INT8)  # type: ignore[arg-type]
