"""Whether people whom others resemble closely are found as well as people who stand apart.

How near the nearest other person lies differs from person to person. A model knows least of people who were
rare among the photos it was taught with, and puts them close together: precision of those who have somebody
near, beside that of the others, shows it without a word on anybody's origin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.types import Doubles, Floats, Rows

TENTHS = 10
_BLOCK = 1024  # people compared with all at once: 80 MB for ten thousand


@dataclass(frozen=True)
class Tenth:
    """People who have their nearest other person about as near as one another.

    Attributes
    ----------
    low, high
        Cosine similarity of the templates of a person and of the nearest other, in [−1, 1]: least, greatest.
    people, faces
        How many.
    precision, recall
        BCubed, over their faces: share of each face's group that is its person, and of its person that is in
        its group, in [0, 1].
    pairwise_precision
        Share of the pairs that their faces make in groups that are of one person; 1 where there is none.
    """

    low: float
    high: float
    people: int
    faces: int
    precision: float
    recall: float
    pairwise_precision: float


def by_nearness(embeddings: Floats, truth: Rows, group: Rows) -> tuple[Tenth, ...]:
    """Scores by tenths of the people, those who stand apart first.

    Parameters
    ----------
    embeddings
        float32, shape (n, d), unit rows, centred as the calibration asks: labelled faces.
    truth
        int64, shape (n,): person of each, counted from 0 without gaps.
    group
        int64, shape (n,): group of each; negative stands alone.

    Returns
    -------
    tuple of Tenth
        Empty where there are fewer people than tenths; fewer than ten where many are equally near.
    """
    if truth.max(initial=-1) + 1 < TENTHS:
        return ()
    alone, found = np.flatnonzero(group < 0), group.astype(np.int64)
    found[alone] = found.max(initial=-1) + 1 + np.arange(len(alone))
    nearest = _nearest_other(embeddings, truth)
    tenth = np.digitize(nearest, np.quantile(nearest, np.arange(1, TENTHS) / TENTHS))
    _, cell, size = np.unique(truth * (found.max() + 1) + found, return_inverse=True, return_counts=True)
    shared, own, others = size[cell], np.bincount(truth)[truth], np.bincount(found)[found]
    return tuple(
        _tenth(nearest[tenth == i], *(column[tenth[truth] == i] for column in (shared, own, others)))
        for i in np.unique(tenth)
    )


def _tenth(nearest: Doubles, shared: Rows, own: Rows, others: Rows) -> Tenth:
    pairs = (others - 1).sum()
    return Tenth(
        low=float(nearest.min()),
        high=float(nearest.max()),
        people=len(nearest),
        faces=len(shared),
        precision=float((shared / others).mean()),
        recall=float((shared / own).mean()),
        pairwise_precision=float((shared - 1).sum() / pairs) if pairs else 1.0,
    )


def _nearest_other(embeddings: Floats, truth: Rows) -> npt.NDArray[np.float64]:
    """Similarity of each person's template to that of the nearest other person."""
    templates = np.zeros((truth.max() + 1, embeddings.shape[1]))
    np.add.at(templates, truth, embeddings)
    templates /= np.maximum(np.linalg.norm(templates, axis=1, keepdims=True), 1e-12)
    nearest = np.empty(len(templates))
    for start in range(0, len(templates), _BLOCK):
        similarity = templates[start : start + _BLOCK] @ templates.T
        rows = np.arange(len(similarity))
        similarity[rows, start + rows] = -1
        nearest[start : start + _BLOCK] = similarity.max(axis=1)
    return nearest
