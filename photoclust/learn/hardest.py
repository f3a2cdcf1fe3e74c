"""The triplets that vectors get most wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.miners import BatchHardMiner

from photoclust.types import Floats, Rows

_MOST = 4000  # faces among which triplets are looked for: their distances take 64 MB


@dataclass(frozen=True)
class HardTriplet:
    """A face, the farthest of the same person, and the nearest of another.

    Attributes
    ----------
    anchor, positive, negative
        Rows.
    own, other
        Euclidean distances of the anchor to both, in [0, 2].
    """

    anchor: int
    positive: int
    negative: int
    own: float
    other: float


def hardest_triplets(vectors: Floats, person: Rows, count: int) -> list[HardTriplet]:
    """Batch-hard triplets of all faces, the worst first, at most one for each person.

    Parameters
    ----------
    vectors
        float32, shape (n, d): unit rows; the first 4,000 are looked at.
    person
        int64, shape (n,): whose face each is.
    count
        How many at most.
    """
    rows = torch.from_numpy(vectors[:_MOST])
    distance = LpDistance()
    chosen = BatchHardMiner(distance=distance)(rows, torch.from_numpy(person[:_MOST]))
    anchor, positive, negative = (one.numpy() for one in chosen)
    apart = torch.cdist(rows, rows).numpy()
    own, other = apart[anchor, positive], apart[anchor, negative]
    found: list[HardTriplet] = []
    seen: set[int] = set()
    for place in np.argsort(other - own, kind="stable").tolist():
        who = int(person[anchor[place]])
        if who not in seen and len(found) < count:
            seen.add(who)
            ends = int(anchor[place]), int(positive[place]), int(negative[place])
            found.append(HardTriplet(*ends, float(own[place]), float(other[place])))
    return found
