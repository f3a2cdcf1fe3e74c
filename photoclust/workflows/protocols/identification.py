"""How well faces are found in a gallery of one photo for each person: FNIR at FPIR, and ranks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from photoclust.errors import UsageError
from photoclust.evaluate.identification import Searches, SearchPoint, rank_rate, search_points
from photoclust.index.place import Location
from photoclust.people.calibration.pairs import PairCalibration, Templates
from photoclust.types import Doubles, Rows
from photoclust.workflows.protocols.known_faces import KnownFaces, known_faces

FALSE_POSITIVE_RATES = (1e-2, 3e-3)
_PROBES = 512  # probes searched at once


@dataclass(frozen=True)
class SearchScores:
    """Errors of one way to search.

    Attributes
    ----------
    points
        FNIR at false positive identification rates.
    rank_1, rank_5
        Share of mated probes whose right candidate is the first, or among the first five.
    """

    points: tuple[SearchPoint, ...]
    rank_1: float | None
    rank_5: float | None


@dataclass(frozen=True)
class IdentificationReport:
    """How well faces are found in a gallery of one photo for each person.

    Attributes
    ----------
    gallery, mated, non_mated
        People enrolled, probes of theirs, and probes of strangers.
    photoclust
        By the probability that ``identify`` gives; of a model without calibration by cosine similarity.
    naive
        By the plain cosine similarity to the nearest template, under a fixed threshold.
    false_positive_rate, false_negative_rate
        FPIR and FNIR of ``identify`` as it is, at a probability of one half; None without calibration.
    model
        What embedded the faces.
    notes
        What was left out, a sentence each.
    """

    gallery: int
    mated: int
    non_mated: int
    photoclust: SearchScores
    naive: SearchScores
    false_positive_rate: float | None
    false_negative_rate: float | None
    model: str
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def evaluate_identification(location: Location, labels: str = "folders") -> IdentificationReport:
    """Test whether faces are found among people known by one photo each.

    The first photo, by its path, of everybody with two and more is enrolled; their other photos are probes,
    and so are the photos of everybody else, who are strangers.

    Raises
    ------
    UsageError
        The labels cannot be used, or nobody has two photos.
    IndexMissingError
        There is no index.
    """
    faces = known_faces(location, labels)
    order = np.lexsort((np.array(faces.photos), faces.person))
    count = np.bincount(faces.person)
    first = order[np.concatenate([[True], np.diff(faces.person[order]) > 0])]
    enrolled = first[count[faces.person[first]] > 1]
    if not len(enrolled):
        raise UsageError("A test needs people who are in two photos and more; nobody is.")
    probes = np.setdiff1d(np.arange(len(faces.person)), enrolled)
    ours = _searched(faces, faces.templates, enrolled, probes, faces.known)
    plain = _searched(faces, faces.plain, enrolled, probes, None)
    said = ours.score > 0
    wrong = ~said | (ours.rank != 1)
    has_strangers, is_calibrated = bool((~ours.mated).any()), faces.known is not None
    return IdentificationReport(
        gallery=len(enrolled),
        mated=int(ours.mated.sum()),
        non_mated=int((~ours.mated).sum()),
        photoclust=_search_scores(ours),
        naive=_search_scores(plain),
        false_positive_rate=float(said[~ours.mated].mean()) if is_calibrated and has_strangers else None,
        false_negative_rate=float(wrong[ours.mated].mean()) if is_calibrated else None,
        model=faces.model,
        notes=faces.notes,
    )


def _search_scores(searches: Searches) -> SearchScores:
    points = search_points(searches, FALSE_POSITIVE_RATES)
    return SearchScores(points, rank_rate(searches, 1), rank_rate(searches, 5))


def _searched(
    faces: KnownFaces, ready: Templates, enrolled: Rows, probes: Rows, known: PairCalibration | None
) -> Searches:
    """Every probe held against everybody enrolled: log odds of the best, or its similarity if not `known`."""
    gallery = Templates(ready.vectors[enrolled], ready.hubness[enrolled])
    column = {person: place for place, person in enumerate(faces.person[enrolled].tolist())}
    scores, ranks = [np.zeros(0)], [np.zeros(0, np.int64)]
    for start in range(0, len(probes), _PROBES):
        rows = probes[start : start + _PROBES]
        likeness = Templates(ready.vectors[rows], ready.hubness[rows]).similarity(gallery)
        right = np.array([column.get(person, -1) for person in faces.person[rows].tolist()])
        own = likeness[np.arange(len(rows)), right]
        ranks.append(np.where(right < 0, 0, 1 + (likeness > own[:, None]).sum(1)))
        scores.append(_log_odds(likeness, known) if known else likeness.max(1))
    return Searches(np.concatenate(scores), np.concatenate(ranks), faces.person[probes])


def _log_odds(likeness: Doubles, known: PairCalibration) -> Doubles:
    """Of the likeliest, everybody in the gallery and nobody having half of the prior probability each."""
    ratios = np.exp(known.evidence(likeness)) / likeness.shape[1]
    best = ratios.max(1)
    return np.log(best) - np.log(ratios.sum(1) - best + 1)
