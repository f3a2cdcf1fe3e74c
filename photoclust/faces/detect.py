"""Finds faces: the three networks of MTCNN, driven for one photo at a time.

The contract:

- It finds what facenet-pytorch's ``MTCNN(keep_all=True)`` finds, from ``min_face_size`` up: on 198 photos,
  378 of its 379 faces of 40 pixels and more at IoU 0.9, and none besides. Smaller ones may be found or not.
  Networks, weights, thresholds and the scales of the image pyramid are the same; the finest scales are left
  out, save near what the others find likely (``benchmarks/detect_vs_stock.py``).
- The result for a photo depends on that photo alone, never on its neighbours in a batch or on their order.
- Memory is bounded by the size of the photo, whatever is in it.

The cascade is that of Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", IEEE Signal Processing Letters 23(10), 2016: P-Net slides over the pyramid and
proposes squares, R-Net rejects most of them, O-Net decides and places five landmarks. After each stage
overlapping boxes are thinned out by non-maximum suppression (NMS).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from photoclust.config import DetectConfig
from photoclust.errors import WeightsError
from photoclust.faces.boxes import best_of_nested, corners_inside, moved, square, visible
from photoclust.faces.pyramid import Pyramid, scaled
from photoclust.faces.suppression import nms
from photoclust.models.networks import ONet, PNet, RNet
from photoclust.records import Detections

Pixels = npt.NDArray[np.uint8]

SHA256 = {
    "pnet": "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
    "rnet": "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86",
    "onet": "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d",
}

WINDOW = 12  # P-Net looks at 12 x 12 pixels ...
STRIDE = 2  # ... every 2 pixels
FIRST_CELL = 20  # the pyramid of facenet-pytorch starts with faces of 20 pixels
STRIP = 64  # rows of cells that go through P-Net at once
TILE = 32  # windows each way that P-Net looks at once where it looks closer
LIKELY = 0.8  # least P-Net score worth a closer look: 0.95 finds no fewer faces, 0.6 takes twice the tiles
CHUNK = 32  # candidates that go through a network at once: what suits the cache (512 takes 1.6 times as long)
MOST = 40_000  # proposals that go on, of one scale and in all: bounds the time a photo full of faces can take
MIN_SIDE = 2  # a face must show at least so many pixels each way


class Detector:
    """MTCNN with weights loaded, ready for any number of photos.

    Parameters
    ----------
    config
        Sizes and thresholds.
    device
        A torch device name.

    Raises
    ------
    WeightsError
        If the weights inside facenet-pytorch are missing or not the ones this was measured with.
    """

    def __init__(self, config: DetectConfig, device: str = "cpu") -> None:
        self.config = config
        self.device = torch.device(device)
        self._pnet = self._load("pnet", PNet)
        self._rnet = self._load("rnet", RNet)
        self._onet = self._load("onet", ONet)

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

    def _load(self, name: str, make: Callable[[], nn.Module]) -> nn.Module:
        net = make()
        net.load_state_dict(torch.load(io.BytesIO(_weights(name)), weights_only=True))
        return net.eval().to(self.device).to(memory_format=torch.channels_last)

    def _propose(self, photo: Pyramid) -> Tensor:
        """Squares that may hold a face: float32, shape (n, 4)."""
        threshold, steps = self.config.thresholds[0], self._scales(photo)
        found = [torch.zeros((0, 9))]
        for scale, copy in zip(steps, photo.copies(steps), strict=True):
            found.append(_thinned(_cells(*self._slide(copy), scale, threshold), 0.5))
        if steps:
            found.append(self._look_closer(photo, steps[0] / self.config.factor, torch.cat(found[:3])))
        cells = _thinned(torch.cat(found), 0.7)
        size = cells[:, 2:4] - cells[:, :2]
        return square(cells[:, :4] + cells[:, 5:] * size.repeat(1, 2))

    def _scales(self, photo: Pyramid) -> list[float]:
        return scales(photo.height, photo.width, self.config.min_face_size, self.config.factor)

    def _look_closer(self, photo: Pyramid, scale: float, cells: Tensor) -> Tensor:
        """P-Net's windows at a finer scale, near the likely ones among some cells.

        A face's box is often decided by the scale just finer than its own. Going over the whole photo at that
        scale would double the cost of all the others together; leaving it out moves 2 in 100 boxes below
        IoU 0.9.
        """
        rows, columns = scaled(photo.height, photo.width, scale)
        size = min(rows, TILE * STRIDE + WINDOW - STRIDE), min(columns, TILE * STRIDE + WINDOW - STRIDE)
        found = [torch.zeros((0, 9))]
        for chunk in _chunks(_tiles(cells[cells[:, 4] >= LIKELY, :4] * scale, rows, columns)):
            tiles = torch.stack([photo.part(scale, top, left, size) for top, left in chunk])
            shifts, scores = (answer.cpu() for answer in self._pnet(self._input(tiles)))
            for (top, left), shift, score in zip(chunk, shifts, scores[:, 1], strict=True):
                found.append(_cells(shift, score, scale, self.config.thresholds[0], (left, top)))
        return _thinned(torch.cat(found), 0.5)

    def _slide(self, copy: Tensor) -> tuple[Tensor, Tensor]:
        """P-Net's shifts (4, h, w) and scores (h, w), strip by strip to bound memory."""
        last = -(-(copy.shape[2] - 2) // STRIDE) - 4  # rows of cells, as P-Net's pooling rounds
        shifts, scores = [], []
        for start in range(0, last, STRIP):
            stop = start + STRIP if start + STRIP < last else last + 1  # the last strip takes what is left
            strip = copy[:, :, start * STRIDE : stop * STRIDE + WINDOW - STRIDE]
            shift, score = self._pnet(self._input(strip))
            shifts.append(shift[0].cpu())
            scores.append(score[0, 1].cpu())
        return torch.cat(shifts, 1), torch.cat(scores)

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
        size = boxes[:, 2:] - boxes[:, :2] + 1
        xy = points.reshape(-1, 2, 5).transpose(1, 2)
        landmarks = xy * size[:, None] + boxes[:, None, :2] - 1
        boxes = moved(boxes, shifts)
        arrays = boxes.numpy(), landmarks.numpy(), scores.numpy()
        keep = best_of_nested(arrays[0], arrays[2], 0.7)
        keep = keep[visible(arrays[0][keep], photo.height, photo.width, MIN_SIDE)]
        best, points_of_best, certainty = (np.ascontiguousarray(a[keep]) for a in arrays)
        return Detections(best, points_of_best, certainty)

    def _classify(
        self, net: nn.Module, photo: Pyramid, boxes: Tensor, side: int
    ) -> tuple[Tensor, list[Tensor]]:
        """The boxes with pixels inside the photo, and what a network says of each."""
        corners = corners_inside(boxes, photo.height, photo.width)
        inside = (corners[:, 2:] > corners[:, :2]).all(1)
        corners, boxes = corners[inside], boxes[torch.from_numpy(inside)]
        answers: list[tuple[Tensor, ...]] = []
        for chunk in _chunks(corners.tolist()):
            crops = torch.stack([photo.crop(corner, side) for corner in chunk])
            answers.append(tuple(answer.cpu() for answer in net(self._input(crops))))
        if not answers:  # learn the shapes from a blank
            blank = net(self._input(torch.zeros(1, 3, side, side)))
            return boxes, [answer[:0].cpu() for answer in blank]
        return boxes, [torch.cat(parts) for parts in zip(*answers, strict=True)]

    def _input(self, crops: Tensor) -> Tensor:
        """Pixel values 0 to 255 as the networks were trained on them."""
        crops = crops.to(self.device).contiguous(memory_format=torch.channels_last)
        return (crops - 127.5) * 0.0078125


def scales(height: int, width: int, min_face_size: int, factor: float) -> list[float]:
    """Scales at which P-Net looks at a photo.

    They lie on the grid of facenet-pytorch's ``MTCNN``, which starts at 12 / 20 and goes on by ``factor``
    until the shorter side falls below 12 pixels. The first is the coarsest that shows P-Net a face of
    ``min_face_size`` in full.

    Parameters
    ----------
    height, width
        Of the photo in pixels.
    min_face_size
        Smallest face looked for, in pixels of the photo.
    factor
        Ratio of neighbouring scales, in (0, 1).

    Returns
    -------
    list of float
        Largest first; empty where the photo is smaller than the smallest face.
    """
    scale = WINDOW / FIRST_CELL
    while scale * factor >= WINDOW / min_face_size:
        scale *= factor
    while scale < WINDOW / min_face_size:
        scale /= factor
    found: list[float] = []
    while min(height, width) * scale >= WINDOW:
        found.append(scale)
        scale *= factor
    return found


def _weights(name: str) -> bytes:
    """The bytes of a network's weights, checked."""
    package = find_spec("facenet_pytorch")  # found, never imported: that takes seconds
    if package is None or package.origin is None:
        raise WeightsError("facenet-pytorch, which holds the detector's weights, is not installed.")
    path = Path(package.origin).parent / "data" / f"{name}.pt"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): reinstall facenet-pytorch.") from error
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise WeightsError(
            f"{path} is not the file photoclust was tested with: reinstall facenet-pytorch==2.5.3."
        )
    return content


T = TypeVar("T")


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _tiles(boxes: Tensor, rows: int, columns: int) -> list[tuple[int, int]]:
    """Top and left of the tiles of P-Net windows that some boxes touch, all inside a copy of a photo."""
    step = TILE * STRIDE
    touched: set[tuple[int, int]] = set()
    for x0, y0, x1, y1 in boxes.clamp(min=0).div(step).long().tolist():
        touched.update(product(range(y0, y1 + 1), range(x0, x1 + 1)))
    limit = [max(0, length - step - WINDOW + STRIDE) // STRIDE * STRIDE for length in (rows, columns)]
    return sorted({(min(y * step, limit[0]), min(x * step, limit[1])) for y, x in touched})


def _cells(
    shifts: Tensor, scores: Tensor, scale: float, threshold: float, corner: tuple[int, int] = (0, 0)
) -> Tensor:
    """P-Net's windows above the threshold: x0, y0, x1, y1, score and four shifts; shape (n, 9)."""
    hit = scores >= threshold
    low = hit.nonzero().flip(1).float() * STRIDE + torch.tensor(corner)
    boxes = torch.cat([((low + 1) / scale).floor(), ((low + WINDOW) / scale).floor()], 1)
    return torch.cat([boxes, scores[hit][:, None], shifts[:, hit].T], 1)


def _thinned(cells: Tensor, limit: float) -> Tensor:
    """The best cells, none overlapping a better one by more than the limit."""
    if len(cells) > MOST:
        cells = cells[cells[:, 4].topk(MOST).indices]
    return cells[nms(cells[:, :4], cells[:, 4], limit)]
