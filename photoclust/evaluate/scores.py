"""How well a grouping agrees with the truth.

A grouping is one integer for each face. A negative one means "alone": that face counts as a group of its own.
Everything is computed from the contingency table, in O(n log n) time and O(n) memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.integer] | Sequence[int]


@dataclass(frozen=True)
class Scores:
    """Precision, recall and their harmonic mean, each in [0, 1]."""

    precision: float
    recall: float

    @property
    def f(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class Contingency:
    """How many faces each true person and each predicted group share; only cells above zero.

    Attributes
    ----------
    person, group
        int64, shape (cells,): row and column of each cell, counted from 0.
    count
        int64, shape (cells,): faces in it.
    """

    person: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    count: npt.NDArray[np.int64]

    @property
    def persons(self) -> npt.NDArray[np.int64]:
        """Faces of each true person."""
        return np.bincount(self.person, self.count).astype(np.int64)

    @property
    def groups(self) -> npt.NDArray[np.int64]:
        """Faces of each predicted group."""
        return np.bincount(self.group, self.count).astype(np.int64)


def numbered(names: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Distinct names in their order, and the place of each name among them; −1 for ``""``."""
    distinct = sorted(set(names) - {""})
    place = {name: i for i, name in enumerate(distinct)} | {"": -1}
    return distinct, np.array([place[name] for name in names], np.int64)


def contingency(truth: Labels, predicted: Labels) -> Contingency:
    """Count the faces that each person and each group share.

    Parameters
    ----------
    truth, predicted
        int, shape (n,): person and group of each face; negative stands alone.

    Raises
    ------
    ValueError
        The two differ in length.
    """
    person, group = _dense(truth), _dense(predicted)
    if len(person) != len(group):
        raise ValueError(f"{len(person)} true labels for {len(group)} predicted ones.")
    width = int(group.max()) + 1 if len(group) else 1
    cells, count = np.unique(person * width + group, return_counts=True)
    return Contingency(cells // width, cells % width, count.astype(np.int64))


def _dense(labels: Labels) -> npt.NDArray[np.int64]:
    """Labels from 0 without gaps, each negative one replaced by a label of its own."""
    dense = np.array(labels, np.int64)
    alone = dense < 0
    top = int(dense.max(initial=-1)) + 1
    dense[alone] = top + np.arange(int(alone.sum()))
    return np.unique(dense, return_inverse=True)[1].astype(np.int64)


def pairwise_scores(truth: Labels, predicted: Labels) -> Scores:
    """Score the pairs of faces put together.

    Precision is the share of pairs in one group that are one person, recall the share of pairs of one
    person that are in one group; 1 where there is no such pair.

    Parameters
    ----------
    truth, predicted
        int, shape (n,): person and group of each face; negative stands alone.
    """
    table = contingency(truth, predicted)
    together = _pairs(table.count)
    return Scores(_ratio(together, _pairs(table.groups)), _ratio(together, _pairs(table.persons)))


def bcubed_scores(truth: Labels, predicted: Labels) -> Scores:
    """Score the group of each face, averaged over faces.

    Bagga and Baldwin: Entity-based cross-document coreferencing using the vector space model, COLING
    1998. A face's precision is the share of its group that is its person, its recall the share of its
    person that is in its group.

    Parameters
    ----------
    truth, predicted
        int, shape (n,): person and group of each face; negative stands alone.
    """
    table = contingency(truth, predicted)
    squares = table.count.astype(np.float64) ** 2
    faces = int(table.count.sum())
    return Scores(
        _ratio(float((squares / table.groups[table.group]).sum()), faces),
        _ratio(float((squares / table.persons[table.person]).sum()), faces),
    )


def normalized_mutual_information(truth: Labels, predicted: Labels) -> float:
    """Mutual information over the arithmetic mean of the two entropies, in [0, 1].

    1 where both groupings put everything in one group.

    Parameters
    ----------
    truth, predicted
        int, shape (n,): person and group of each face; negative stands alone.
    """
    table = contingency(truth, predicted)
    entropy = _entropy(table.persons) + _entropy(table.groups)
    mutual = entropy - _entropy(table.count)
    return min(1.0, max(0.0, 2 * mutual / entropy)) if entropy > 0 else 1.0


def split_persons(table: Contingency) -> npt.NDArray[np.int64]:
    """Persons whose faces lie in more than one group, as row numbers."""
    return np.flatnonzero(np.bincount(table.person) > 1)


def mixed_groups(table: Contingency) -> npt.NDArray[np.int64]:
    """Groups that hold faces of more than one person, as column numbers."""
    return np.flatnonzero(np.bincount(table.group) > 1)


def _pairs(sizes: npt.NDArray[np.int64]) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _entropy(sizes: npt.NDArray[np.int64]) -> float:
    share = sizes / max(1, sizes.sum())
    return float(-(share * np.log(share)).sum())
