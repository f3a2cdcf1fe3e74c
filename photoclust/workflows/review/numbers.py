"""What the pages show of an index in numbers, and a map of its people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.workflows.review.people import Count, PersonCard, card
from photoclust.workflows.review.view import IS_POOR, IS_UNSURE, View
from photoclust.workflows.status import FailedPhoto, IndexStatus, PhotoCounts

BINS = 10
_FAILED_SHOWN = 500
_ON_MAP = 400


@dataclass(frozen=True)
class MapPoint:
    """A person on the map: the nearer two are, the more alike they look. x and y in [0, 1]."""

    x: float
    y: float
    person: PersonCard


@dataclass(frozen=True)
class Numbers:
    """An index in numbers.

    Attributes
    ----------
    people, named, ignored
        How many of them.
    faces, in_people, unsure, low_quality
        How many faces, and what has become of them.
    photos
        How many, by what came of them.
    years
        Faces by the year of their photo; 0 where that is not known.
    confidence
        Members by confidence, in tenths: the first are those below 0.1.
    sizes
        People by faces: ``key`` faces or more, up to twice as many.
    failed
        Photos that could not be used, the first 500.
    """

    revision: str
    people: int
    named: int
    ignored: int
    faces: int
    in_people: int
    unsure: int
    low_quality: int
    photos: PhotoCounts
    years: list[Count]
    confidence: list[Count]
    sizes: list[Count]
    failed: list[FailedPhoto]


def numbers(view: View, revision: str, held: IndexStatus) -> Numbers:
    """Count what is shown of an index that holds so much."""
    there = [view.people[place] for place in view.ranked]
    nobody = (view.person < 0) & view.there
    poor = int((nobody & (view.status == IS_POOR)).sum())
    return Numbers(
        revision=revision,
        people=len(there),
        named=sum(one.name != "" for one in there),
        ignored=sum(one.ignored for one in there),
        faces=int(view.there.sum()),
        in_people=int((view.person >= 0).sum()),
        unsure=int((nobody & (view.status == IS_UNSURE)).sum()),
        low_quality=poor,
        photos=held.photos,
        years=_counts(view.faces.years[view.there]),
        confidence=_binned(view),
        sizes=_sizes(view),
        failed=list(held.failed[:_FAILED_SHOWN]),
    )


def _counts(keys: np.ndarray) -> list[Count]:
    values, counts = np.unique(keys, return_counts=True)
    return [Count(int(key), int(count)) for key, count in zip(values, counts, strict=True)]


def _binned(view: View) -> list[Count]:
    sure = view.confidence[view.person >= 0]
    bins = np.clip((sure * BINS).astype(np.int64), 0, BINS - 1)
    return [Count(key, int(count)) for key, count in enumerate(np.bincount(bins, minlength=BINS))]


def _sizes(view: View) -> list[Count]:
    counts = view.counts[view.counts > 0]
    powers = np.bincount(np.log2(counts).astype(np.int64)) if len(counts) else np.zeros(0, np.int64)
    return [Count(1 << power, int(count)) for power, count in enumerate(powers)]


def people_map(view: View, templates: np.ndarray) -> list[MapPoint]:
    """The largest people on a plane: the two directions in which their templates differ most.

    Parameters
    ----------
    view
        The people.
    templates
        float32, shape (people, d): mean embedding of each of `View.people`.
    """
    places = np.array([p for p in view.ranked if not view.people[p].ignored][:_ON_MAP], np.int64)
    if len(places) < 3:
        return []
    rows = templates[places] - templates[places].mean(axis=0)
    _, _, axes = np.linalg.svd(rows, full_matrices=False)
    flat = rows @ axes[:2].T
    span = np.maximum(np.ptp(flat, axis=0), 1e-9)
    flat = (flat - flat.min(axis=0)) / span
    return [
        MapPoint(round(float(x), 4), round(float(y), 4), card(view, place))
        for (x, y), place in zip(flat, places.tolist(), strict=True)
    ]
