"""Finds faces: the three networks of MTCNN, driven for one photo at a time.

The contract:

- It finds what facenet-pytorch's ``MTCNN(keep_all=True)`` finds. Networks, weights, thresholds and the scales
  of the image pyramid are the same; the scales that only serve faces under ``min_face_size`` are left out.
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
from importlib import resources

import numpy as np
import numpy.typing as npt
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import Tensor, nn
from torchvision.ops import nms

from photoclust.config import DetectConfig
from photoclust.errors import WeightsError
from photoclust.faces.pyramid import Pyramid
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

    def detect_batch(self, photos: Sequence[Pixels]) -> list[Detections]:
        """Find the faces of each photo; equals `detect` on each."""
        return [self.detect(pixels) for pixels in photos]

    def _load(self, name: str, make: Callable[..., nn.Module]) -> nn.Module:
        net = make(pretrained=False)
        net.load_state_dict(torch.load(io.BytesIO(_weights(name)), weights_only=True))
        return net.eval().to(self.device).to(memory_format=torch.channels_last)

    def _propose(self, photo: Pyramid) -> Tensor:
        """Squares that may hold a face: float32, shape (n, 4)."""
        steps = scales(photo.height, photo.width, self.config.min_face_size, self.config.factor)
        found = [torch.zeros((0, 9))]
        for scale, copy in zip(steps, photo.copies(steps), strict=True):
            found.append(_cells(*self._slide(copy), scale, self.config.thresholds[0]))
        cells = _thinned(torch.cat(found), 0.7)
        size = cells[:, 2:4] - cells[:, :2]
        return _square(cells[:, :4] + cells[:, 5:] * size.repeat(1, 2))

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
        return _square(_moved(boxes[best], shifts[best]))

    def _decide(self, photo: Pyramid, boxes: Tensor) -> Detections:
        """The faces that O-Net believes in, with their landmarks."""
        boxes, (shifts, points, scores) = self._classify(self._onet, photo, boxes, 48)
        passed = scores[:, 1] > self.config.thresholds[2]
        boxes, shifts, points, scores = boxes[passed], shifts[passed], points[passed], scores[passed, 1]
        size = boxes[:, 2:] - boxes[:, :2] + 1
        xy = points.reshape(-1, 2, 5).transpose(1, 2)
        landmarks = xy * size[:, None] + boxes[:, None, :2] - 1
        boxes = _moved(boxes, shifts)
        arrays = boxes.numpy(), landmarks.numpy(), scores.numpy()
        keep = _best_of_nested(arrays[0], arrays[2], 0.7)
        keep = keep[_visible(arrays[0][keep], photo.height, photo.width)]
        return Detections(*(np.ascontiguousarray(a[keep]) for a in arrays))

    def _classify(
        self, net: nn.Module, photo: Pyramid, boxes: Tensor, side: int
    ) -> tuple[Tensor, list[Tensor]]:
        """The boxes with pixels inside the photo, and what a network says of each."""
        corners = _corners(boxes, photo.height, photo.width)
        inside = (corners[:, 2:] > corners[:, :2]).all(1)
        corners, boxes = corners[inside], boxes[torch.from_numpy(inside)]
        answers: list[tuple[Tensor, ...]] = []
        for chunk in _chunks(corners):
            crops = torch.stack([photo.crop(corner, side) for corner in chunk.tolist()])
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
    until the shorter side falls below 12 pixels. The first is one finer than
    ``min_face_size`` needs: a box is often decided by the scale next to its own.

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
    while scale * factor**2 >= WINDOW / min_face_size:
        scale *= factor
    while scale * factor < WINDOW / min_face_size:
        scale /= factor
    found: list[float] = []
    while min(height, width) * scale >= WINDOW:
        found.append(scale)
        scale *= factor
    return found


def _weights(name: str) -> bytes:
    """The bytes of a network's weights, checked."""
    path = resources.files("facenet_pytorch") / "data" / f"{name}.pt"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): reinstall facenet-pytorch.") from error
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise WeightsError(
            f"{path} is not the file photoclust was tested with: reinstall facenet-pytorch==2.5.3."
        )
    return content


def _chunks(rows: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _cells(shifts: Tensor, scores: Tensor, scale: float, threshold: float) -> Tensor:
    """P-Net's windows above the threshold: x0, y0, x1, y1, score and four shifts; shape (n, 9)."""
    hit = scores >= threshold
    corner = hit.nonzero().flip(1).float() * STRIDE
    boxes = torch.cat([((corner + 1) / scale).floor(), ((corner + WINDOW) / scale).floor()], 1)
    cells = torch.cat([boxes, scores[hit][:, None], shifts[:, hit].T], 1)
    return _thinned(cells, 0.5)


def _thinned(cells: Tensor, limit: float) -> Tensor:
    """The best cells, none overlapping a better one by more than the limit."""
    if len(cells) > MOST:
        cells = cells[cells[:, 4].topk(MOST).indices]
    return cells[nms(cells[:, :4], cells[:, 4], limit)]


def _square(boxes: Tensor) -> Tensor:
    """Squares with the centres and the longer sides of the boxes."""
    size = boxes[:, 2:] - boxes[:, :2]
    side = size.amax(1, keepdim=True)
    corner = boxes[:, :2] + size * 0.5 - side * 0.5
    return torch.cat([corner, corner + side], 1)


def _moved(boxes: Tensor, shifts: Tensor) -> Tensor:
    """Boxes moved by a network's regression, given in fractions of their size."""
    size = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + shifts * size.repeat(1, 2)


def _corners(boxes: Tensor, height: int, width: int) -> npt.NDArray[np.int64]:
    """Whole pixels of the photo under each box, as half-open ranges x0, y0, x1, y1."""
    whole = boxes.numpy().astype(np.int64)
    low = np.maximum(whole[:, :2], 1) - 1
    high = np.minimum(whole[:, 2:], (width, height))
    return np.concatenate([low, high], 1)


def _best_of_nested(
    boxes: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], limit: float
) -> npt.NDArray[np.int64]:
    """Indices that remain, best first, when a box gives way to a better one covering it or covered by it.

    Overlap is measured against the smaller of two boxes, so that a face inside a face goes too.
    """
    order = np.argsort(-scores, kind="stable")
    size = boxes[:, 2:] - boxes[:, :2] + 1
    area = size.prod(1)
    keep: list[int] = []
    while len(order):
        best, rest = order[0], order[1:]
        keep.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.maximum(0, high - low + 1).prod(1)
        order = rest[shared / np.minimum(area[best], area[rest]) <= limit]
    return np.array(keep, np.int64)


def _visible(boxes: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.bool_]:
    """Which boxes show enough of the photo to be cropped."""
    low = np.trunc(np.maximum(boxes[:, :2], 0))
    high = np.trunc(np.minimum(boxes[:, 2:], (width, height)))
    return np.all(high - low >= MIN_SIDE, axis=1)
