"""A photo at every size the detector asks for.

Each pixel of a smaller copy is the mean over the area it covers. Which area that is follows torch's adaptive
average pooling, with which facenet-pytorch's detector was measured: pixel i of n covers the source pixels
from floor(i N / n) up to ceil((i + 1) N / n) of N, so that neighbours may share one. The detector lives on
close calls between boxes, and any other filter decides some of them differently: taking the smaller copies
from halved ones moved 5 to 10 in 100 boxes below IoU 0.9 of facenet-pytorch's on our test album.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 (the name torch's own documentation uses)
from PIL import Image
from torch import Tensor

Pixels = npt.NDArray[np.uint8]

STRIP = 64  # rows of the photo summed at once; 32 and 128 are no faster on 12 megapixels
LARGE = 1 << 20  # pixels from which on reading a photo once for all copies is the quicker
FINE = 6  # a crop is taken from a halved photo where that has so many pixels for each of its own


class Pyramid:
    """Smaller copies of a photo and of its parts.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3), RGB.
    """

    def __init__(self, pixels: Pixels) -> None:
        self.height, self.width = pixels.shape[:2]
        self._halves = [np.ascontiguousarray(pixels)]

    def copies(self, scales: Sequence[float]) -> list[Tensor]:
        """The whole photo at several scales; float32, shape (1, 3, h, w), values 0 to 255.

        A large photo is read once, in strips. Running sums down a strip make the sum over any range of its
        rows one subtraction, however many rows there are.
        """
        if self.height * self.width < LARGE:
            photo = torch.from_numpy(self._halves[0].astype(np.float32)).permute(2, 0, 1)[None]
            return [F.adaptive_avg_pool2d(photo, scaled(self.height, self.width, scale)) for scale in scales]
        return self._copies_of_large(scales)

    def _copies_of_large(self, scales: Sequence[float]) -> list[Tensor]:
        copies = [Copy(self.height, self.width, scale) for scale in scales]
        rows = self._halves[0].reshape(self.height, -1)
        sums = np.zeros((min(STRIP, self.height) + 1, rows.shape[1]), np.float32)  # at most 64 * 255: exact
        for top in range(0, self.height, STRIP):
            strip = rows[top : top + STRIP]
            for above, row, below in zip(sums, strip, sums[1:], strict=False):
                np.add(above, row, out=below)
            for copy in copies:
                copy.add(torch.from_numpy(sums[: len(strip) + 1]), top)
        return [copy.finished() for copy in copies]

    def part(self, scale: float, top: int, left: int, size: tuple[int, int]) -> Tensor:
        """A part of one of these copies, of size (h, w); float32, shape (3, h, w)."""
        rows, columns = scaled(self.height, self.width, scale)
        down = Bins(self.height, rows, top, top + size[0])
        across = Bins(self.width, columns, left, left + size[1])
        source = self._halves[0][down.first : down.last, across.first : across.last].astype(np.float32)
        return across.mean_columns(down.mean_rows(torch.from_numpy(source).flatten(1))).permute(2, 0, 1)

    def crop(self, corners: Sequence[int], side: int) -> Tensor:
        """A part of the photo, x0, y0, x1, y1, as a square; float32, shape (3, side, side), 0 to 255."""
        x0, y0, x1, y1 = corners
        halvings = max(0, int(np.log2(min(x1 - x0, y1 - y0) / (FINE * side))))
        step = 2**halvings
        part = self._half(halvings)[y0 // step : -(-y1 // step), x0 // step : -(-x1 // step)]
        planes = part.transpose(2, 0, 1).astype(np.float32, order="C")
        return F.adaptive_avg_pool2d(torch.from_numpy(planes), side)

    def _half(self, halvings: int) -> Pixels:
        """The photo halved so many times."""
        while len(self._halves) <= halvings:
            self._halves.append(np.asarray(Image.fromarray(self._halves[-1]).reduce(2)))
        return self._halves[halvings]


class Copy:
    """One smaller copy of a photo, filled strip by strip."""

    def __init__(self, height: int, width: int, scale: float) -> None:
        rows, columns = scaled(height, width, scale)
        self._low, self._high = (edge.numpy() for edge in _edges(height, torch.arange(rows), rows))
        self._across = Bins(width, columns)
        self._pixels = torch.zeros(rows, columns, 3)

    def add(self, sums: Tensor, top: int) -> None:
        """Add what a strip of the photo has to give.

        Parameters
        ----------
        sums
            float32, shape (n + 1, width * 3): sums of the first 0 to n rows of the strip.
        top
            Where in the photo the strip begins.
        """
        bottom = top + len(sums) - 1
        first = int(np.searchsorted(self._high, top, "right"))
        last = int(np.searchsorted(self._low, bottom, "left"))
        low = torch.from_numpy(self._low[first:last].clip(top) - top)
        high = torch.from_numpy(self._high[first:last].clip(max=bottom) - top)
        self._pixels[first:last] += self._across.mean_columns(sums[high].sub_(sums[low]))

    def finished(self) -> Tensor:
        """The copy; float32, shape (1, 3, h, w)."""
        self._pixels /= torch.from_numpy(self._high - self._low)[:, None, None]
        return self._pixels.permute(2, 0, 1)[None]


class Bins:
    """Which of N source pixels each of n target pixels is the mean of, along one side of a photo.

    Parameters
    ----------
    source, target
        N and n.
    start, stop
        The target pixels wanted; all when left out.

    Attributes
    ----------
    first, last
        The range of source pixels they need.
    """

    def __init__(self, source: int, target: int, start: int = 0, stop: int | None = None) -> None:
        low, high = _edges(source, torch.arange(start, target if stop is None else stop), target)
        count = high - low
        self.first, self.last = int(low[0]), int(high[-1])
        self._offset = count.cumsum(0) - count
        self._index = torch.arange(int(count.sum())) + (low - self.first - self._offset).repeat_interleave(
            count
        )
        self._weight = (1 / count).repeat_interleave(count)

    def mean_rows(self, rows: Tensor) -> Tensor:
        """Shape (last - first, m) to (n, m)."""
        return F.embedding_bag(self._index, rows, self._offset, mode="sum", per_sample_weights=self._weight)

    def mean_columns(self, rows: Tensor) -> Tensor:
        """Rows of RGB pixels, shape (m, (last - first) * 3), to (m, n, 3)."""
        turned = rows.T.contiguous().view(-1, 3 * len(rows))  # one source column a row
        return self.mean_rows(turned).view(-1, 3, len(rows)).permute(2, 0, 1)


def scaled(height: int, width: int, scale: float) -> tuple[int, int]:
    """Height and width of a scaled photo, rounded as facenet-pytorch does."""
    return int(height * scale + 1), int(width * scale + 1)


def _edges(source: int, number: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """First and one past the last of the source pixels that target pixels are the mean of."""
    return number * source // target, -(-(number + 1) * source // target)
