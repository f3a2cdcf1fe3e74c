"""The three networks of the detector, MTCNN.

Zhang, Zhang, Li, Qiao: Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks,
IEEE Signal Processing Letters 23(10), 2016. After facenet-pytorch 2.5.3, ``models/mtcnn.py``, Copyright (c)
2019 Timothy Esler, MIT License (see LICENSE-facenet-pytorch).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class _PoolOfTwo(nn.Module):
    """Maxima of 2 x 2, of channels that are last in memory in a fifth of the time of `nn.MaxPool2d`."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, h, w) to (n, c, h / 2, w / 2)."""
        if x.shape[2] % 2 or x.shape[3] % 2:
            return functional.max_pool2d(x, 2, ceil_mode=True)
        rows = torch.maximum(x[:, :, ::2], x[:, :, 1::2])
        return torch.maximum(rows[..., ::2], rows[..., 1::2])


def _pool(size: int) -> nn.MaxPool2d:
    return nn.MaxPool2d(size, 2, ceil_mode=True)


def _flat(x: Tensor) -> Tensor:
    """Rows in the order of the framework that the weights are from: columns, rows, channels."""
    return x.permute(0, 3, 2, 1).flatten(1)


class PNet(nn.Module):
    """Says of each window of 12 x 12 pixels, every 2 pixels, whether it is a face."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 10, 3)
        self.prelu1 = nn.PReLU(10)
        self.pool1 = _PoolOfTwo()
        self.conv2 = nn.Conv2d(10, 16, 3)
        self.prelu2 = nn.PReLU(16)
        self.conv3 = nn.Conv2d(16, 32, 3)
        self.prelu3 = nn.PReLU(32)
        self.conv4_1 = nn.Conv2d(32, 2, 1)
        self.softmax4_1 = nn.Softmax(1)
        self.conv4_2 = nn.Conv2d(32, 4, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Shifts of the corners, shape (n, 4, h, w), and chances of none and a face, shape (n, 2, h, w)."""
        x = self.later_layers(self.first_layer(x))
        return self.conv4_2(x), self.softmax4_1(self.conv4_1(x))

    def first_layer(self, x: Tensor) -> Tensor:
        """Of a picture, shape (n, 10, h / 2, w / 2)."""
        return self.pool1(self.prelu1(self.conv1(x)))

    def later_layers(self, x: Tensor) -> Tensor:
        """What shifts and chances are made of, shape (n, 32, h, w)."""
        x = self.prelu2(self.conv2(x))
        return self.prelu3(self.conv3(x))


class RNet(nn.Module):
    """Says of crops of 24 x 24 pixels whether they are faces."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 28, 3)
        self.prelu1 = nn.PReLU(28)
        self.pool1 = _pool(3)
        self.conv2 = nn.Conv2d(28, 48, 3)
        self.prelu2 = nn.PReLU(48)
        self.pool2 = _pool(3)
        self.conv3 = nn.Conv2d(48, 64, 2)
        self.prelu3 = nn.PReLU(64)
        self.dense4 = nn.Linear(576, 128)
        self.prelu4 = nn.PReLU(128)
        self.dense5_1 = nn.Linear(128, 2)
        self.softmax5_1 = nn.Softmax(1)
        self.dense5_2 = nn.Linear(128, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Shifts of the corners, shape (n, 4), and chances of none and of a face, shape (n, 2)."""
        x = self.pool1(self.prelu1(self.conv1(x)))
        x = self.pool2(self.prelu2(self.conv2(x)))
        x = self.prelu3(self.conv3(x))
        x = self.prelu4(self.dense4(_flat(x).to(self.dense4.weight.dtype)))
        return self.dense5_2(x), self.softmax5_1(self.dense5_1(x))


class ONet(nn.Module):
    """Says of crops of 48 x 48 pixels whether they are faces, and where their landmarks are."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3)
        self.prelu1 = nn.PReLU(32)
        self.pool1 = _pool(3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.prelu2 = nn.PReLU(64)
        self.pool2 = _pool(3)
        self.conv3 = nn.Conv2d(64, 64, 3)
        self.prelu3 = nn.PReLU(64)
        self.pool3 = _pool(2)
        self.conv4 = nn.Conv2d(64, 128, 2)
        self.prelu4 = nn.PReLU(128)
        self.dense5 = nn.Linear(1152, 256)
        self.prelu5 = nn.PReLU(256)
        self.dense6_1 = nn.Linear(256, 2)
        self.softmax6_1 = nn.Softmax(1)
        self.dense6_2 = nn.Linear(256, 4)
        self.dense6_3 = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Shifts (n, 4), five x and five y of landmarks (n, 10), chances of none and of a face (n, 2)."""
        x = self.pool1(self.prelu1(self.conv1(x)))
        x = self.pool2(self.prelu2(self.conv2(x)))
        x = self.pool3(self.prelu3(self.conv3(x)))
        x = self.prelu4(self.conv4(x))
        x = self.prelu5(self.dense5(_flat(x).to(self.dense5.weight.dtype)))
        return self.dense6_2(x), self.dense6_3(x), self.softmax6_1(self.dense6_1(x))
