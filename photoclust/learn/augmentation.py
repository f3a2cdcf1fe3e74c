"""Crops varied from batch to batch as photos vary: mirrored, in other light, blurred, small, covered.

Only training crops are varied. Two variants of one photo never count as a pair of one person (see
`photoclust.learn.losses`), which a network would solve by the photo and not by the face.
"""

from __future__ import annotations

import simplejpeg
import torch
from torch import Tensor
from torch.nn import functional


def varied(crops: Tensor) -> Tensor:
    """Vary each crop by chance, of PyTorch's generator: uint8, shape (n, 3, side, side), and again that."""
    from torchvision.transforms import v2

    way = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomApply([v2.RandomAffine((-5.0, 5.0), (0.04, 0.04), (0.94, 1.06))], 0.5),
            v2.RandomApply([v2.ColorJitter(0.3, 0.3, 0.2)], 0.8),
            v2.RandomGrayscale(0.1),
            v2.RandomApply([v2.GaussianBlur(5, (0.1, 1.5))], 0.2),
            v2.RandomApply([_Small(crops.shape[-1])], 0.2),
            v2.RandomApply([_Compressed()], 0.3),
            v2.RandomErasing(0.2, (0.02, 0.12)),
        ]
    )
    return torch.stack([way(crop) for crop in crops])


class _Compressed(torch.nn.Module):
    """Stores a crop as a JPEG of a quality from 20 to 80, and reads it."""

    def forward(self, crop: Tensor) -> Tensor:
        pixels = crop.permute(1, 2, 0).contiguous().numpy()
        jpeg = simplejpeg.encode_jpeg(pixels, quality=int(torch.randint(20, 81, ())))
        return torch.from_numpy(simplejpeg.decode_jpeg(jpeg)).permute(2, 0, 1)


class _Small(torch.nn.Module):
    """Makes a crop smaller, to a quarter of its side and more, and large again."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, crop: Tensor) -> Tensor:
        side = int(torch.randint(self.side // 4, self.side, ()))
        small = functional.interpolate(crop[None].float(), side, mode="bilinear", antialias=True)
        large = functional.interpolate(small, self.side, mode="bilinear")
        return large[0].round().clamp(0, 255).to(torch.uint8)
