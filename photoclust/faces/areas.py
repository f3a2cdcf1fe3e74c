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

ENOUGH = 3  # pixels each way for each one of a square that is made of them, as Pillow's `reducing_gap`
ROWS_OF_16_BITS = 257  # rows of pixels whose sum 16 bits hold


def area_means(
    pixels: Pixels,
    box: tuple[int, int, int, int],
    grid: tuple[int, int],
    out: Floats,
    start: tuple[int, int] = (0, 0),
    step: int = 1,
) -> Floats:
    """Means over the cells of a grid laid on a part of a photo.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3): the photo, or what is left of it after some times `halved`.
    box
        The part: x0, y0, x1, y1, half-open, in pixels of the photo, inside of it, not empty.
    grid
        Rows and columns of cells; they may be smaller than a pixel of the photo.
    out
        float32, shape (h, w, 3): filled with the means, 0 to 255, of the cells from `start` on.
    start
        Row and column of the first cell wanted.
    step
        Pixels of the photo that one of `pixels` stands for, each way; a cell covers two of these or more. At
        the edges of a cell one counts by the part that is covered.

    Returns
    -------
    ndarray
        `out`.
    """
    x0, y0, x1, y1 = box
    tallest = (y1 - y0) // grid[0] + 2
    sums = np.empty(3 * ((x1 - x0) // step + 2), np.uint16 if tallest <= ROWS_OF_16_BITS else np.uint32)
    _fill(pixels.reshape(len(pixels), -1), box, (*grid, *start), step, sums, out)
    return out


def halved(pixels: Pixels, box: tuple[int, int, int, int] | None = None) -> Pixels:
    """A photo, or a part of it, of half the size.

    Its pixels are rounded means of 2 x 2 pixels, at odd edges of the one or two there are.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3).
    box
        The part: x0, y0, x1, y1, half-open, inside the photo, not empty; all of it by default.

    Returns
    -------
    ndarray
        uint8, shape (ceil(h / 2), ceil(w / 2), 3).
    """
    x0, y0, x1, y1 = box or (0, 0, pixels.shape[1], pixels.shape[0])
    out = np.empty((-(-(y1 - y0) // 2), -(-(x1 - x0) // 2), 3), np.uint8)
    _halve(pixels.reshape(len(pixels), -1), 3 * x0, y0, 3 * x1, y1, out.reshape(len(out), -1))
    return out


def enough(pixels: Pixels, box: tuple[int, int, int, int], size: int) -> Pixels:
    """A part of a photo, halved as long as enough pixels are left to make a square of it.

    Where a part is far larger than the square, a filter that reads each of its pixels takes more time than
    finding the face, and no more can be seen.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3).
    box
        The part: x0, y0, x1, y1, half-open, inside the photo, not empty.
    size
        Side of the square in pixels.

    Returns
    -------
    ndarray
        uint8, shape (h, w, 3), contiguous; `ENOUGH` x `size` or more a side, if the part has as many.
    """
    x0, y0, x1, y1 = box
    halvings = max(0, int(np.log2(max(1, min(x1 - x0, y1 - y0)) / (ENOUGH * size))))
    part = halved(pixels, box) if halvings else np.ascontiguousarray(pixels[y0:y1, x0:x1])
    for _ in range(1, halvings):
        part = halved(part)
    return part


@compiled
def _halve(pixels: Any, x0: int, y0: int, x1: int, y1: int, out: Any) -> None:
    end = x1 - x0
    sums = np.zeros(2 * out.shape[1], np.uint16)
    for i in range(out.shape[0]):
        upper, lower = pixels[y0 + 2 * i, x0:x1], pixels[min(y0 + 2 * i + 1, y1 - 1), x0:x1]
        line = out[i]
        for x in range(end):
            sums[x] = np.uint16(upper[x]) + np.uint16(lower[x])
        if end < len(sums):
            sums[end:] = sums[end - 3 : end]
        for j in range(len(line) // 3):
            for channel in range(3):
                line[3 * j + channel] = (sums[6 * j + channel] + sums[6 * j + channel + 3] + 2) >> 2


@compiled
def _fill(
    pixels: Any,
    box: tuple[int, int, int, int],
    cells: tuple[int, int, int, int],
    step: int,
    sums: Any,
    out: Any,
) -> None:
    """Sum the rows of pixels that make a row of cells, then the columns of each cell.

    `cells` are the rows and columns of the grid, and the row and column of the first cell wanted.
    """
    down = _cells(box[1], box[3], cells[0], cells[2], out.shape[0])
    across = _cells(box[0], box[2], cells[1], cells[3], out.shape[1])
    first, last = across[0, 0] // step, -(-across[-1, 1] // step)
    sums = sums[: 3 * (last - first)]
    before = np.zeros(len(sums) + 3, np.int64)
    for i in range(len(down)):
        _sum_rows(pixels, 3 * first, down[i, 0], down[i, 1], step, sums)
        red = green = blue = np.int64(0)
        for x in range(0, len(sums), 3):
            red += np.int64(sums[x])
            green += np.int64(sums[x + 1])
            blue += np.int64(sums[x + 2])
            before[x + 3], before[x + 4], before[x + 5] = red, green, blue
        for j in range(len(across)):
            begin, end = across[j, 0] - first * step, across[j, 1] - first * step
            share = np.float32(1) / np.float32((down[i, 1] - down[i, 0]) * (end - begin))
            for channel in range(3):
                total = _until(before, sums, end, channel, step) - _until(before, sums, begin, channel, step)
                out[i, j, channel] = np.float32(total) * share


@compiled
def _cells(start: int, end: int, cells: int, first: int, number: int) -> Any:
    """Where some cells of a grid between two pixels begin and end: int64, shape (n, 2)."""
    bounds, length = np.empty((number, 2), np.int64), end - start
    for i in range(number):
        bounds[i, 0] = start + (first + i) * length // cells
        bounds[i, 1] = start - (-(first + i + 1) * length // cells)
    return bounds


@compiled
def _until(before: Any, sums: Any, column: int, channel: int, step: int) -> int:
    """Sum of the columns of a photo before one, of which `step` are one of `sums`."""
    if step == 1:
        return before[3 * column + channel]
    whole, rest = column // step, column % step
    total = before[3 * whole + channel] * step
    return total + rest * np.int64(sums[3 * whole + channel]) if rest else total


@compiled
def _sum_rows(pixels: Any, start: int, low: int, high: int, step: int, sums: Any) -> None:
    """Sums of the rows from `low` to `high` of a photo, of which `step` are one of `pixels`."""
    stop = start + len(sums)
    whole, after = -(-low // step), high // step
    sums[:] = 0
    fours = after - (after - whole) % 4
    for y in range(whole, fours, 4):  # the sums are read and written once for four rows
        a, b = pixels[y, start:stop], pixels[y + 1, start:stop]
        c, d = pixels[y + 2, start:stop], pixels[y + 3, start:stop]
        for x in range(len(sums)):
            sums[x] += np.uint16(a[x]) + np.uint16(b[x]) + np.uint16(c[x]) + np.uint16(d[x])
    for y in range(fours, after):
        line = pixels[y, start:stop]
        for x in range(len(sums)):
            sums[x] += line[x]
    if step == 1:
        return
    for x in range(len(sums)):
        sums[x] *= step
    for y, share in ((whole - 1, whole * step - low), (after, high - after * step)):
        if share:
            line = pixels[y, start:stop]
            for x in range(len(sums)):
                sums[x] += share * line[x]
