"""How much a face resembles strangers: those of a cohort, and those beside whom it was photographed.

Some faces resemble many strangers: they are hubs, to whom every distance is short. A cohort tells most of
them. Where a photo is blurred, compressed or dark, all its faces come to resemble one another, and with
them those of other such photos. A cohort of portraits knows nothing of that, so that there are degraded
faces in it as well (`photoclust.people.calibration.measuring.with_cohort`); and the photo itself knows: the
faces in it are different people. So for each face they belong to its cohort.

Of the 67,765 pairs of good faces from different ones of 24 photos of crowds, 2 to 9 times as many have the
evidence of a false match rate of 1 in 100 to 1 in 100,000 as should have; with the others of their photo in
the cohort less than half as many as should. It costs 2 % of the genuine pairs of small faces in scenes of
twenty strangers, at 1 in 1,000 (``benchmarks/crowds.py CROWDS INDEX``).
"""

from __future__ import annotations

import numpy as np

from photoclust.types import Doubles, Floats, Rows

ANY_PHOTO = -1
"""The photo of a face that shares it with no stranger."""

NEAREST = 8
"""Strangers of the cohort that are looked at; of 256, 3 are measurably worse, more hardly different."""

_BLOCK = 8192  # rows multiplied at once: 32 MB of float64


def nearness(centred: Floats, cohort: Floats, photos: Rows | None = None) -> Doubles:
    """Mean similarity of each face to the strangers that it is nearest to.

    Parameters
    ----------
    centred
        float32, shape (n, c), unit rows.
    cohort
        float32, shape (s, c), unit rows: strangers to everybody.
    photos
        int64, shape (n,): faces of one photo are strangers to one another; `ANY_PHOTO` where there are none.

    Returns
    -------
    float64, shape (n,)
    """
    nearest = nearest_strangers(centred, cohort)
    if photos is not None:
        _take_in_photos(nearest, centred, photos)
    return nearest.mean(axis=1, dtype=np.float64)


def nearest_strangers(centred: Floats, cohort: Floats) -> Floats:
    """Similarities of each face to the nearest of a cohort, in no order, float32, shape (n, `NEAREST`)."""
    least = len(cohort) - NEAREST
    nearest = np.empty((len(centred), NEAREST), np.float32)
    for start in range(0, len(centred), _BLOCK):
        similarity = product(centred[start : start + _BLOCK], cohort.T)
        similarity.partition(least, axis=1)
        nearest[start : start + _BLOCK] = similarity[:, least:]
    return nearest


def product(rows: Floats, matrix: Floats) -> Floats:
    """Matrix product in float64, rounded once, so that it does not depend on threads and blocks."""
    found = np.empty((len(rows), matrix.shape[1]), np.float32)
    matrix64 = matrix.astype(np.float64)
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        found[part] = rows[part].astype(np.float64) @ matrix64
    return found


def _take_in_photos(nearest: Floats, centred: Floats, photos: Rows) -> None:
    """Let similarities to the others of its photo displace a face's smallest ones, `step` places apart."""
    order = np.argsort(photos, kind="stable")
    order = order[photos[order] != ANY_PHOTO]
    _, rank, size = np.unique(photos[order], return_index=True, return_counts=True)
    later = np.repeat(rank + size, size) - 1 - np.arange(len(order))  # faces of the photo that follow
    place = np.arange(len(order))
    for step in range(1, int(size.max(initial=0))):
        place = place[later[place] >= step]
        left, right = order[place], order[place + step]
        similarity = np.einsum("ij,ij->i", centred[left], centred[right])
        for rows in (left, right):
            smallest = nearest[rows].argmin(axis=1)
            nearest[rows, smallest] = np.maximum(nearest[rows, smallest], similarity)
