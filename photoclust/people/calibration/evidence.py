"""What is known of an embedder: where its vectors lie, and how much a similarity says.

How much a similarity says is worked out in `photoclust.people.calibration.spread`.

How much a face resembles strangers (`photoclust.people.calibration.hubness`) is taken away from its
similarities before evidence is weighed, as speaker recognition does with adaptive score normalisation
(Matějka et al., Analysis of score normalization in multilingual speaker recognition, Interspeech 2017). Of
LFW's development people that accepts 81 % of the genuine pairs at one false match in 100,000, where the
cosine alone accepts 70 %, and 91 % instead of 87 % at one in 10,000 (``benchmarks/calibrate.py``).

What blur and compression add to an embedding is much the same for everybody, so that small faces come to
resemble one another. The direction in which most of it lies is left out of what is compared (nuisance
attribute projection: Solomonoff, Campbell, Boardman, Advances in channel compensation for SVM speaker
recognition, ICASSP 2005). Two faces of up to 32 pixels were falsely matched 11 times as often as allowed at
1 in 1,000, and are twice as often now; at equal false match rates twice as many genuine pairs are accepted
(37.0 % instead of 17.3 % at 1 in 1,000), of faces of full size as many as before
(``benchmarks/smaller.py``).

Faces that cannot be recognised (too blurred, too dark, hidden, cut off, or no faces at all) do not look like
anybody, and so like each other: a model puts them into one place. How near to its middle an embedding lies
tells them from others (Deng, Xiong, Wang, Xia, Soatto, Harnessing unrecognizable faces for improving face
recognition, WACV 2023).

A calibration is two files beside this module, written by ``benchmarks/calibrate.py`` from the
development people of Labeled Faces in the Wild (3,708 photos of 1,711 people): arrays as ``.npz``, constants
as JSON. Under ``single_pairs`` that says which distance and which evidence a false match rate corresponds to,
among these people, 56 others of LFW (765 photos) and 12 of the web (1,166 photos); with those ``reliability``
was measured too.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.files import (
    Arrays,
    StoredCalibration,
    calibration_name,
    stored_calibration,
)
from photoclust.people.calibration.hubness import NEAREST, nearest_strangers, nearness, product
from photoclust.people.calibration.spread import SpreadModel
from photoclust.people.graph.neighbours import unit_rows
from photoclust.types import Doubles, Floats, MakeArray, Rows

# Of the similarity of strangers, by which the nearest of a cohort exceed the mean, as of casia-webface.
_NEAREST_DEVIATIONS = 2.7
# Cosine; the 3,708 main faces of LFW's development people reach 0.29, 31 % of the 673 others exceed it.
UNRECOGNIZABLE = 0.33


_Table: TypeAlias = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Calibration:
    """Statistics of one embedder, measured on labelled faces.

    Attributes
    ----------
    mean
        float32, shape (d,): mean embedding of many people; taken away before anything is compared.
    basis
        float32, shape (d, c): orthonormal directions in which people differ, or None for all. An
        InceptionResnetV1 fills 128 of its 512 dimensions but for 4e-5 of the squared length; left out as well
        is the direction in which the face of anybody is moved by being small and compressed.
    cohort
        float32, shape (s, c): unit vectors in the midst of several strangers each, or None.
    hubness
        Mean similarity of strangers to the cohort, see `score_normalised`.
    plain
        Weighs centred embeddings as they are, as an audit of labels does.
    weighed
        Weighs embeddings that are score-normalised, as grouping does.
    single_pairs
        False match rates, falling, and the evidence that such a share of the pairs of faces of two people
        exceeds.
    reliability
        Evidence, rising, and the share of memberships with so much of it that were right.
    unrecognizable
        float32, shape (c,): unit vector in the midst of faces that cannot be recognised, or None.
    """

    mean: Floats
    basis: Floats | None
    cohort: Floats | None
    hubness: float
    plain: SpreadModel
    weighed: SpreadModel
    single_pairs: tuple[tuple[float, float], ...]
    reliability: tuple[tuple[float, float], ...]
    unrecognizable: Floats | None = None

    def centred(self, embeddings: npt.NDArray[Any]) -> Floats:
        """Take the mean embedding away, keep the directions that matter and scale to unit length again.

        Parameters
        ----------
        embeddings
            Real, shape (n, d), unit rows.

        Returns
        -------
        float32, shape (n, c), unit rows.

        Raises
        ------
        VectorError
            A row is not a finite unit vector; ``row`` tells which.
        """
        rows = unit_rows(embeddings)
        rows -= self.mean
        if self.basis is not None:
            rows = product(rows, self.basis)
        rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
        return rows

    def recognizable(self, centred: Floats) -> npt.NDArray[np.bool_]:
        """Tell faces that look like somebody from those that only look alike.

        Parameters
        ----------
        centred
            float32, shape (n, c), from `centred`.

        Returns
        -------
        bool, shape (n,)
        """
        if self.unrecognizable is None:
            return np.ones(len(centred), bool)
        return product(centred, self.unrecognizable[:, None])[:, 0] <= UNRECOGNIZABLE

    def score_normalised(
        self, centred: Floats, photos: Rows | None = None, make: MakeArray = np.empty
    ) -> tuple[Floats, SpreadModel]:
        """Embeddings with what they have in common with strangers, and the model that weighs them.

        A face's hubness h is its `nearness` to strangers, less the mean of that over many people. It is one
        more column, so that sums of such embeddings can be weighed as well.

        Parameters
        ----------
        centred
            float32, shape (n, c), from `centred`.
        photos
            int64, shape (n,): see `nearness`; None where each face has a photo of its own.
        make
            Makes the array of the embeddings.

        Returns
        -------
        embeddings
            float32, shape (n, c + 1).
        model
            `weighed`.
        """
        found = make((len(centred), centred.shape[1] + 1), np.float32)
        found[:, :-1], found[:, -1] = centred, 0
        if self.cohort is not None:
            found[:, -1] = nearness(centred, self.cohort, photos) - self.hubness
        return found, self.weighed

    def nearest_strangers(self, centred: Floats) -> Floats:
        """Similarities to strangers that are near, in no order; as many as are typical where none are known.

        Parameters
        ----------
        centred
            float32, shape (n, c), unit rows: faces, or templates of several.

        Returns
        -------
        float32, shape (n, `NEAREST`)
        """
        if self.cohort is not None:
            return nearest_strangers(centred, self.cohort)
        typical = _NEAREST_DEVIATIONS / self.weighed.dimensions**0.5
        return np.full((len(centred), NEAREST), typical, np.float32)

    def evidence_at(self, false_match_rate: Doubles | float) -> Doubles:
        """Evidence that so small a share of the pairs of faces of two people exceeds.

        Between the rates measured it is linear in the logarithm of the rate, but never more than the model
        asks for: of two people the likelihood ratio exceeds x with probability 1 / x at most (Markov's
        inequality). To go on beyond the smallest rate as steeply as between the last two measured would be
        too careful: among 200,000 strangers a quarter of the genuine pairs of LFW's development people were
        then not joined.
        """
        rates, evidence = (np.array(column) for column in zip(*self.single_pairs, strict=True))
        rarity, wanted = -np.log(rates), -np.log(false_match_rate)
        beyond = np.maximum(0.0, wanted - rarity[-1])
        return np.minimum(np.interp(wanted, rarity, evidence) + beyond, wanted)

    def false_match_rate(self, evidence: float) -> float:
        """Share of the pairs of faces of two people whose evidence is at least so much; see `evidence_at`.

        Between the rates measured it is interpolated, and below the smallest evidence it is that one's.
        """
        rates, at = (np.array(column) for column in zip(*self.single_pairs, strict=True))
        return float(np.exp(-np.interp(evidence, at, -np.log(rates)) - max(0.0, evidence - at[-1])))

    def confidence(self, evidence: Doubles) -> Doubles:
        """Probability that a face belongs to the group it is in, float64, shape (n,), in [0, 1].

        Parameters
        ----------
        evidence
            float64, shape (n,): what speaks for its group, less what speaks for the best other one, less the
            logarithm of the number of people. Between what was measured, log odds are interpolated.
        """
        at, share = (np.array(column) for column in zip(*self.reliability, strict=True))
        return 1 / (1 + np.exp(-np.interp(evidence, at, np.log(share / (1 - share)))))


MODELS = frozenset({"casia-webface"})
"""Models that were measured."""


def calibration_of(model: str = "", size: int = 512) -> Calibration:
    """Calibration of a model; of one that was not measured, or of none, casia-webface's constants alone.

    One that was made on this machine goes before a shipped one.

    Raises
    ------
    WeightsError
        The one that was made is damaged, or of other weights.
    """
    stored = stored_calibration(model)
    return calibration_from(stored) if stored is not None else _shipped(model, size)


def is_calibrated(model: str) -> bool:
    """Whether a model was measured, here or before it was shipped."""
    return calibration_name(model) is not None


def values_of(calibration: Calibration) -> tuple[dict[str, Any], Arrays]:
    """Constants and arrays of a calibration, as `photoclust.people.calibration.files` keeps them."""
    values = {
        "hubness": calibration.hubness,
        "plain": asdict(calibration.plain),
        "weighed": asdict(calibration.weighed),
        "single_pairs": [{"false_match_rate": a, "evidence": b} for a, b in calibration.single_pairs],
        "reliability": [{"evidence": a, "right": b} for a, b in calibration.reliability],
    }
    arrays = {name: getattr(calibration, name) for name in _ARRAYS}
    return values, {name: array for name, array in arrays.items() if array is not None}


_ARRAYS = ("mean", "basis", "cohort", "unrecognizable")


def calibration_from(stored: StoredCalibration) -> Calibration:
    """The calibration that a file holds; inverse of `values_of`."""
    values = stored.values["evidence"]
    found = {name: stored.arrays[name].astype(np.float32) for name in _ARRAYS if name in stored.arrays}
    mean, basis, cohort, unrecognizable = (found.get(name) for name in _ARRAYS)
    assert mean is not None
    return Calibration(mean, basis, cohort, values["hubness"], *_constants(values), unrecognizable)


def _constants(values: dict[str, Any]) -> tuple[SpreadModel, SpreadModel, _Table, _Table]:
    plain, weighed = (SpreadModel(**values[name]) for name in ("plain", "weighed"))
    pairs = tuple((one["false_match_rate"], one["evidence"]) for one in values["single_pairs"])
    reliability = tuple((one["evidence"], one["right"]) for one in values["reliability"])
    return plain, weighed, pairs, reliability


@cache
def _shipped(model: str, size: int) -> Calibration:
    folder = files("photoclust.people.calibration") / "data"
    known = folder / f"{model}.json"
    values = json.loads((known if known.is_file() else folder / "casia-webface.json").read_text("utf-8"))
    constants = _constants(values)
    if not known.is_file():
        return Calibration(np.zeros(size, np.float32), None, None, 0.0, *constants)
    with (folder / f"{model}.npz").open("rb") as file, np.load(file) as arrays:
        names = ("mean", "basis", "cohort", "unrecognizable")
        mean, basis, cohort, unrecognizable = (arrays[name].astype(np.float32) for name in names)
    return Calibration(mean, basis, cohort, values["hubness"], *constants, unrecognizable)
