"""Geometry of boxes x0, y0, x1, y1: shape (n, 4), in pixels of the photo.

The networks' answers are relative to boxes that hold both their ends and to pixels counted from 1, as in the
Matlab code of MTCNN's authors: hence a pixel more or less here and there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from photoclust.records import Detections

MIN_SIDE = 2  # a face must show at least so many pixels each way


def square(boxes: Tensor) -> Tensor:
    """Squares with the centres and the longer sides of the boxes."""
    size = boxes[:, 2:] - boxes[:, :2]
    side = size.amax(1, keepdim=True)
    corner = boxes[:, :2] + size * 0.5 - side * 0.5
    return torch.cat([corner, corner + side], 1)


def moved(boxes: Tensor, shifts: Tensor) -> Tensor:
    """Boxes moved by a network's regression, given in fractions of their size."""
    size = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + shifts * size.repeat(1, 2)


def landmarks_of(points: Tensor, boxes: Tensor) -> Tensor:
    """Places of landmarks, shape (n, 5, 2), which O-Net gives as five x and five y in fractions of a box."""
    size = boxes[:, 2:] - boxes[:, :2] + 1
    xy = points.reshape(-1, 2, 5).transpose(1, 2)
    return xy * size[:, None] + boxes[:, None, :2] - 1


def corners_inside(boxes: Tensor, height: int, width: int) -> npt.NDArray[np.int64]:
    """Whole pixels of the photo under each box, as half-open ranges x0, y0, x1, y1."""
    whole = boxes.numpy().astype(np.int64)
    low = np.maximum(whole[:, :2], 1) - 1
    high = np.minimum(whole[:, 2:], (width, height))
    return np.concatenate([low, high], 1)


def faces_of(
    boxes: npt.NDArray[np.float32],
    landmarks: npt.NDArray[np.float32],
    scores: npt.NDArray[np.float32],
    shape: tuple[int, int],
) -> Detections:
    """What the last stage believes in, less what is the same face again or hardly in the photo.

    Parameters
    ----------
    boxes, landmarks, scores
        See `photoclust.records.Detections`; in any order.
    shape
        Height and width of the photo.
    """
    keep = best_of_nested(boxes, scores, 0.7)
    keep = keep[visible(boxes[keep], *shape, MIN_SIDE)]
    return Detections(boxes[keep], landmarks[keep], scores[keep])


def best_of_nested(
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


def visible(boxes: npt.NDArray[np.float32], height: int, width: int, least: int) -> npt.NDArray[np.bool_]:
    """Which boxes show so many whole pixels of the photo each way."""
    low = np.trunc(np.maximum(boxes[:, :2], 0))
    high = np.trunc(np.minimum(boxes[:, 2:], (width, height)))
    return np.all(high - low >= least, axis=1)
