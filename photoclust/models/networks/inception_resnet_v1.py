"""The network of the embedder, Inception-ResNet v1.

Szegedy, Ioffe, Vanhoucke, Alemi: Inception-v4, Inception-ResNet and the Impact of Residual Connections on
Learning, AAAI 2017. After facenet-pytorch 2.5.3, ``models/inception_resnet_v1.py``, Copyright (c) 2019
Timothy Esler, MIT License (see LICENSE-facenet-pytorch).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

Size = int | tuple[int, int]


class BasicConv2d(nn.Module):
    """A convolution without bias, batch norm, and ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: Size, stride: int = 1, padding: Size = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)  # TensorFlow's
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, height, width) to (n, outputs, ...)."""
        return self.relu(self.bn(self.conv(x)))


class Branches(nn.Module):
    """Branches that all see the input; their channels are put beside one another."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self._names = [f"branch{number}" for number in range(len(branches))]
        for name, branch in zip(self._names, branches, strict=True):
            self.add_module(name, branch)

    @property
    def branches(self) -> dict[str, nn.Module]:
        """The branches by name, in order."""
        return {name: self.get_submodule(name) for name in self._names}

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, height, width) to (n, outputs of all branches, ...)."""
        return torch.cat([branch(x) for branch in self.branches.values()], 1)


class Residual(Branches):
    """What some branches find, scaled, and added to what they were given.

    Parameters
    ----------
    channels
        Of the branches together, and of the input.
    scale
        What is added is multiplied by this.
    relu
        What the sum goes through.
    branches
        See `Branches`.
    """

    def __init__(
        self, channels: tuple[int, int], scale: float, relu: nn.Module, *branches: nn.Module
    ) -> None:
        super().__init__(*branches)
        self.scale = scale
        self.conv2d = nn.Conv2d(*channels, 1)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels, height, width) to the same shape."""
        return self.relu(self.conv2d(super().forward(x)) * self.scale + x)


def _block35() -> nn.Module:
    return Residual(
        (96, 256),
        0.17,
        nn.ReLU(),
        BasicConv2d(256, 32, 1),
        nn.Sequential(BasicConv2d(256, 32, 1), BasicConv2d(32, 32, 3, padding=1)),
        nn.Sequential(
            BasicConv2d(256, 32, 1), BasicConv2d(32, 32, 3, padding=1), BasicConv2d(32, 32, 3, padding=1)
        ),
    )


def _block17() -> nn.Module:
    return Residual(
        (256, 896),
        0.10,
        nn.ReLU(),
        BasicConv2d(896, 128, 1),
        nn.Sequential(
            BasicConv2d(896, 128, 1),
            BasicConv2d(128, 128, (1, 7), padding=(0, 3)),
            BasicConv2d(128, 128, (7, 1), padding=(3, 0)),
        ),
    )


def _block8(scale: float, relu: nn.Module) -> nn.Module:
    return Residual(
        (384, 1792),
        scale,
        relu,
        BasicConv2d(1792, 192, 1),
        nn.Sequential(
            BasicConv2d(1792, 192, 1),
            BasicConv2d(192, 192, (1, 3), padding=(0, 1)),
            BasicConv2d(192, 192, (3, 1), padding=(1, 0)),
        ),
    )


def _mixed_6a() -> nn.Module:
    return Branches(
        BasicConv2d(256, 384, 3, 2),
        nn.Sequential(
            BasicConv2d(256, 192, 1), BasicConv2d(192, 192, 3, padding=1), BasicConv2d(192, 256, 3, 2)
        ),
        nn.MaxPool2d(3, 2),
    )


def _mixed_7a() -> nn.Module:
    return Branches(
        nn.Sequential(BasicConv2d(896, 256, 1), BasicConv2d(256, 384, 3, 2)),
        nn.Sequential(BasicConv2d(896, 256, 1), BasicConv2d(256, 256, 3, 2)),
        nn.Sequential(
            BasicConv2d(896, 256, 1), BasicConv2d(256, 256, 3, padding=1), BasicConv2d(256, 256, 3, 2)
        ),
        nn.MaxPool2d(3, 2),
    )


class InceptionResnetV1(nn.Module):
    """Face crops to unit vectors of 512 dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d_1a = BasicConv2d(3, 32, 3, 2)
        self.conv2d_2a = BasicConv2d(32, 32, 3)
        self.conv2d_2b = BasicConv2d(32, 64, 3, padding=1)
        self.maxpool_3a = nn.MaxPool2d(3, 2)
        self.conv2d_3b = BasicConv2d(64, 80, 1)
        self.conv2d_4a = BasicConv2d(80, 192, 3)
        self.conv2d_4b = BasicConv2d(192, 256, 3, 2)
        self.repeat_1 = nn.Sequential(*(_block35() for _ in range(5)))
        self.mixed_6a = _mixed_6a()
        self.repeat_2 = nn.Sequential(*(_block17() for _ in range(10)))
        self.mixed_7a = _mixed_7a()
        self.repeat_3 = nn.Sequential(*(_block8(0.20, nn.ReLU()) for _ in range(5)))
        self.block8 = _block8(1.0, nn.Identity())
        self.avgpool_1a = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.6)
        self.last_linear = nn.Linear(1792, 512, bias=False)
        self.last_bn = nn.BatchNorm1d(512, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """Embed crops: float32, shape (n, 3, side, side), standardised, to unit rows, shape (n, 512)."""
        for layer in list(self.children())[:-3]:
            x = layer(x)
        x = self.dropout(x).flatten(1).to(self.last_linear.weight.dtype)
        return functional.normalize(self.last_bn(self.last_linear(x)))
