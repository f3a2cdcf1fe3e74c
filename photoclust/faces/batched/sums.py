"""Means over areas of several photos at once, from sums that are made once for each photo.

An entry of a summed-area table is the sum of all pixels above and left of it, so that the sum over any area
is made of four entries, however large the area is (Crow, Summed-Area Tables for Texture Mapping, SIGGRAPH
1984). Which area a cell of a grid covers is told in `photoclust.faces.areas`; means are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Pixels = npt.NDArray[np.uint8]


class SummedPhotos:
    """Summed-area tables of photos, of any sizes, one after another in the memory of a device.

    Entries are whole numbers of 32 bits that overflow and begin again, as do differences of them: the sum
    over an area is right as long as it fits itself, which is up to 8 million pixels.

    Parameters
    ----------
    photos
        uint8, each of shape (height, width, 3).
    device
        Where they go.

    Attributes
    ----------
    height, width
        int64, shape (n,), on the device.
    """

    def __init__(self, photos: Sequence[Pixels], device: torch.device) -> None:
        self.device = device
        shapes = np.array([photo.shape[:2] for photo in photos], np.int64).reshape(-1, 2)
        entries = (shapes + 1).prod(1)
        start = np.concatenate([[0], np.cumsum(entries)])
        self._sums = torch.empty((int(start[-1]), 3), dtype=torch.int32, device=device)
        for photo, first, last in zip(photos, start, start[1:], strict=False):
            self._sums[first:last] = _summed(sent(photo, device)).permute(1, 2, 0).reshape(-1, 3)
        self.height, self.width = (sent(shapes[:, side], device) for side in (0, 1))
        self._start = sent(start[:-1], device)

    def means(self, photo: Tensor, rows: tuple[Tensor, Tensor], columns: tuple[Tensor, Tensor]) -> Tensor:
        """Means over areas.

        Parameters
        ----------
        photo
            int64: which photo each area is in.
        rows, columns
            int64: where areas begin and end, half-open, not empty, in pixels of their photo. All are
            broadcast together.

        Returns
        -------
        Tensor
            float32, shape (..., 3), values 0 to 255.
        """
        line = self._start[photo], self.width[photo] + 1
        above, below = (line[0] + at * line[1] for at in rows)
        left, right = columns
        total = self._sums[below + right] - self._sums[above + right]
        total += self._sums[above + left] - self._sums[below + left]
        share = 1 / ((rows[1] - rows[0]) * (right - left)).float()
        return total.float() * share[..., None]

    def crops(self, photo: Tensor, corners: Tensor, side: int) -> Tensor:
        """Parts of the photos as squares.

        Parameters
        ----------
        photo
            int64, shape (n,).
        corners
            int64, shape (n, 4): x0, y0, x1, y1, half-open, inside the photo, not empty.
        side
            Rows and columns of a crop.

        Returns
        -------
        Tensor
            float32, shape (n, 3, side, side), values 0 to 255, channels last in memory.
        """
        low, size = corners[:, :2], corners[:, 2:] - corners[:, :2]
        cell = torch.arange(side, device=self.device)
        (left, right), (top, bottom) = (
            tuple(low[:, axis, None] + end for end in bounds(cell, side, size[:, axis, None]))
            for axis in (0, 1)
        )
        rows, columns = (top[:, :, None], bottom[:, :, None]), (left[:, None], right[:, None])
        return self.means(photo[:, None, None], rows, columns).permute(0, 3, 1, 2)


def bounds(cell: Tensor, cells: Tensor | int, size: Tensor) -> tuple[Tensor, Tensor]:
    """Where a cell of a row of `cells` laid over `size` pixels begins and ends."""
    return cell * size // cells, ((cell + 1) * size + cells - 1) // cells


def sent(array: npt.NDArray[np.generic], device: torch.device) -> Tensor:
    """An array on a device; to a GPU it goes from memory that is locked, while this process goes on."""
    kind = torch.from_numpy(np.empty(0, array.dtype)).dtype
    host = torch.empty(array.shape, dtype=kind, pin_memory=device.type == "cuda")
    np.copyto(host.numpy(), array)
    return host.to(device, non_blocking=True)


def _summed(pixels: Tensor) -> Tensor:
    """Table of one photo: from uint8 (h, w, 3) to int32 (3, h + 1, w + 1)."""
    height, width = pixels.shape[:2]
    table = torch.zeros((3, height + 1, width + 1), dtype=torch.int32, device=pixels.device)
    table[:, 1:, 1:] = pixels.permute(2, 0, 1)
    return table.cumsum_(2).cumsum_(1)
