"""The embedder's network on a GPU: recorded once for a batch, mirror images made there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.backends import cudnn

from photoclust.config import FLOAT32
from photoclust.models.cards import Card
from photoclust.models.gpu_clock import GpuClock
from photoclust.models.recorded import Recorded
from photoclust.models.torch_network import TorchNetwork, scale_of, standardised

Pixels = npt.NDArray[np.uint8]


class GpuNetwork(TorchNetwork):
    """A network from a safetensors file on a GPU; it runs on tensors of a processor, too.

    Convolutions are deterministic and in the precision asked for; in float32 without TensorFloat-32. Weights
    and pixels lie channels last in memory.

    Parameters
    ----------
    weights, card, device, precision
        See `TorchNetwork`.

    Attributes
    ----------
    clock
        How long the GPU worked.
    """

    def __init__(self, weights: Path, card: Card, device: str = "cuda", precision: str = FLOAT32) -> None:
        super().__init__(weights, card, device, precision)
        self.clock = GpuClock(self._device)
        self._scale = scale_of(card, self._device)
        self._alone, self._with_mirror = Recorded(self._embedded), Recorded(self._both)

    def to_processor(self) -> None:
        """Leave the GPU, for float32."""
        for recorded in (self._alone, self._with_mirror):
            recorded.forget()
        super().to_processor()
        self._precision, self._network = torch.float32, self._network.float()
        self._scale = scale_of(self._card, self._device)

    def __call__(self, crops: Pixels) -> npt.NDArray[np.float32]:
        """Embed as many crops as are given, at once."""
        return self._run(self._alone, crops)

    def mirrored(self, crops: Pixels) -> npt.NDArray[np.float32]:
        """Embed them and their mirror images; the sums of both."""
        return self._run(self._with_mirror, crops)

    @torch.inference_mode()
    def _run(self, function: Recorded, crops: Pixels) -> npt.NDArray[np.float32]:
        on_gpu = self._device.type == "cuda"
        host = torch.empty(crops.shape, dtype=torch.uint8, pin_memory=on_gpu)
        np.copyto(host.numpy(), crops)
        with cudnn.flags(enabled=True, deterministic=True, allow_tf32=False), self.clock.running():
            vectors = function(host.to(self._device, non_blocking=True))
        return vectors.cpu().numpy()

    def _embedded(self, pixels: Tensor) -> Tensor:
        return self._network(standardised(pixels, self._card, self._scale).to(self._precision)).float()

    def _both(self, pixels: Tensor) -> Tensor:
        straight, mirrored = self._embedded(torch.cat([pixels, pixels.flip(2)])).chunk(2)
        return straight + mirrored
