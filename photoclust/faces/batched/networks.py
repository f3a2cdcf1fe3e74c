"""The three networks, in the precision of a GPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from photoclust.faces.batched.candidates import Candidates
from photoclust.faces.batched.sums import SummedPhotos
from photoclust.faces.first_layer import MIDDLE, STEP
from photoclust.faces.networks import loaded
from photoclust.models.networks import ONet, PNet, RNet

CROPS = 8192  # candidates that go through a network at once


class Networks:
    """P-Net, R-Net and O-Net.

    Parameters
    ----------
    device
        Where they run.
    precision
        Of convolutions. What decides on faces and where they are, the last layers, is float32.
    """

    def __init__(self, device: torch.device, precision: torch.dtype) -> None:
        self._precision = precision
        self._pnet, rnet, onet = loaded(PNet, device), loaded(RNet, device), loaded(ONet, device)
        self._chance, self._shift = _linear(self._pnet.conv4_1), _linear(self._pnet.conv4_2)
        for network in (self._pnet, rnet, onet):
            _round(network, precision)
        self._later = {24: rnet, 48: onet}

    def windows(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """What P-Net sees in the windows of a picture.

        Parameters
        ----------
        pixels
            float32, shape (1, 3, h, w), 0 to 255.

        Returns
        -------
        scores
            float32, shape (rows, columns): chances of a face.
        features
            float32, shape (rows, columns, 32): what `shifts` are made of.
        """
        features = self._pnet.later_layers(self._pnet.first_layer(self._input(pixels)))
        features = features[0].permute(1, 2, 0).float()
        weight, bias = (values[1] - values[0] for values in self._chance)
        return (features @ weight + bias).sigmoid(), features

    def shifts(self, features: Tensor) -> Tensor:
        """Shifts of the corners of windows: from (n, 32) to (n, 4)."""
        weight, bias = self._shift
        return features @ weight.T + bias

    def judge(self, side: int, photos: SummedPhotos, candidates: Candidates) -> tuple[Tensor, ...]:
        """What a later network says of candidates.

        Parameters
        ----------
        side
            24 for R-Net, 48 for O-Net.
        photos
            What the candidates are in.
        candidates
            Boxes; what is outside of a photo is left out.

        Returns
        -------
        scores
            float32, shape (n,): chances of a face; 0 of a box without pixels inside its photo.
        shifts, points
            float32, shape (n, 4), and of O-Net also (n, 10).
        """
        corners, inside = _corners_inside(photos, candidates)
        answers = [
            self._later[side](self._input(photos.crops(photo, some, side)))
            for photo, some in zip(candidates.photo.split(CROPS), corners.split(CROPS), strict=True)
        ]
        *others, chances = (torch.cat(parts) for parts in zip(*answers, strict=True))
        return chances[:, 1] * inside, *others

    def _input(self, pixels: Tensor) -> Tensor:
        """Pixel values 0 to 255 as the networks were trained on them."""
        return ((pixels - MIDDLE) * STEP).to(self._precision)


def _corners_inside(photos: SummedPhotos, candidates: Candidates) -> tuple[Tensor, Tensor]:
    """Whole pixels under each box, as half-open ranges x0, y0, x1, y1, and whether there are any.

    Where there are none, it is one pixel of the photo.
    """
    whole = candidates.boxes.long()
    limit = torch.stack([photos.width, photos.height], 1)[candidates.photo]
    low, high = whole[:, :2].clamp(min=1) - 1, torch.minimum(whole[:, 2:], limit)
    inside = (high > low).all(1)
    low = torch.minimum(low, limit - 1)
    return torch.cat([low, torch.maximum(high, low + 1)], 1), inside


def _linear(head: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Weights (out, in) and bias (out,) of a convolution of single pixels, float32."""
    assert head.bias is not None
    return head.weight.flatten(1), head.bias


def _round(network: nn.Module, precision: torch.dtype) -> None:
    """Round all up to the first layer that sees a whole crop."""
    for layer in network.children():
        if isinstance(layer, nn.Linear):
            return
        layer.to(precision)
