"""Non-maximum suppression: torchvision's, without the rest of torchvision (`photoclust.extensions`)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from photoclust.extensions import compiled_module


def _torchvision_nms() -> Callable[[Tensor, Tensor, float], Tensor]:
    try:
        torch.ops.load_library(str(compiled_module("torchvision", "_C_stable").origin))
    except (ImportError, OSError):  # another build of torchvision names it otherwise, and finds it itself
        from torchvision.ops import nms

        return nms
    return torch.ops.torchvision.nms


nms = _torchvision_nms()
"""Keeps of boxes that overlap the one of the highest score.

Takes boxes, float32, shape (n, 4), their scores, shape (n,), and the largest overlap (IoU) that is let be;
gives the rows of those that are kept, int64, best first.
"""
