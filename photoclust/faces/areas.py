"""Means over the areas of a grid, compiled: what smaller copies of photos and crops are made of.

Which area a cell is the mean of follows torch's adaptive average pooling: cell i of n covers the source
pixels from floor(i N / n) up to ceil((i + 1) N / n) of N, so that neighbours may share one. Sums are whole
numbers, so that the order of adding does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.compiled import compiled

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

ROWS_OF_16_BITS = 257  # rows of pixels whose sum 16 bits hold


def area_means(
    pixels: Pixels,
    box: tuple[int, int, int, int],
    grid: tuple[int, int],
    out: Floats,
    start: tuple[int, int] = (0, 0),
) -> Floats:
    """Means over the cells of a grid laid on a part of a photo.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3).
    box
        The part: x0, y0, x1, y1, half-open, inside the photo, not empty.
    grid
        Rows and columns of cells; they may be smaller than a pixel.
    out
        float32, shape (h, w, 3): filled with the means, 0 to 255, of the cells from `start` on.
    start
        Row and column of the first cell wanted.

    Returns
    -------
    ndarray
        `out`.
    """
    x0, y0, x1, y1 = box
    tallest = (y1 - y0) // grid[0] + 2
    sums = np.empty(3 * (x1 - x0), np.uint16 if tallest <= ROWS_OF_16_BITS else np.uint32)
    _fill(pixels.reshape(len(pixels), -1), x0, y0, x1 - x0, y1 - y0, *grid, *start, sums, out)
    return out


def halved(pixels: Pixels) -> Pixels:
    """A photo of half the size: rounded means of 2 x 2 pixels, at odd edges of the one or two there are.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3).

    Returns
    -------
    ndarray
        uint8, shape (ceil(height / 2), ceil(width / 2), 3).
    """
    height, width = pixels.shape[:2]
    out = np.empty((-(-height // 2), -(-width // 2), 3), np.uint8)
    _halve(pixels.reshape(height, -1), out.reshape(len(out), -1))
    return out


@compiled
def _halve(pixels: Any, out: Any) -> None:
    last, end = pixels.shape[0] - 1, pixels.shape[1]
    sums = np.zeros(2 * out.shape[1], np.uint16)
    for i in range(out.shape[0]):
        upper, lower, line = pixels[2 * i], pixels[min(2 * i + 1, last)], out[i]
        for x in range(end):
            sums[x] = np.uint16(upper[x]) + np.uint16(lower[x])
        if end < len(sums):
            sums[end:] = sums[end - 3 : end]
        for j in range(len(line) // 3):
            for channel in range(3):
                line[3 * j + channel] = (sums[6 * j + channel] + sums[6 * j + channel + 3] + 2) >> 2


@compiled
def _fill(
    pixels: Any, x0: int, y0: int, width: int, height: int, rows: int, columns: int, top: int, left: int,
    sums: Any, out: Any,
) -> None:  # fmt: skip
    """Sum the rows of pixels that make a row of cells, then the columns of each cell.

    The columns that are needed lie from `first` to `last`.
    """
    first = left * width // columns
    last = -(-(left + out.shape[1]) * width // columns)
    sums = sums[: 3 * (last - first)]
    start = 3 * (x0 + first)
    for i in range(out.shape[0]):
        low, high = (top + i) * height // rows, -(-(top + i + 1) * height // rows)
        sums[:] = 0
        fours = y0 + high - (high - low) % 4
        for y in range(y0 + low, fours, 4):  # the sums are read and written once for four rows
            a, b = pixels[y, start : start + len(sums)], pixels[y + 1, start : start + len(sums)]
            c, d = pixels[y + 2, start : start + len(sums)], pixels[y + 3, start : start + len(sums)]
            for x in range(len(sums)):
                sums[x] += np.uint16(a[x]) + np.uint16(b[x]) + np.uint16(c[x]) + np.uint16(d[x])
        for y in range(fours, y0 + high):
            line = pixels[y, start : start + len(sums)]
            for x in range(len(sums)):
                sums[x] += line[x]
        for j in range(out.shape[1]):
            begin, end = (left + j) * width // columns, -(-(left + j + 1) * width // columns)
            part = sums[3 * (begin - first) : 3 * (end - first)]
            red = green = blue = np.int64(0)
            for x in range(0, len(part), 3):
                red += np.int64(part[x])
                green += np.int64(part[x + 1])
                blue += np.int64(part[x + 2])
            share = np.float32(1) / np.float32((high - low) * (end - begin))
            out[i, j, 0] = np.float32(red) * share
            out[i, j, 1] = np.float32(green) * share
            out[i, j, 2] = np.float32(blue) * share
