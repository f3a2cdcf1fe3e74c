"""How well pairs of faces are told apart: FNMR at FMR, accuracy, and what the probabilities are worth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from photoclust.errors import UsageError
from photoclust.evaluate.pair_lists import PairList, pairs_of_file, pairs_of_labels
from photoclust.evaluate.verification import (
    OperatingPoint,
    ScoredPairs,
    accuracy_in_folds,
    cllr,
    equal_error_rate,
    error_rates,
    min_cllr,
    operating_points,
    weighted_calibration_error,
)
from photoclust.index.place import Location
from photoclust.people.calibration.pairs import Templates
from photoclust.report.protocol_plots import Curves, ShownPerson
from photoclust.types import Doubles
from photoclust.workflows.protocols.known_faces import KnownFaces, known_faces

FALSE_MATCH_RATES = (1e-2, 1e-3, 1e-4)
_PEOPLE_SHOWN, _PHOTOS_SHOWN = 12, 30  # on a map
_BLOCK = 65_536  # pairs compared at once


@dataclass(frozen=True)
class VerificationReport:
    """How well pairs of faces are told apart.

    Attributes
    ----------
    people, genuine, impostor
        People, pairs of one person and pairs of two.
    points
        FNMR at false match rates.
    plain_points, plain_accuracy
        The same, and accuracy, by the cosine of the embeddings as they come.
    equal_error_rate
        Where FMR and FNMR are the same.
    accuracy, accuracy_deviation
        Mean and standard deviation over folds; None where there are none.
    cllr, min_cllr, calibration_error
        Cost of the likelihood ratios, in bits, that cost without the error of calibration, and the expected
        calibration error at even prior odds; None of a model without calibration.
    similarity_metric, model
        What was compared.
    notes
        What was left out, a sentence each.
    curves
        What plots show.
    """

    people: int
    genuine: int
    impostor: int
    points: tuple[OperatingPoint, ...]
    plain_points: tuple[OperatingPoint, ...]
    plain_accuracy: float | None
    equal_error_rate: float
    accuracy: float | None
    accuracy_deviation: float | None
    cllr: float | None
    min_cllr: float | None
    calibration_error: float | None
    similarity_metric: str
    model: str
    notes: tuple[str, ...]
    curves: Curves

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the curves."""
        fields = {name: value for name, value in vars(self).items() if name != "curves"}
        points = {"points": self.points, "plain_points": self.plain_points}
        shown = {name: [asdict(point) for point in those] for name, those in points.items()}
        return fields | shown | {"notes": list(self.notes)}


def evaluate_verification(
    location: Location, labels: str = "folders", pairs: Path | None = None
) -> VerificationReport:
    """Test whether pairs of faces are one person.

    Parameters
    ----------
    location
        The index.
    labels
        ``folders``, or the path of a CSV.
    pairs
        A file in the format of LFW's ``pairs.txt``; by default pairs are drawn from the labels.

    Raises
    ------
    UsageError
        The labels or the file cannot be used, or there are no pairs of either kind.
    IndexMissingError
        There is no index.
    """
    faces = known_faces(location, labels)
    chosen = pairs_of_labels(faces.person) if pairs is None else pairs_of_file(pairs, faces.photos)
    if chosen.same.all() or not chosen.same.any():
        raise UsageError("A test needs pairs of one person and pairs of two.")
    scored = _scored(faces, faces.templates, chosen)
    plain = _scored(faces, faces.plain, chosen)
    thresholds, fmr, fnmr = error_rates(scored)
    accuracy = accuracy_in_folds(scored)
    evidence = faces.known.evidence(scored.similarity) if faces.known else None
    costs = _costs(scored, evidence)
    points = operating_points(scored, FALSE_MATCH_RATES)
    return VerificationReport(
        people=len(np.unique([scored.left, scored.right])),
        genuine=int(scored.same.sum()),
        impostor=int((~scored.same).sum()),
        points=points,
        plain_points=operating_points(plain, FALSE_MATCH_RATES),
        plain_accuracy=(accuracy_in_folds(plain) or (None,))[0],
        equal_error_rate=equal_error_rate(fmr, fnmr),
        accuracy=accuracy[0] if accuracy else None,
        accuracy_deviation=accuracy[1] if accuracy else None,
        cllr=costs[0],
        min_cllr=costs[1],
        calibration_error=costs[2],
        similarity_metric="score-normalised cosine" if faces.known else "cosine",
        model=faces.model,
        notes=(*faces.notes, *chosen.notes),
        curves=Curves(scored, thresholds, fmr, fnmr, evidence, points, _shown(faces)),
    )


def _shown(faces: KnownFaces) -> list[ShownPerson]:
    """Some photos of the people who have most, of several."""
    count, vectors = np.bincount(faces.person), faces.templates.vectors
    most = [who for who in np.argsort(-count, kind="stable")[:_PEOPLE_SHOWN].tolist() if count[who] > 1]
    rows = {who: np.flatnonzero(faces.person == who)[:_PHOTOS_SHOWN] for who in most}
    return [ShownPerson(faces.names[who], vectors[own]) for who, own in rows.items()]


def _scored(faces: KnownFaces, one: Templates, chosen: PairList) -> ScoredPairs:
    similarity = np.empty(len(chosen.left))
    for start in range(0, len(similarity), _BLOCK):
        left, right = chosen.left[start : start + _BLOCK], chosen.right[start : start + _BLOCK]
        cosine = np.einsum("ij,ij->i", one.vectors[left], one.vectors[right], dtype=np.float64)
        similarity[start : start + _BLOCK] = cosine - (one.hubness[left] + one.hubness[right]) / 2
    person = faces.person[chosen.left], faces.person[chosen.right]
    return ScoredPairs(similarity, *person, chosen.same, chosen.weight, chosen.fold)


def _costs(scored: ScoredPairs, evidence: Doubles | None) -> tuple[float | None, float | None, float | None]:
    if evidence is None:
        return None, None, None
    both = scored.weighted(True, evidence), scored.weighted(False, evidence)
    return cllr(*both), min_cllr(*both), weighted_calibration_error(*both)
