"""The first layer of P-Net on a processor: convolution, PReLU and maxima of 2 x 2 in one compiled loop.

Three channels are too few for the convolutions of torch, and what comes out of them is the largest thing that
the detector makes: written and read once for each of the three steps, it takes as long as all other layers
together. Here two rows of it stay in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from photoclust.compiled import fused
from photoclust.models.networks import PNet

Floats = npt.NDArray[np.float32]

MIDDLE, STEP = 127.5, 0.0078125  # pixel values 0 to 255 as the networks were trained on them


class FirstLayer:
    """P-Net's first convolution, PReLU and pool, which take pixel values as they are.

    Parameters
    ----------
    network
        Has the weights.
    """

    def __init__(self, network: PNet) -> None:
        assert network.conv1.bias is not None
        weight = network.conv1.weight.detach().cpu().numpy() * np.float32(STEP)
        bias = network.conv1.bias.detach().cpu().numpy() - MIDDLE * weight.sum((1, 2, 3), np.float64)
        self._weight = np.ascontiguousarray(weight.transpose(0, 2, 1, 3))  # rows, channels, columns
        self._bias = bias.astype(np.float32)
        self._slope = network.prelu1.weight.detach().cpu().numpy()

    def __call__(self, pixels: Tensor) -> Tensor:
        """Apply it to pictures.

        Parameters
        ----------
        pixels
            float32, shape (n, 3, h, w), at least 3 x 3, values 0 to 255.

        Returns
        -------
        Tensor
            float32, shape (n, 10, (h - 1) // 2, (w - 1) // 2), channels last in memory.
        """
        pictures = np.ascontiguousarray(pixels.permute(0, 2, 3, 1).numpy())
        number, height, width = pictures.shape[:3]
        out = np.empty((number, (height - 1) // 2, (width - 1) // 2, len(self._bias)), np.float32)
        for picture, pooled in zip(pictures, out, strict=True):
            _first_layer(picture, self._weight, self._bias, self._slope, pooled)
        return torch.from_numpy(out).permute(0, 3, 1, 2)


@fused
def _first_layer(picture: Any, weight: Any, bias: Any, slope: Any, out: Any) -> None:
    """From (h, w, 3) to (h / 2, w / 2, c), two rows of the convolution at a time."""
    height, width = picture.shape[0] - 2, picture.shape[1] - 2
    planes = np.empty((4, 3, width + 2), np.float32)
    pair = np.empty((2, len(bias), width), np.float32)
    for row in range(out.shape[0]):
        rows = min(2, height - 2 * row)
        for i in range(2 * row if row == 0 else 2 * row + 2, 2 * row + rows + 2):
            for channel in range(3):
                plane = planes[i % 4, channel]
                for x in range(width + 2):
                    plane[x] = picture[i, x, channel]
        for k in range(rows):
            top = 2 * row + k
            above, here, below = planes[top % 4], planes[(top + 1) % 4], planes[(top + 2) % 4]
            for channel in range(len(bias)):
                _convolved(
                    above, here, below, weight[channel], bias[channel], slope[channel], pair[k, channel]
                )
        upper, lower = pair[0], pair[rows - 1]
        for channel in range(len(bias)):
            a, b = upper[channel], lower[channel]
            for x in range(width // 2):
                left = a[2 * x] if a[2 * x] > b[2 * x] else b[2 * x]
                right = a[2 * x + 1] if a[2 * x + 1] > b[2 * x + 1] else b[2 * x + 1]
                out[row, x, channel] = left if left > right else right
            if width % 2:
                out[row, width // 2, channel] = max(a[width - 1], b[width - 1])


@fused
def _convolved(above: Any, here: Any, below: Any, w: Any, bias: Any, slope: Any, out: Any) -> None:
    """One row of one channel, with its PReLU.

    The sum is written out, so that the compiler keeps the 27 weights in registers and works on sixteen
    columns at once.
    """
    a, b, c = above[0], above[1], above[2]
    d, e, f = here[0], here[1], here[2]
    g, h, i = below[0], below[1], below[2]
    a0, a1, a2 = w[0, 0, 0], w[0, 0, 1], w[0, 0, 2]
    b0, b1, b2 = w[0, 1, 0], w[0, 1, 1], w[0, 1, 2]
    c0, c1, c2 = w[0, 2, 0], w[0, 2, 1], w[0, 2, 2]
    d0, d1, d2 = w[1, 0, 0], w[1, 0, 1], w[1, 0, 2]
    e0, e1, e2 = w[1, 1, 0], w[1, 1, 1], w[1, 1, 2]
    f0, f1, f2 = w[1, 2, 0], w[1, 2, 1], w[1, 2, 2]
    g0, g1, g2 = w[2, 0, 0], w[2, 0, 1], w[2, 0, 2]
    h0, h1, h2 = w[2, 1, 0], w[2, 1, 1], w[2, 1, 2]
    i0, i1, i2 = w[2, 2, 0], w[2, 2, 1], w[2, 2, 2]
    for x in range(len(out)):
        total = (
            bias
            + a0 * a[x]
            + a1 * a[x + 1]
            + a2 * a[x + 2]
            + b0 * b[x]
            + b1 * b[x + 1]
            + b2 * b[x + 2]
            + c0 * c[x]
            + c1 * c[x + 1]
            + c2 * c[x + 2]
            + d0 * d[x]
            + d1 * d[x + 1]
            + d2 * d[x + 2]
            + e0 * e[x]
            + e1 * e[x + 1]
            + e2 * e[x + 2]
            + f0 * f[x]
            + f1 * f[x + 1]
            + f2 * f[x + 2]
            + g0 * g[x]
            + g1 * g[x + 1]
            + g2 * g[x + 2]
            + h0 * h[x]
            + h1 * h[x + 1]
            + h2 * h[x + 2]
            + i0 * i[x]
            + i1 * i[x + 1]
            + i2 * i[x + 2]
        )
        out[x] = total if total > 0 else slope * total
