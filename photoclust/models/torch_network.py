"""facenet-pytorch's ``InceptionResnetV1`` on a GPU, or on a processor where `processor_network` cannot run.

Batch norm is folded into the convolutions and memory laid out channels last; cosine to the network as it
comes is above 0.999999.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.backends import cudnn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from photoclust.config import BFLOAT16, FLOAT32
from photoclust.errors import WeightsError
from photoclust.models.cards import Card
from photoclust.models.networks import BasicConv2d, InceptionResnetV1


class TorchNetwork:
    """A network from a safetensors file, see `photoclust.models.network.Network`.

    Parameters
    ----------
    weights
        A file as `photoclust.models.weights.weights_path` returns.
    card
        Of the model: what pixel values it takes.
    device
        Where PyTorch runs: ``cpu``, ``cuda``, ``cuda:1`` ...
    precision
        Of the convolutions, ``float32`` or ``bfloat16``.

    Raises
    ------
    WeightsError
        The file cannot be read or holds other weights.
    """

    batch_size: int | None = None

    def __init__(self, weights: Path, card: Card, device: str = "cpu", precision: str = FLOAT32) -> None:
        self._device = torch.device(device)
        network = folded_network(weights).to(self._device)
        self._precision = torch.bfloat16 if precision == BFLOAT16 else torch.float32
        _round_convolutions(network, self._precision)
        self._network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self._card = card

    def to_processor(self) -> None:
        """Leave the GPU."""
        self._device = torch.device("cpu")
        self._network = self._network.to(self._device)

    @torch.inference_mode()
    def __call__(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Embed as many crops as are given, at once."""
        pixels = torch.from_numpy(crops).to(self._device)
        with cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):  # whole float32 on a GPU too
            return self._network(standardised(pixels, self._card).to(self._precision)).cpu().numpy()


def scale_of(card: Card, device: torch.device) -> tuple[Tensor, Tensor]:
    """Mean and deviation of pixel values as a network was trained on them, on a device."""
    return torch.tensor(card.mean, device=device), torch.tensor(card.deviation, device=device)


def standardised(pixels: Tensor, card: Card, scale: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Pixel values as a network was trained on them.

    Parameters
    ----------
    pixels
        uint8, shape (n, height, width, 3), RGB.
    card
        Its mean, deviation and order of channels. FaceNet's are (x − 127.5) / 128: facenet-pytorch's
        ``fixed_image_standardization``.
    scale
        What `scale_of` gives, where it is at hand already.

    Returns
    -------
    Tensor
        float32, shape (n, 3, height, width), channels last in memory.
    """
    ordered = pixels if card.channels == "RGB" else pixels.flip(3)
    mean, deviation = scale or scale_of(card, pixels.device)
    return ((ordered.float() - mean) / deviation).permute(0, 3, 1, 2)


def folded_network(weights: Path) -> InceptionResnetV1:
    """The network with the weights in a file, each batch norm folded into the convolution before it.

    Raises
    ------
    WeightsError
        The file cannot be read or holds other weights.
    """
    network = InceptionResnetV1().eval()
    try:
        state = load_file(weights)
        wrong = network.load_state_dict(state, strict=False)
    except Exception as error:  # safetensors and torch raise several kinds, none of them documented
        raise WeightsError(f"{weights} holds no weights of InceptionResnetV1.") from error
    missing = [name for name in wrong.missing_keys if not name.endswith(".num_batches_tracked")]
    if missing or wrong.unexpected_keys:
        raise WeightsError(f"{weights} holds no weights of InceptionResnetV1.")
    return _folded(network)


def _folded(network: InceptionResnetV1) -> InceptionResnetV1:
    """The same function with each batch norm folded into the convolution before it."""
    for module in network.modules():
        if isinstance(module, BasicConv2d):
            module.conv = fuse_conv_bn_eval(module.conv, module.bn)
            module.bn = nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
    return network.requires_grad_(False)


def _round_convolutions(network: nn.Module, precision: torch.dtype) -> None:
    """Round the weights of convolutions; what comes after the last stays as precise as it is."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.to(precision)
