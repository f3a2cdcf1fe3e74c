"""Convolutions as processors run them quickest: weights laid out once, bias, ReLU and sum in the same pass.

They call functions of oneDNN that PyTorch offers to its compiler; `AVAILABLE` says whether this PyTorch has
them. In 8 bits (`ByteConvolution`) products of whole numbers are summed exactly, so that a picture's result
does not depend on what else is in the batch, nor on the processor but for the last bits of what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from photoclust.compiled import compiled

_WEIGHT, _INPUT = 127, 255  # largest whole number of a weight, and of what a convolution takes
_ONE = [1, 1]  # step of dilation: none


def _has(space: Any, *names: str) -> bool:
    return torch.backends.mkldnn.is_available() and all(hasattr(space, name) for name in names)


AVAILABLE = _has(torch.ops.mkldnn, "_reorder_convolution_weight", "_convolution_pointwise")
"""Whether `FloatConvolution` works."""


@dataclass(frozen=True)
class Kernel:
    """A convolution and what follows it.

    Parameters
    ----------
    weight, bias
        float32, shapes (outputs, inputs, height, width) and (outputs,).
    stride, padding
        Down and across.
    relu
        Whether ReLU follows.
    zero
        Of each input channel the value that stands for 0, where there is no padding; shape (inputs,).
    """

    weight: Tensor
    bias: Tensor
    stride: list[int]
    padding: list[int]
    relu: bool = True
    zero: Tensor | None = None

    @classmethod
    def of(cls, conv: nn.Conv2d, relu: bool = True, scale: float = 1.0) -> Kernel:
        """A convolution with a bias, whose result is multiplied by `scale`."""
        assert conv.bias is not None
        stride, padding = list(conv.stride), [int(side) for side in conv.padding]
        return cls(conv.weight.detach() * scale, conv.bias.detach() * scale, stride, padding, relu)

    def bias_with(self, rounded: Tensor) -> Tensor:
        """The bias that goes with weights that were rounded: `zero` then gives what 0 gives."""
        return self.bias if self.zero is None else self.bias - rounded.sum((2, 3)) @ self.zero


class Convolution(Protocol):
    """A kernel that a processor runs on tensors of shape (n, channels, height, width), channels last."""

    def taken(self, x: Tensor) -> Tensor:
        """What the convolution takes, of numbers as they lie between blocks."""
        ...

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve what `taken` gave or another convolution."""
        ...

    def add_to(self, stream: Tensor, x: Tensor) -> Tensor:
        """Convolve, add to `stream` in its place, then apply ReLU where the kernel has it."""
        ...


class FloatConvolution:
    """In float32 or bfloat16."""

    def __init__(self, kernel: Kernel, precision: torch.dtype) -> None:
        rounded = kernel.weight.to(precision)
        self._weight = rounded.contiguous(memory_format=torch.channels_last)
        self._bias, self._relu = kernel.bias_with(rounded.float()), "relu" if kernel.relu else None
        self._place = kernel.padding, kernel.stride, _ONE, 1
        self._packed, self._shape = self._weight, torch.Size()

    def taken(self, x: Tensor) -> Tensor:
        """The same numbers, in the precision of the weights."""
        return x.to(self._weight.dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve."""
        follows = self._relu or "none", [], ""
        return torch.ops.mkldnn._convolution_pointwise(x, self._pack(x), self._bias, *self._place, *follows)

    def add_to(self, stream: Tensor, x: Tensor) -> Tensor:
        """Convolve and add."""
        add = torch.ops.mkldnn._convolution_pointwise_.binary
        follows = "add", None, self._relu, [], None
        bias = self._bias.to(x.dtype)  # here it may not be more precise than the rest
        return add(stream, x, self._pack(x), bias, *self._place, *follows)

    def _pack(self, x: Tensor) -> Tensor:
        if x.shape != self._shape:
            pack = torch.ops.mkldnn._reorder_convolution_weight
            self._packed, self._shape = pack(self._weight, *self._place, list(x.shape)), x.shape
        return self._packed


class ByteConvolution:
    """In 8 bits, the weights of each output channel in steps of its own.

    Parameters
    ----------
    kernel
        What is convolved.
    takes
        Largest number of what it takes, which is 0 or more; larger ones count as this.
    gives
        The same of what it gives, in 8 bits; None gives float32.
    """

    def __init__(self, kernel: Kernel, takes: float, gives: float | None = None) -> None:
        self._steps = kernel.weight.abs().amax((1, 2, 3)).clamp(min=1e-12) / _WEIGHT
        steps = self._steps[:, None, None, None]
        rounded = rounded_weights(kernel.weight / steps)
        self._weight, self._bias = rounded.to(torch.int8), kernel.bias_with(rounded * steps)
        self._takes, self._zeros = takes / _INPUT, torch.zeros(len(self._steps), dtype=torch.int64)
        self._gives = (1.0, 0, torch.float32) if gives is None else (gives / _INPUT, 0, torch.uint8)
        self._place, self._relu = (kernel.stride, kernel.padding, _ONE, 1), kernel.relu
        self._packed, self._shape = self._weight, torch.Size()

    def taken(self, x: Tensor) -> Tensor:
        """Numbers of 0 and more in 8 bits; those that are in 8 bits already stay as they are."""
        return x if x.dtype == torch.uint8 else in_bytes(x, 1 / self._takes)

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve."""
        follows = *self._gives, "relu" if self._relu else "none", [], ""
        return torch.ops.onednn.qconv2d_pointwise(*self._operands(x), self._bias, *self._place, *follows)

    def add_to(self, stream: Tensor, x: Tensor) -> Tensor:
        """Convolve and add; the sum is float32."""
        add = torch.ops.onednn.qconv2d_pointwise.binary
        given = 1.0, 0, torch.float32, 1.0, 0
        follows = *given, "sum", 1.0, "relu" if self._relu else "none", [], ""
        return add(*self._operands(x), stream, self._bias, *self._place, *follows)

    def _operands(self, x: Tensor) -> tuple[Any, ...]:
        if x.shape != self._shape:
            pack, shape = torch.ops.onednn.qconv_prepack, list(x.shape)
            self._packed = pack(self._weight, self._steps, self._takes, 0, *self._place, shape)
            self._shape = x.shape
        return x, self._takes, 0, self._packed, self._steps, self._zeros


@cache
def exact_in_bytes() -> bool:
    """Whether `ByteConvolution` works here: without the instructions, sums of products are cut off."""
    if not _has(torch.ops.onednn, "qconv_prepack", "qconv2d_pointwise"):
        return False
    ones = torch.ones(16, 64, 1, 1)
    largest = ByteConvolution(Kernel(ones, torch.zeros(16), [1, 1], [0, 0]), 1.0)
    pixels = torch.full((1, 8, 8, 64), _INPUT, dtype=torch.uint8).permute(0, 3, 1, 2)
    with torch.inference_mode():
        return bool(torch.allclose(largest(pixels), torch.tensor(64.0)))


def rounded_weights(steps: Tensor) -> Tensor:
    """Weights in steps, rounded to whole ones; what rounding changes of one is made up for by the next.

    So the sum over a kernel's places is kept within half a step, and smooth parts of a picture, which make
    the largest errors otherwise, come out right: the least cosine to float32 among 512 faces is 0.9996 in
    place of 0.9988.

    Parameters
    ----------
    steps
        float32, shape (outputs, inputs, height, width).
    """
    flat = steps.flatten(2)
    rounded, left = torch.empty_like(flat), torch.zeros_like(flat[..., 0])
    for place in range(flat.shape[2]):
        wanted = flat[..., place] + left
        rounded[..., place] = wanted.round().clamp(-_WEIGHT, _WEIGHT)
        left = wanted - rounded[..., place]
    return rounded.view(steps.shape)


def in_bytes(x: Tensor, scale: float) -> Tensor:
    """Numbers times `scale`, rounded, at most 255: float32 of 0 and more, channels last, to uint8."""
    rounded = torch.empty_like(x, dtype=torch.uint8)
    _round(_line(x), np.float32(scale), _line(rounded))
    return rounded


def _line(x: Tensor) -> npt.NDArray[Any]:
    """The numbers of a tensor as they lie in memory, channels last."""
    return x.permute(0, 2, 3, 1).view(-1).numpy()


@compiled
def _round(
    x: npt.NDArray[np.float32], scale: np.float32, rounded: npt.NDArray[np.uint8]
) -> None:  # pragma: no cover
    half, most = np.float32(0.5), np.float32(_INPUT)
    for i in range(x.size):
        rounded[i] = np.uint8(min(x[i] * scale + half, most))


def pooled(x: Tensor) -> Tensor:
    """Largest of each 3 x 3 places, every second; torch's own takes no uint8 in batches."""
    rows: Sequence[Tensor] = x[:, :, :-2:2], x[:, :, 1:-1:2], x[:, :, 2::2]
    down = torch.maximum(torch.maximum(rows[0], rows[1]), rows[2])
    columns: Sequence[Tensor] = down[..., :-2:2], down[..., 1:-1:2], down[..., 2::2]
    return torch.maximum(torch.maximum(columns[0], columns[1]), columns[2])
