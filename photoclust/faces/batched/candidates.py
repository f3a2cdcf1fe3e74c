"""Boxes of several photos that may be faces, and the best among those that overlap."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from photoclust.faces.suppression import nms
from photoclust.faces.windows import MOST

AT_ONCE = 1 << 17  # boxes that are compared with one another: takes 2 GB of a GPU


class TooManyError(Exception):
    """Photos together propose more boxes than can be compared with one another."""


@dataclass(frozen=True)
class Candidates:
    """Boxes of several photos.

    Attributes
    ----------
    photo
        int64, shape (n,): which photo each is in.
    boxes
        float32, shape (n, 4): x0, y0, x1, y1 in pixels of it.
    """

    photo: Tensor
    boxes: Tensor

    @classmethod
    def none(cls, device: torch.device) -> Candidates:
        """No boxes."""
        return cls(torch.zeros(0, dtype=torch.int64, device=device), torch.zeros((0, 4), device=device))


def best(boxes: Tensor, scores: Tensor, photo: Tensor, group: Tensor, limit: float) -> Tensor:
    """Which boxes remain when those go that overlap a better one of their group.

    The groups are moved apart and all are compared in one go, in float64, so that places far out are as
    precise as others; ``torchvision.ops.batched_nms`` goes over many boxes group by group.

    Parameters
    ----------
    boxes
        float32, shape (n, 4).
    scores
        float32, shape (n,).
    photo, group
        int64, shape (n,). Of a photo no more boxes are looked at than on a processor, the best.
    limit
        Largest overlap (IoU) that is let be.

    Returns
    -------
    Tensor
        int64: rows, best first.

    Raises
    ------
    TooManyError
        There are too many, and they are of several photos.
    """
    number = torch.arange(len(boxes), device=boxes.device)
    if len(boxes) > MOST:
        number = _first_of_each(scores, photo)
        boxes, scores, group = boxes[number], scores[number], group[number]
    if len(boxes) > AT_ONCE:
        raise TooManyError
    if not len(boxes):
        return number
    apart = boxes.double()
    width = apart.amax() - apart.amin() + 1
    return number[nms(apart + (group * width)[:, None], scores.double(), limit)]


def _first_of_each(scores: Tensor, photo: Tensor) -> Tensor:
    """Rows of the best of each photo, at most `MOST`; the best first, photo by photo."""
    order = scores.argsort(descending=True, stable=True)
    order = order[photo[order].argsort(stable=True)]
    of = photo[order]
    rank = torch.arange(len(of), device=of.device) - torch.searchsorted(of, of)
    return order[rank < MOST]
