"""How near the faces of a group are to those of another that resemble them most.

Photos of a person come in series: those of one are much alike, those of others less so. A face of a series is
nearer to a few of the person's photos than to most, which the mean of all does not tell.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from photoclust.people.calibration.spread import dots
from photoclust.types import Doubles, Floats, Rows

_NEAREST = 3
_BLOCK = 8_192  # pairs of faces multiplied at once: 2 × 4 MB
_SORTED = 1 << 21  # pairs of faces whose similarities are in memory, besides those of one face: 50 MB
_MOST = 256  # faces of the smaller group that are looked at, or two large groups would take their product


def nearest_faces(embeddings: Floats, group: Rows, groups: Rows, others: Rows) -> Doubles:
    """Mean similarity of the faces of some groups to the three of another that are nearest to each.

    Of more than 256 faces of a group in `groups`, 256 that are spread evenly over its rows stand for all.

    Parameters
    ----------
    embeddings
        float32, shape (n, c + 1), score-normalised.
    group
        int64, shape (n,): group of each; negative where it is in none.
    groups, others
        int64, shape (pairs,): groups that have faces.

    Returns
    -------
    float64, shape (pairs,), in [−1, 1]
    """
    if not len(groups):
        return np.zeros(0)
    faces = _of_some(group, np.union1d(groups, others))
    (first, size), (start, width) = (_places(group[faces], side) for side in (groups, others))
    looked_at = np.minimum(size, _MOST)
    begin = np.cumsum(looked_at) - looked_at
    pair = np.repeat(np.arange(len(groups)), looked_at)  # of each face that is compared with another group
    rank = np.arange(len(pair)) - begin[pair]
    own = faces[first[pair] + rank * size[pair] // looked_at[pair]]
    nearest = np.empty(len(pair))
    for some in _parts(width[pair]):
        to = pair[some]
        similarity = _similarities(embeddings, own[some], faces, start[to], width[to])
        nearest[some] = _mean_of_nearest(similarity, width[to])
    return np.add.reduceat(nearest, begin) / looked_at


def _parts(width: Rows) -> Iterator[slice]:
    """Faces whose similarities, so many of each, are in memory together."""
    ends = [*(np.flatnonzero(np.diff(np.cumsum(width) // _SORTED)) + 1), len(width)]
    yield from map(slice, [0, *ends], ends)


def _of_some(group: Rows, some: Rows) -> Rows:
    """Faces of some groups, those of each together."""
    asked = np.zeros(group.max(initial=0) + 2, bool)
    asked[some] = True
    faces = np.flatnonzero(asked[group])
    return faces[np.argsort(group[faces], kind="stable")]


def _places(group: Rows, wanted: Rows) -> tuple[Rows, Rows]:
    """Where the faces of each group begin, and how many they are; `group` is ascending."""
    start = np.searchsorted(group, wanted)
    return start, np.searchsorted(group, wanted, side="right") - start


def _similarities(embeddings: Floats, own: Rows, faces: Rows, start: Rows, width: Rows) -> Floats:
    """Similarity of each face to so many others, which are together among `faces`."""
    end = np.cumsum(width)
    similarity = np.empty(end[-1], np.float32)
    for first in range(0, len(similarity), _BLOCK):
        place = np.arange(first, min(first + _BLOCK, len(similarity)))
        row = np.searchsorted(end, place, side="right")
        other = faces[start[row] + place - (end - width)[row]]
        similarity[place] = dots(embeddings[own[row]], embeddings[other])
    return similarity


def _mean_of_nearest(similarity: Floats, runs: Rows) -> Doubles:
    """Mean of the greatest three, or of as many as there are, of each run of so many."""
    run = np.repeat(np.arange(len(runs)), runs)
    order = np.lexsort((-similarity, run))
    rank = np.arange(len(order)) - (np.cumsum(runs) - runs)[run]
    nearest, taken = similarity[order[rank < _NEAREST]], np.minimum(runs, _NEAREST)
    return np.add.reduceat(nearest.astype(np.float64), np.cumsum(taken) - taken) / taken
