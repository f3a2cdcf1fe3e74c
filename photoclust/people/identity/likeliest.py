"""Who a face that is nobody's may be, and the probability that it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.people.clustering.membership import NOBODY
from photoclust.people.identity.near import Best, Near
from photoclust.types import Rows


@dataclass(frozen=True)
class Likeliest:
    """The likeliest group of each of n faces.

    Attributes
    ----------
    group
        int64, shape (n,): `NOBODY` where no group that the face may be in is near it.
    chance
        float32, shape (n,), in [0, 1]: probability that the face is of that group; 0 where there is none.
    """

    group: Rows
    chance: npt.NDArray[np.float32]


def likeliest(near: Near, faces: int) -> Likeliest:
    """Find the likeliest group of each clear face that is in none; the other faces have none here.

    The probability is that of `photoclust.people.identity.suggest`, which asks about the same faces.

    Parameters
    ----------
    near
        Who is near whom.
    faces
        How many faces there are.
    """
    best = Best(near.people + len(near.alone))
    for pairs in near.weighed_in_parts(lambda left, right: (left < near.people) & (right >= near.people)):
        best.look_at(pairs.right, pairs.left, pairs.chance, pairs.chance)
    found = Likeliest(np.full(faces, NOBODY), np.zeros(faces, np.float32))
    found.group[near.alone], found.chance[near.alone] = best.other[near.people :], best.chance[near.people :]
    return found
