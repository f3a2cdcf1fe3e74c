"""facenet-pytorch's ``InceptionResnetV1`` for processors, in float32, bfloat16 or 8 bits.

The same network as `photoclust.models.torch_network.TorchNetwork` with every convolution, its bias, ReLU and
sum in one pass. In 8 bits (``int8``), for which processors have instructions since about 2019, it takes a
third of the time of float32 and 0.6 of that of bfloat16. Only convolutions are in 8 bits; what blocks add
to, and all after the last block, is float32. How large the numbers are that each takes was measured on faces
(tools/int8_ranges.py) and is shipped with the model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from photoclust.config import BFLOAT16, INT8
from photoclust.errors import WeightsError
from photoclust.models.cards import Card
from photoclust.models.convolutions import ByteConvolution, Convolution, FloatConvolution, Kernel, pooled
from photoclust.models.networks import BasicConv2d, Branches, InceptionResnetV1, Residual
from photoclust.models.torch_network import folded_network

Make = Callable[[Kernel, str, str | None], Convolution]
"""Makes a convolution of a kernel, the name of what it takes, and that of what it gives, None where that is
added to or put beside what is between blocks."""

STEM = ("conv2d_1a", "conv2d_2a", "conv2d_2b", "conv2d_3b", "conv2d_4a", "conv2d_4b")
"""The convolutions before the first block, and the names of what they take."""
_BEFORE_POOL = 3  # of these
_PIXEL = 255.0  # largest value


class ProcessorNetwork:
    """A network from a safetensors file, see `photoclust.models.network.Network`.

    Parameters
    ----------
    weights
        A file as `photoclust.models.weights.weights_path` returns.
    card
        Of the model: what pixel values it takes.
    make
        Makes its convolutions, see `in_precision`.

    Raises
    ------
    WeightsError
        The file cannot be read or holds other weights.
    """

    batch_size: int | None = None

    def __init__(self, weights: Path, card: Card, make: Make) -> None:
        network = folded_network(weights)
        with torch.inference_mode():
            self._stem = list(_stem(network, card, make))
            named = network.named_modules()
            self._blocks = [_Block(name, one, make) for name, one in named if isinstance(one, Branches)]
        self._linear, self._norm = network.last_linear, network.last_bn

    def to_processor(self) -> None:
        """It is there already."""

    @torch.inference_mode()
    def __call__(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Embed as many crops as are given, at once."""
        pixels = self._stem[0].taken(torch.from_numpy(crops).permute(0, 3, 1, 2))
        x = pooled(reduce(_apply, self._stem[:_BEFORE_POOL], pixels))
        x = reduce(_apply, [*self._stem[_BEFORE_POOL:], *self._blocks], x)
        means = x.mean((2, 3), dtype=torch.float32)
        return functional.normalize(self._norm(self._linear(means))).numpy()


class _Block:
    """Branches that see the same; what they give is added to that, or put beside it once that is pooled."""

    def __init__(self, name: str, block: Branches, make: Make) -> None:
        residual = isinstance(block, Residual)
        end = f"{name}.conv2d" if residual else None
        convolve = [(key, one) for key, one in block.branches.items() if not isinstance(one, nn.MaxPool2d)]
        self._chains = [list(_chain(f"{name}.{key}", name, branch, end, make)) for key, branch in convolve]
        self._last: Convolution | None = None
        if isinstance(block, Residual):
            kernel = Kernel.of(block.conv2d, isinstance(block.relu, nn.ReLU), block.scale)
            self._last = make(kernel, f"{name}.conv2d", None)

    def __call__(self, stream: Tensor) -> Tensor:
        taken = self._chains[0][0].taken(stream)
        found = [reduce(_apply, chain, taken) for chain in self._chains]
        if self._last is None:
            return torch.cat([*found, pooled(stream)], 1)
        return self._last.add_to(stream, torch.cat(found, 1))


def _apply(x: Tensor, step: Callable[[Tensor], Tensor]) -> Tensor:
    return step(x)


def _stem(network: InceptionResnetV1, card: Card, make: Make) -> Iterator[Convolution]:
    """The convolutions before the first block."""
    for name, following in zip(STEM, (*STEM[1:], None), strict=True):
        layer = network.get_submodule(name)
        assert isinstance(layer, BasicConv2d)
        kernel = Kernel.of(layer.conv)
        yield make(_of_pixels(kernel, card) if name == STEM[0] else kernel, name, following)


def _chain(name: str, taken: str, branch: nn.Module, end: str | None, make: Make) -> Iterator[Convolution]:
    """The convolutions of a branch: the first takes `taken`, the last gives `end`."""
    layers = [layer for layer in branch.modules() if isinstance(layer, BasicConv2d)]
    takes = [taken, *[f"{name}.{number}" for number in range(1, len(layers))]]
    for layer, own, given in zip(layers, takes, [*takes[1:], end], strict=True):
        yield make(Kernel.of(layer.conv), own, given)


def _of_pixels(kernel: Kernel, card: Card) -> Kernel:
    """A kernel that takes pixel values as they are in a crop, of one that takes what its card says.

    So pixels need no rounding: whole numbers up to 255 are exact in bfloat16 and in 8 bits.
    """
    mean, deviation = torch.tensor(card.mean), torch.tensor(card.deviation)
    weight = kernel.weight / deviation[:, None, None]
    if card.channels == "BGR":
        weight, mean = weight.flip(1), mean.flip(0)
    return Kernel(weight, kernel.bias, kernel.stride, kernel.padding, kernel.relu, mean)


def in_precision(card: Card, precision: str) -> Make:
    """Makes convolutions in ``float32``, ``bfloat16`` or ``int8``.

    Raises
    ------
    WeightsError
        8 bits are asked of a model without ranges, or with others than its card names.
    """
    if precision == INT8:
        return in_bytes(_ranges(card))
    kind = torch.bfloat16 if precision == BFLOAT16 else torch.float32
    return lambda kernel, takes, gives: FloatConvolution(kernel, kind)


def in_bytes(ranges: Mapping[str, float]) -> Make:
    """Makes convolutions in 8 bits, of the largest numbers that they take, by name."""
    ranges = {**ranges, STEM[0]: _PIXEL}

    def make(kernel: Kernel, takes: str, gives: str | None) -> Convolution:
        return ByteConvolution(kernel, ranges[takes], None if gives is None else ranges[gives])

    return make


def _ranges(card: Card) -> dict[str, float]:
    """What tools/int8_ranges.py measured of a model."""
    file = files("photoclust.models") / "shipped" / f"{card.name}-int8.json"
    content = file.read_bytes() if card.int8_sha256 and file.is_file() else b""
    if not content or sha256(content).hexdigest() != card.int8_sha256:
        raise WeightsError(f"Nothing that fits is known of {card.name} in 8 bits; use another precision.")
    return json.loads(content)
