"""Small copies of a photo side by side on one canvas: one pass of a network instead of one for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ALONE = 1 << 16  # pixels from which on a copy has a canvas for itself, so that none of it stays empty


@dataclass(frozen=True)
class Canvas:
    """Copies of a photo, and where they are.

    Attributes
    ----------
    pixels
        float32, shape (1, 3, height, width).
    places
        int64, shape (n, 4): top, left, bottom and right of each copy, all even: the last row or column of one
        is there twice where its number is odd.
    numbers
        int64, shape (n,): which of the copies it is.
    """

    pixels: Tensor
    places: Tensor
    numbers: Tensor


def canvases(copies: Sequence[Tensor]) -> list[Canvas]:
    """Lay copies, largest first, float32, shape (1, 3, h, w), on as few canvases as makes sense."""
    large = sum(copy.shape[2] * copy.shape[3] >= ALONE for copy in copies)
    alone = [_laid(copies[n : n + 1], n) for n in range(large)]
    return [*alone, *([_laid(copies[large:], large)] if large < len(copies) else [])]


def _laid(copies: Sequence[Tensor], first: int) -> Canvas:
    """Copies in columns, each in the first that has room below those it holds."""
    height, width = _even(copies[0].shape[2]), 0
    columns: list[list[int]] = []  # left and the first row that is free
    places: list[tuple[int, int, int, int]] = []
    for copy in copies:
        rows, across = map(_even, copy.shape[2:])
        column = next((c for c in columns if c[1] + rows <= height), None)
        if column is None:
            column = [width, 0]
            columns.append(column)
            width += across
        places.append((column[1], column[0], column[1] + rows, column[0] + across))
        column[1] += rows
    pixels = torch.zeros((1, height, width, 3)).permute(0, 3, 1, 2)
    for copy, (top, left, bottom, right) in zip(copies, places, strict=True):
        rows, across = copy.shape[2:]
        place = pixels[:, :, top:bottom, left:right]
        place[:, :, :rows, :across] = copy
        place[:, :, rows:] = place[:, :, rows - 1 : rows]
        place[..., across:] = place[..., across - 1 : across]
    return Canvas(pixels, torch.tensor(places), torch.arange(first, first + len(copies)))


def _even(length: int) -> int:
    return length + length % 2
