"""Copies of many photos laid on common sheets, so that a network goes over all of them in a few passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from photoclust.faces.batched.sums import SummedPhotos, bounds, sent
from photoclust.faces.pyramid import scaled
from photoclust.faces.windows import STRIDE, WINDOW

Whole = npt.NDArray[np.int64]

MOST = 1 << 22  # pixels of a sheet, unless one copy has more: bounds the memory of P-Net's first layer


@dataclass(frozen=True)
class Copies:
    """Smaller copies of photos that are wanted.

    Attributes
    ----------
    photo, level
        int64, shape (n,): of which photo, and its how manieth scale, from 0 for the finest.
    scale
        float32, shape (n,).
    sizes
        int64, shape (n, 2): rows and columns.
    """

    photo: Whole
    level: Whole
    scale: npt.NDArray[np.float32]
    sizes: Whole


@dataclass(frozen=True)
class Sheet:
    """Some of the copies, and the places of their first pixels.

    Attributes
    ----------
    copies
        int64, shape (n,): which.
    corners
        int64, shape (n, 2): top and left of each, even.
    size
        Rows and columns of the sheet.
    """

    copies: Whole
    corners: Whole
    size: tuple[int, int]

    def drawn(self, copies: Copies, photos: SummedPhotos) -> tuple[Tensor, Tensor]:
        """Draw the sheet.

        Returns
        -------
        pixels
            float32, shape (1, 3, height, width), 0 to 255, channels last in memory.
        owner
            int64, shape (rows, columns) of P-Net's windows: which of the sheet's copies a window lies in, -1
            where in none of them altogether.
        """
        sizes = copies.sizes[self.copies]
        even = sizes + sizes % 2  # the last row or column is there twice where its number is odd
        pixels = int(even.prod(1).sum())
        of, row, column = _places(even, pixels, photos.device)
        columns = np.concatenate([sizes, even, self.corners, copies.photo[self.copies, None]], 1)
        facts = sent(columns, photos.device)[of]
        rows, across, high, wide, top, left, photo = facts.unbind(1)
        means = photos.means(
            photo,
            bounds(torch.minimum(row, rows - 1), rows, photos.height[photo]),
            bounds(torch.minimum(column, across - 1), across, photos.width[photo]),
        )
        place = (top + row) * self.size[1] + left + column
        sheet = means.new_zeros((self.size[0] * self.size[1], 3))
        sheet[place] = means
        fits = (row + WINDOW <= high) & (column + WINDOW <= wide)
        owner = of.new_full((self.size[0] * self.size[1],), -1)
        owner[place] = torch.where(fits, of, -1)
        windows = owner.view(self.size)[: 1 - WINDOW : STRIDE, : 1 - WINDOW : STRIDE]
        return sheet.view(1, *self.size, 3).permute(0, 3, 1, 2), windows


def copies_of(steps: Sequence[Sequence[float]], shapes: Sequence[tuple[int, int]]) -> Copies:
    """The copies of photos at the scales of each.

    Parameters
    ----------
    steps
        Scales of each photo, the finest first.
    shapes
        Height and width of each photo.
    """
    rows = [
        (number, level, *scaled(*shape, scale))
        for number, (scales, shape) in enumerate(zip(steps, shapes, strict=True))
        for level, scale in enumerate(scales)
    ]
    table = np.array(rows, np.int64).reshape(-1, 4)
    scale = np.array([scale for scales in steps for scale in scales], np.float32)
    return Copies(table[:, 0], table[:, 1], scale, table[:, 2:])


def sheets(sizes: Whole) -> Iterator[Sheet]:
    """Lay copies on sheets, the tallest first, side by side in rows.

    Parameters
    ----------
    sizes
        int64, shape (n, 2): rows and columns of each copy.
    """
    even = sizes + sizes % 2
    order = np.lexsort((-even[:, 1], -even[:, 0]))
    laid: list[int] = []
    pixels = 0
    for copy in order:
        area = int(even[copy].prod())
        if laid and pixels + area > MOST:
            yield _sheet(laid, even)
            laid, pixels = [], 0
        laid.append(int(copy))
        pixels += area
    if laid:
        yield _sheet(laid, even)


def _sheet(laid: Sequence[int], even: Whole) -> Sheet:
    """Copies in rows of about the width that makes the sheet a square."""
    sizes = even[list(laid)]
    width = max(int(sizes[:, 1].max()), int(np.sqrt(sizes.prod(1).sum())) // 2 * 2)
    corners = np.empty_like(sizes)
    top = left = height = 0
    for corner, (rows, columns) in zip(corners, sizes, strict=True):
        if left + columns > width:
            top, left, height = top + height, 0, 0
        corner[:] = top, left
        left, height = left + columns, max(height, rows)
    return Sheet(np.array(laid, np.int64), corners, (int(top + height), width))


def _places(sizes: Whole, pixels: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Of each pixel of pictures of these sizes, one after another: which picture, row and column."""
    counts = sizes.prod(1)
    start = sent(np.cumsum(counts) - counts, device)
    pictures = torch.arange(len(sizes), device=device)
    of = torch.repeat_interleave(pictures, sent(counts, device), output_size=pixels)
    place = torch.arange(pixels, device=device) - start[of]
    across = sent(sizes[:, 1], device)[of]
    return of, place // across, place % across
