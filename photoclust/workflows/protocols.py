"""Tests of faces whose person is known, by the protocols of biometrics: verification and identification."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from photoclust.errors import UsageError
from photoclust.evaluate.identification import Searches, SearchPoint, rank_rate, search_points
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
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.pairs import PairCalibration, Templates, pair_calibration_of, templates
from photoclust.records import face_embeddings
from photoclust.report.protocol_plots import Curves
from photoclust.types import Doubles, Floats, Rows
from photoclust.workflows.snapshot.labelled import labelled_faces

FALSE_MATCH_RATES = (1e-2, 1e-3, 1e-4)
FALSE_POSITIVE_RATES = (1e-2, 3e-3)
_BLOCK = 65_536  # pairs compared at once
_PROBES = 512  # probes searched at once


@dataclass(frozen=True)
class KnownFaces:
    """Main faces of labelled photos.

    Attributes
    ----------
    photos
        Path or URI of each.
    person
        int64, shape (n,): whose face each is.
    embeddings
        float32, shape (n, d): unit rows.
    model
        What embedded them.
    notes
        What was left out, a sentence each.
    """

    photos: list[str]
    person: Rows
    embeddings: Floats
    model: str
    notes: tuple[str, ...]

    @property
    def known(self) -> PairCalibration | None:
        """What a similarity says, if the model was calibrated."""
        return pair_calibration_of(self.model)

    @property
    def plain(self) -> Templates:
        """The faces as their embeddings come: neither centred nor score-normalised."""
        return Templates(self.embeddings, np.zeros(len(self.embeddings)))

    @property
    def templates(self) -> Templates:
        """The faces as they are compared: score-normalised where the model was calibrated."""
        calibration = calibration_of(self.model, self.embeddings.shape[1])
        centred = calibration.centred(self.embeddings)
        return templates(calibration, centred) if self.known else Templates(centred, np.zeros(len(centred)))


def known_faces(location: Location, labels: str) -> KnownFaces:
    """Read them.

    Raises
    ------
    UsageError
        The labels cannot be used.
    IndexMissingError
        There is no index.
    """
    labelled = labelled_faces(location, labels, grouped=False)
    store = IndexStore.open(location)
    embeddings = face_embeddings(store.faces(["embedding"]).take(labelled.rows))
    person = np.unique(labelled.people, return_inverse=True)[1].astype(np.int64)
    return KnownFaces(labelled.photos, person, embeddings, store.settings.embed.model, labelled.notes)


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
        curves=Curves(scored, thresholds, fmr, fnmr, evidence, points),
    )


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
