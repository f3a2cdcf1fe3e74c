"""Networks on crops of faces: a small one that begins from nothing, and InceptionResnetV1 to be tuned.

Both are Siamese in the literal sense: one set of weights embeds each photo of a pair. As it is the same set,
a photo is embedded once for a batch and serves in all its pairs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from photoclust.errors import TrainingError
from photoclust.models.networks import InceptionResnetV1

SIZES = {"small": 96, "inception": 160}
"""Side of the crops, in pixels."""
SMALL_DIMENSION = 128


def margin_of(size: int) -> int:
    """Pixels of a crop outside the box of the face: as large a part as of the default model's crops."""
    return round(size / 5)


_CHANNELS = (32, 64, 128, 256)
_DEEPER = 0.7
"""The learning rate of a part of InceptionResnetV1, in that of the part above it."""


class FaceNetwork(nn.Module):
    """A network on crops; while it is not trained, it embeds the mirror image as well, and adds both.

    Parameters
    ----------
    layers
        Maps float32, shape (n, 3, side, side), in [-1, 1), to (n, d).
    """

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, crops: Tensor) -> Tensor:
        """Embed uint8 crops, shape (n, 3, side, side), as unit rows, float32, shape (n, d)."""
        pixels = (crops.float() - 127.5) / 128
        found = functional.normalize(self.layers(pixels))
        if not self.training:
            found = functional.normalize(found + functional.normalize(self.layers(pixels.flip(3))))
        return found

    def parameter_groups(self, rate: float) -> list[dict[str, Any]]:
        """All parameters, at one rate."""
        return [{"params": list(self.parameters()), "lr": rate, "weight_decay": 1e-2}]


def small_network() -> FaceNetwork:
    """Four convolutions with batch norm, ReLU and pooling, as tutorials have it: 0.4 million weights."""
    layers: list[nn.Module] = [nn.AvgPool2d(2)]
    for inputs, outputs in zip((3, *_CHANNELS), _CHANNELS, strict=False):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if outputs != _CHANNELS[-1] else [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return FaceNetwork(nn.Sequential(*layers, nn.Linear(_CHANNELS[-1], SMALL_DIMENSION)))


class TunedNetwork(FaceNetwork):
    """InceptionResnetV1 whose batch norm keeps its statistics, and without dropout.

    A batch of few people says too little of means and variances, and what they are was learned from many.
    """

    def train(self, mode: bool = True) -> TunedNetwork:
        """Leave batch norm and dropout as they are in use."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d | nn.Dropout):
                module.eval()
        return self

    def parameter_groups(self, rate: float) -> list[dict[str, Any]]:
        """Parts from the last to the first, each at 0.7 of the rate of the one above."""
        parts = [part for _, part in self.layers.named_children() if list(part.parameters())]
        groups: list[dict[str, Any]] = []
        for part in reversed(parts):
            groups.append({"params": list(part.parameters()), "lr": rate, "weight_decay": 1e-2})
            rate *= _DEEPER
        return groups


def tuned_network(weights: Path | None) -> TunedNetwork:
    """InceptionResnetV1 from a safetensors file of its parameters, or from nothing."""
    network = InceptionResnetV1()
    if weights is not None:
        state = load_file(weights) | {
            name: value
            for name, value in network.state_dict().items()
            if name.endswith("num_batches_tracked")
        }
        network.load_state_dict(state)
    return TunedNetwork(network)


def new_network(arch: str, weights: Path | None, seed: int) -> FaceNetwork:
    """Build a network; chance follows from the seed."""
    torch.manual_seed(seed)
    return small_network() if arch == "small" else tuned_network(weights)


def write_onnx(network: FaceNetwork, side: int, file: Path) -> None:
    """Write a network in ONNX: standardised pixels, float32, shape (n, 3, side, side), to rows, (n, d).

    Raises
    ------
    TrainingError
        What PyTorch needs for it is not installed.
    """
    layers = network.layers.eval().cpu()
    example = (torch.zeros(2, 3, side, side),)
    names: dict[str, Any] = {"input_names": ["pixels"], "output_names": ["embeddings"]}
    names["dynamic_shapes"] = ({0: torch.export.Dim("n")},)
    try:
        torch.onnx.export(layers, example, str(file), external_data=False, verbose=False, **names)
    except ImportError as error:
        raise TrainingError(
            "A network of this kind is kept in ONNX, and what PyTorch needs for that is not installed; "
            "install it with: pip install 'photoclust[train]'. Then resume the run."
        ) from error
