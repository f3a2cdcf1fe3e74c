"""Whether two photos show the same person."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from photoclust.config import ClusterConfig, EmbedConfig, IndexSettings
from photoclust.errors import UsageError
from photoclust.models.weights import card_of
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.pairs import PairCalibration, pair_calibration_of, templates
from photoclust.workflows.opening import with_model
from photoclust.workflows.snapshot.probes import ProbePhoto, Prober
from photoclust.workflows.verify.result import COSINE, NORMALISED, FacePair, Verification, VerifiedFace

__all__ = ["FacePair", "Verification", "VerifiedFace", "VerifyOptions", "verify"]


@dataclass(frozen=True)
class VerifyOptions:
    """What may be said about a verification.

    Parameters
    ----------
    false_match_rate
        Chance that photos of two people are taken for one person; gives the threshold. Of photos with several
        faces each pair gets its share of it.
    threshold
        Greatest distance of one person instead; needed for a model that was not calibrated.
    prior
        Probability, in (0, 1), that the photos show one person before they were looked at; of several pairs
        each gets its share.
    model
        Embedding model; see ``photoclust models``.
    face, other_face
        Number of the face that is meant in either photo, from 1, best first; None for all.
    """

    false_match_rate: float = 1e-3
    threshold: float | None = None
    prior: float = 0.5
    model: str = EmbedConfig.model
    face: int | None = None
    other_face: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.prior < 1:
            raise UsageError(f"The prior probability must lie between 0 and 1, not be {self.prior:g}.")
        if self.threshold is not None and not 0 < self.threshold < 2:
            raise UsageError(f"The threshold is a distance between 0 and 2, not {self.threshold:g}.")


def verify(
    one: str, other: str, options: VerifyOptions | None = None, picture: Path | None = None
) -> Verification:
    """Say whether two photos show the same person.

    Parameters
    ----------
    one, other
        Path or URI of a photo.
    options
        Threshold, prior probability, model, which faces.
    picture
        Where to write a picture with both photos, the faces and the verdict.

    Raises
    ------
    UsageError
        There is no such photo or face, or the false match rate was not measured.
    ProbeError
        A photo cannot be used, or shows no face.
    WeightsError
        The model is not known, or its weights are not here.
    OutputError
        The picture cannot be written.
    """
    began, options = time.monotonic(), options or VerifyOptions()
    card_of(options.model)  # refuses a model that there is not
    known = pair_calibration_of(options.model)
    _threshold(options, known)  # refuses before a photo is opened
    prober = Prober(with_model(IndexSettings(), options.model))
    photos = prober.one(one), prober.one(other)
    chosen = photos[0].chosen(options.face), photos[1].chosen(options.other_face)
    count = len(chosen[0]) * len(chosen[1])
    threshold = _threshold(options, known, count)
    pairs = _pairs(photos, chosen, _Measure(options.model, known, threshold, options.prior / count))
    found = Verification(
        verified=pairs[0].verified,
        photos=(photos[0].ref.uri, photos[1].ref.uri),
        faces=(_faces(photos[0]), _faces(photos[1])),
        pairs=pairs,
        threshold=threshold,
        false_match_rate=known.false_match_rate(threshold) if known else None,
        prior=options.prior,
        model=options.model,
        similarity_metric=NORMALISED if known else COSINE,
        notes=_notes(photos, pairs[0].faces) if known else (),
        same_picture=photos[0].row["photo_id"] == photos[1].row["photo_id"],
        seconds=time.monotonic() - began,
    )
    if picture is not None:
        from photoclust.report.verification_picture import write_verification_picture

        pixels = [prober.pixels(photo) for photo in photos]
        write_verification_picture(found, found.lines(), found.best.faces, pixels, picture)
    return found


def _threshold(options: VerifyOptions, known: PairCalibration | None, pairs: int = 1) -> float:
    if options.threshold is not None:
        return options.threshold
    if known is None:
        raise UsageError(
            f"{options.model} was not calibrated, so that no false match rate is known of it; give a "
            "threshold, the greatest cosine distance of one person."
        )
    return known.threshold(options.false_match_rate, pairs)


def _notes(photos: tuple[ProbePhoto, ProbePhoto], faces: tuple[int, int]) -> tuple[str, ...]:
    """Say which face is so unclear that the calibration, measured on clear ones, says little of it."""
    quality = [
        photo.faces["quality"][number - 1].as_py() for photo, number in zip(photos, faces, strict=True)
    ]
    return tuple(
        f"Face {number} of {side} is unclear (quality {value:.2f}); such faces resemble one another "
        "more than those that the probability was measured on."
        for side, number, value in zip("AB", faces, quality, strict=True)
        if value < ClusterConfig.min_quality
    )


def _faces(photo: ProbePhoto) -> tuple[VerifiedFace, ...]:
    rows = photo.faces.select(["box", "landmarks", "quality"]).to_pylist()
    return tuple(
        VerifiedFace(
            number,
            tuple(round(value, 1) for value in row["box"]),
            tuple(zip(*(iter([round(value, 1) for value in row["landmarks"]]),) * 2, strict=True)),
            round(row["quality"], 3),
        )
        for number, row in enumerate(rows, 1)
    )


def _pairs(
    photos: tuple[ProbePhoto, ProbePhoto],
    chosen: tuple[list[int], list[int]],
    measure: _Measure,
) -> tuple[FacePair, ...]:
    """Every pair of the chosen faces, closest first."""
    calibration = calibration_of(measure.model, photos[0].embeddings.shape[1])
    rows = [calibration.centred(photo.embeddings) for photo in photos]
    cosine = rows[0].astype(np.float64) @ rows[1].astype(np.float64).T
    one, other = (templates(calibration, side, np.zeros(len(side), np.int64)) for side in rows)
    likeness = one.similarity(other) if measure.known else cosine
    found = [
        measure.pair((i + 1, j + 1), 1 - float(likeness[i, j]), 1 - float(cosine[i, j]))
        for i in chosen[0]
        for j in chosen[1]
    ]
    return tuple(sorted(found, key=lambda pair: (pair.distance, pair.faces)))


@dataclass(frozen=True)
class _Measure:
    """What a distance means."""

    model: str
    known: PairCalibration | None
    threshold: float
    prior: float  # of a single pair

    def pair(self, faces: tuple[int, int], distance: float, cosine_distance: float) -> FacePair:
        rate, chances = None, (None, None, None)
        if self.known:
            rate = self.known.false_match_rate(distance)
            chances = tuple(float(value[0]) for value in self.known.probability([1 - distance], self.prior))
        cosine_distance = max(0.0, cosine_distance)
        return FacePair(
            faces=faces,
            verified=distance <= self.threshold,
            distance=distance,
            cosine_distance=cosine_distance,
            euclidean_distance=float(np.sqrt(2 * cosine_distance)),
            false_match_rate=rate,
            probability=chances[0],
            probability_low=chances[1],
            probability_high=chances[2],
        )
