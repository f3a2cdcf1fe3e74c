"""Finds faces: the three networks of MTCNN, driven for one photo at a time.

The contract:

- It finds what facenet-pytorch's ``MTCNN(keep_all=True)`` finds, from ``min_face_size`` up: on 198 photos,
  378 of its 379 faces of 40 pixels and more at IoU 0.9, and none besides. Smaller ones may be found or not.
  Networks, weights, thresholds and the scales of the image pyramid are the same; the finest scales are left
  out, save near what the others find likely, and in large photos the finer ones are looked at near what the
  coarser ones show (``benchmarks/detect_vs_stock.py``).
- The result for a photo depends on that photo alone, never on its neighbours in a batch or on their order.
- Memory is bounded by the size of the photo, whatever is in it.

The cascade is that of Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", IEEE Signal Processing Letters 23(10), 2016: P-Net slides over the pyramid and
proposes squares, R-Net rejects most of them, O-Net decides and places five landmarks. After each stage
overlapping boxes are thinned out by non-maximum suppression (NMS).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from photoclust.config import DetectConfig
from photoclust.faces.boxes import corners_inside, faces_of, landmarks_of, moved, square
from photoclust.faces.canvas import Canvas, canvases
from photoclust.faces.first_layer import MIDDLE, STEP, FirstLayer
from photoclust.faces.networks import loaded
from photoclust.faces.pyramid import Pyramid, scaled
from photoclust.faces.suppression import nms
from photoclust.faces.windows import STRIDE, TILE, WINDOW, cells_of, scales, thinned, tiles
from photoclust.models.networks import ONet, PNet, RNet
from photoclust.records import Detections

Pixels = npt.NDArray[np.uint8]

STRIP = 64  # rows of cells that go through P-Net at once
LIKELY = 0.8  # least P-Net score worth a closer look: 0.95 finds no fewer faces, 0.6 takes twice the tiles
SPARSE = 1 << 20  # pixels of a copy from which on it is looked at near what the two coarser ones show alone
"""A small face alone on a plain wall shows in no coarse copy. Of 40 in 48 megapixels 24 are lost with
1 << 18, 9 with 1 << 19, none with this, which takes 1 % less to 5 % more time than 1 << 18 in three photos
of 12 megapixels."""
MOST_SPARSE = 3  # such copies: with a fourth 13 of 40 faces in 96 megapixels are lost
SMALL = 1 << 16  # pixels of a copy below which going over all of it takes no longer than a closer look
CHUNK = 32  # candidates that go through a network at once: what suits the cache (512 takes 1.6 times as long)

T = TypeVar("T")


class Detector:
    """MTCNN with weights loaded, ready for any number of photos.

    Parameters
    ----------
    config
        Sizes and thresholds.

    Raises
    ------
    WeightsError
        If the weights inside facenet-pytorch are missing or not the ones this was measured with.
    """

    def __init__(self, config: DetectConfig) -> None:
        self.config = config
        self._pnet, self._rnet, self._onet = loaded(PNet), loaded(RNet), loaded(ONet)
        self._first_layer = FirstLayer(self._pnet)
        self.detect(np.zeros((64, 64, 3), np.uint8))  # loops are compiled before the time of a photo is taken

    def detect(self, pixels: Pixels) -> Detections:
        """Find the faces of one photo.

        Parameters
        ----------
        pixels
            uint8, shape (height, width, 3), RGB, upright.

        Returns
        -------
        Detections
            Best first. Boxes are not clipped to the photo, but each shows at least 2 x 2 pixels of it.
        """
        with torch.inference_mode():
            photo = Pyramid(pixels)
            return self._decide(photo, self._refine(photo, self._propose(photo)))

    def detect_all(self, photos: Sequence[Pixels]) -> list[Detections]:
        """Find the faces of photos, one after another."""
        return [self.detect(pixels) for pixels in photos]

    def look_at(self, pixels: Pixels, box: npt.NDArray[np.float32]) -> Detections:
        """The face in a box that was not proposed by the detector, if its last stage believes in one there.

        Parameters
        ----------
        pixels
            uint8, shape (height, width, 3), RGB, upright.
        box
            float32, shape (4,): x0, y0, x1, y1 in pixels, as somebody drew it.

        Returns
        -------
        Detections
            At most one. The box fits as that of a face which was found: O-Net looks twice, the second time at
            where it has moved the box.
        """
        with torch.inference_mode():
            photo, boxes = Pyramid(pixels), torch.from_numpy(box.astype(np.float32))[None]
            first, (shifts, _, _) = self._classify(self._onet, photo, square(boxes), 48)
            return self._decide(photo, square(moved(first, shifts)))

    def _scales(self, height: int, width: int) -> list[float]:
        """Scales of the copies of a photo; a small one has the scale of closer looks, too."""
        steps = scales(height, width, self.config.min_face_size, self.config.factor)
        finer = steps[0] / self.config.factor if steps else 1.0
        rows, columns = scaled(height, width, finer)
        return [finer, *steps] if steps and rows * columns < SMALL else steps

    def _propose(self, photo: Pyramid) -> Tensor:
        """Squares that may hold a face: float32, shape (n, 4)."""
        steps = self._scales(photo.height, photo.width)
        finest = steps[: min(MOST_SPARSE, len(steps) - 2)]
        large = sum(prod(scaled(photo.height, photo.width, scale)) >= SPARSE for scale in finest)
        cells, of_copy = self._look_everywhere(photo, steps[large:])
        of_copy = of_copy + large
        for copy in reversed(range(large)):
            found = self._look_closer(photo, steps[copy], cells[of_copy <= copy + 2, :4])
            cells = torch.cat([found, cells])
            of_copy = torch.cat([torch.full((len(found),), float(copy)), of_copy])
        if steps and steps[0] * self.config.min_face_size < WINDOW / self.config.factor:
            likely = cells[(of_copy < 2) & (cells[:, 4] >= LIKELY), :4]
            cells = torch.cat([cells, self._look_closer(photo, steps[0] / self.config.factor, likely)])
        cells, _ = thinned(cells, 0.7)
        size = cells[:, 2:4] - cells[:, :2]
        return square(cells[:, :4] + cells[:, 5:] * size.repeat(1, 2))

    def _look_everywhere(self, photo: Pyramid, steps: list[float]) -> tuple[Tensor, Tensor]:
        """P-Net's windows on copies of the whole photo, thinned copy by copy, and the number of the copy."""
        found = [self._look(canvas, steps) for canvas in canvases(photo.copies(steps) if steps else [])]
        none = torch.zeros(0, 9), torch.zeros(0)
        cells, of_copy = (torch.cat(parts) for parts in zip(none, *found, strict=True))
        return thinned(cells, 0.5, of_copy)

    def _look_closer(self, photo: Pyramid, scale: float, likely: Tensor) -> Tensor:
        """P-Net's windows at a finer scale, near some likely ones.

        A face's box is often decided by the scale just finer than its own. Going over the whole photo at that
        scale would double the cost of all the others together; leaving it out moves 2 in 100 boxes below
        IoU 0.9. In large photos each scale costs as much as all coarser ones, too, and the two next to it
        show something wherever it shows a face.
        """
        rows, columns = scaled(photo.height, photo.width, scale)
        size = min(rows, TILE * STRIDE + WINDOW - STRIDE), min(columns, TILE * STRIDE + WINDOW - STRIDE)
        found = [torch.zeros((0, 9))]
        for chunk in _chunks(tiles(likely * scale, rows, columns)):
            number, row, column, score, shift = self._hits(photo.parts(scale, chunk, size))
            corner = torch.tensor(chunk)[number]
            top, left = row * STRIDE + corner[:, 0], column * STRIDE + corner[:, 1]
            found.append(cells_of(top, left, scale, score, shift))
        return thinned(torch.cat(found), 0.5)[0]

    def _look(self, canvas: Canvas, steps: list[float]) -> tuple[Tensor, Tensor]:
        """P-Net's windows on a canvas, shape (n, 9), and the number of the copy of each.

        They are looked at strip by strip to bound memory.
        """
        height = canvas.pixels.shape[2]
        last = (height - WINDOW) // STRIDE + 1  # rows of windows
        parts = []
        for start in range(0, last, STRIP):
            stop = min(start + STRIP, last)
            strip = canvas.pixels[:, :, start * STRIDE : stop * STRIDE + WINDOW - STRIDE]
            _, row, *others = self._hits(strip)
            parts.append((row + start, *others))
        row, column, score, shift = (torch.cat(some) for some in zip(*parts, strict=True))
        top, left = row * STRIDE, column * STRIDE
        low, high = canvas.places[:, :2], canvas.places[:, 2:]
        window = torch.stack([top, left], 1)[:, None]
        inside = ((window >= low) & (window + WINDOW <= high)).all(2)
        whole = inside.any(1)
        place = inside[whole].int().argmax(1)
        number = canvas.numbers[place]
        top, left = (window[whole, 0] - low[place]).unbind(1)
        scale = torch.tensor(steps)[number]
        return cells_of(top, left, scale, score[whole], shift[whole]), number

    def _hits(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Windows that may hold a face: which picture, row, column, score; and shifts, shape (n, 4).

        The chance of a face is a softmax of two numbers, hence the difference; shifts are wanted of few.
        """
        features = self._pnet.later_layers(self._first_layer(pixels)).permute(0, 2, 3, 1)
        chances, shifts = (_linear(head) for head in (self._pnet.conv4_1, self._pnet.conv4_2))
        weight, bias = (values[1] - values[0] for values in chances)
        score = (features @ weight + bias).sigmoid_()
        hit = score >= self.config.thresholds[0]
        shift = features[hit] @ shifts[0].T + shifts[1]
        return *hit.nonzero().cpu().unbind(1), score[hit].cpu(), shift.cpu()

    def _refine(self, photo: Pyramid, boxes: Tensor) -> Tensor:
        """The squares that R-Net believes in, moved to where it says."""
        boxes, (shifts, scores) = self._classify(self._rnet, photo, boxes, 24)
        passed = scores[:, 1] > self.config.thresholds[1]
        boxes, shifts, scores = boxes[passed], shifts[passed], scores[passed, 1]
        best = nms(boxes, scores, 0.7)
        return square(moved(boxes[best], shifts[best]))

    def _decide(self, photo: Pyramid, boxes: Tensor) -> Detections:
        """The faces that O-Net believes in, with their landmarks."""
        boxes, (shifts, points, scores) = self._classify(self._onet, photo, boxes, 48)
        passed = scores[:, 1] > self.config.thresholds[2]
        boxes, shifts, points, scores = boxes[passed], shifts[passed], points[passed], scores[passed, 1]
        places = landmarks_of(points, boxes).numpy()
        return faces_of(moved(boxes, shifts).numpy(), places, scores.numpy(), (photo.height, photo.width))

    def _classify(
        self, net: nn.Module, photo: Pyramid, boxes: Tensor, side: int
    ) -> tuple[Tensor, list[Tensor]]:
        """The boxes with pixels inside the photo, and what a network says of each."""
        corners = corners_inside(boxes, photo.height, photo.width)
        inside = (corners[:, 2:] > corners[:, :2]).all(1)
        corners, boxes = corners[inside], boxes[torch.from_numpy(inside)]
        answers: list[tuple[Tensor, ...]] = []
        for chunk in _chunks(corners.tolist()):
            answers.append(net(self._input(photo.crops(chunk, side))))
        if not answers:  # learn the shapes from a blank
            blank = net(self._input(torch.zeros(1, 3, side, side)))
            return boxes, [answer[:0] for answer in blank]
        return boxes, [torch.cat(parts) for parts in zip(*answers, strict=True)]

    def _input(self, crops: Tensor) -> Tensor:
        """Pixel values 0 to 255 as the networks were trained on them."""
        pixels = crops.to(torch.float32, memory_format=torch.channels_last)
        return (pixels - MIDDLE).mul_(STEP)


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _linear(head: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Weights (out, in) and bias (out,) of a convolution of single pixels."""
    assert head.bias is not None
    return head.weight.flatten(1), head.bias
