"""Sums of embeddings of groups of faces, and what speaks for two groups being one person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from photoclust.types import Doubles, Floats, Rows

Evidence = Callable[[Doubles, Doubles, Doubles, Doubles, Doubles], Doubles]
"""Log-likelihood ratio of one person against two from sizes, squared lengths and inner product of the means
of two groups, each float64, broadcast together."""

_CELLS = 2**22  # pairs of groups weighed at once: some hundred megabytes of float64


@dataclass(frozen=True)
class WeightedTemplates:
    """Groups of faces.

    Attributes
    ----------
    sums
        float32, shape (groups, d): weighted sums of embeddings.
    count
        float64, shape (groups,): sums of the weights; a group without faces has 0 and is like nobody.
    """

    sums: Floats
    count: Doubles

    def __len__(self) -> int:
        return len(self.count)

    @classmethod
    def of(cls, embeddings: Floats, weight: Doubles, group: Rows, groups: int) -> WeightedTemplates:
        """Templates of the groups 0 to `groups` − 1; faces of a negative group are left out."""
        inside = np.flatnonzero(group >= 0)
        sums = np.zeros((groups, embeddings.shape[1]), np.float32)
        np.add.at(sums, group[inside], embeddings[inside] * weight[inside, None].astype(np.float32))
        return cls(sums, np.bincount(group[inside], weight[inside], groups).astype(np.float64))

    def take(self, rows: Rows) -> WeightedTemplates:
        """Those groups alone."""
        return WeightedTemplates(self.sums[rows], self.count[rows])

    @property
    def means(self) -> Floats:
        """Mean embedding of each group, float32, shape (groups, d)."""
        return self.sums / np.maximum(self.count, 1e-9)[:, None].astype(np.float32)


def evidence_of(left: WeightedTemplates, right: WeightedTemplates, evidence: Evidence) -> Doubles:
    """Evidence for corresponding groups, float64, shape (groups,); −inf where one is empty."""
    a, b = left.means, right.means
    product = np.einsum("ij,ij->i", a, b).astype(np.float64)
    weighed = evidence(_least(left.count), _least(right.count), *_powers(a, b), product)
    return _known(left.count, right.count, weighed)


def evidence_blocks(
    left: WeightedTemplates, right: WeightedTemplates, evidence: Evidence
) -> Iterator[tuple[slice, Doubles]]:
    """Evidence for every pair of groups, some rows of `left` at a time.

    Yields
    ------
    tuple
        Rows of `left`, and float64 of shape (rows, len(right)); −inf where a group is empty.
    """
    a, b = left.means, right.means
    power_a, power_b = _powers(a, b)
    step = max(1, _CELLS // max(1, len(right)))
    for start in range(0, len(left), step):
        part = slice(start, start + step)
        product = (a[part] @ b.T).astype(np.float64)
        m, n = _least(left.count[part])[:, None], _least(right.count)[None]
        weighed = evidence(m, n, power_a[part, None], power_b[None], product)
        yield part, _known(left.count[part, None], right.count[None], weighed)


def _least(count: Doubles) -> Doubles:
    """An empty group counted as one face, to keep arithmetic finite."""
    return np.where(count > 0, count, 1.0)


def _powers(a: Floats, b: Floats) -> tuple[Doubles, Doubles]:
    return np.einsum("ij,ij->i", a, a).astype(np.float64), np.einsum("ij,ij->i", b, b).astype(np.float64)


def _known(m: Doubles, n: Doubles, evidence: Doubles) -> Doubles:
    return np.where((m > 0) & (n > 0), evidence, -np.inf)
