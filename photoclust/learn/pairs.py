"""What is measured of vectors on pairs of people: distances, and TAR at a false match rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.evaluate.pair_lists import PairList, pairs_of_labels
from photoclust.evaluate.verification import LEAST_FALSE_MATCHES
from photoclust.types import Doubles, Floats, Rows

FALSE_MATCH_RATE = 1e-3
_BLOCK = 65_536


@dataclass(frozen=True)
class PairTest:
    """Pairs of labelled faces on which vectors are tested.

    Attributes
    ----------
    pairs
        All genuine pairs and impostor pairs, or two million of them; each photo counts the same among genuine
        pairs.
    false_match_rate
        1e-3, or more where there are too few impostor pairs to tell.
    """

    pairs: PairList
    false_match_rate: float

    @classmethod
    def of(cls, person: Rows) -> PairTest:
        """Test on all pairs of faces of some people; int64, shape (n,)."""
        pairs = pairs_of_labels(np.unique(person, return_inverse=True)[1].astype(np.int64))
        impostors = int((~pairs.same).sum())
        return cls(pairs, max(FALSE_MATCH_RATE, LEAST_FALSE_MATCHES / max(1, impostors)))

    def similarity(self, vectors: Floats) -> Doubles:
        """Cosine similarity of each pair; `vectors` are unit rows, in the order of the faces."""
        found = np.empty(len(self.pairs.left))
        for start in range(0, len(found), _BLOCK):
            part = slice(start, start + _BLOCK)
            left, right = self.pairs.left[part], self.pairs.right[part]
            found[part] = np.einsum("ij,ij->i", vectors[left], vectors[right])
        return found

    def figures(self, vectors: Floats) -> PairFigures:
        """Sum up what pairs are like."""
        similarity, same = self.similarity(vectors), self.pairs.same
        distance = np.sqrt(np.maximum(0, 2 - 2 * similarity))
        threshold = np.quantile(similarity[~same], 1 - min(1.0, self.false_match_rate))
        weight = self.pairs.weight[same]
        return PairFigures(
            float(np.average(distance[same], weights=weight)),
            float(distance[~same].mean()),
            float(np.average(similarity[same] > threshold, weights=weight)),
        )


@dataclass(frozen=True)
class PairFigures:
    """What pairs are like.

    Attributes
    ----------
    genuine, impostor
        Mean Euclidean distance of pairs of one person and of two, in [0, 2].
    tar
        True accept rate, in [0, 1], at the test's false match rate.
    """

    genuine: float
    impostor: float
    tar: float
