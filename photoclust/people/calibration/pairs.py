"""How likely it is that two faces, or a face and a person of several faces, are one person.

The measure of likeness is the cosine of two centred embeddings less the mean of how much each resembles
strangers (`photoclust.people.calibration.hubness`). What it is worth is read from a table beside this module
that ``tools/calibrate_pairs.py`` makes of the development people of Labeled Faces in the Wild, each scored
with a mean and a cohort that other people were taken for:

- the logarithm of the likelihood ratio is linear in the similarity (logistic regression at even prior odds,
  every photo of equal weight), but never below the logarithm of a share of pairs in which people do not
  look like themselves, nor above what so many pairs of strangers can show;
- regressions of people drawn anew, with replacement, say how far other people may differ;
- false match rates and the distances that go with them are quantiles of the pairs of two people.

A person of several faces is compared by the direction of the mean of their centred embeddings. The table has
a regression for several numbers of faces; between them it is interpolated.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.errors import UsageError
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.files import stored_calibration
from photoclust.people.calibration.hubness import nearness
from photoclust.types import Doubles, Floats, Rows

INTERVAL = (0.025, 0.975)
"""Quantiles of what people drawn anew give."""
_WIDER = 2.0  # another collection is a draw too, which makes it the root of 2; that holds in 88 of 100 cases


@dataclass(frozen=True)
class Templates:
    """Embeddings as they are compared.

    Attributes
    ----------
    vectors
        float32, shape (n, c): unit rows.
    hubness
        float64, shape (n,): how much each resembles strangers, less what faces do on average.
    """

    vectors: Floats
    hubness: Doubles

    def __len__(self) -> int:
        return len(self.vectors)

    def similarity(self, other: Templates) -> Doubles:
        """Score-normalised cosine of each with each of the others: float64, shape (n, m)."""
        cosine = self.vectors.astype(np.float64) @ other.vectors.astype(np.float64).T
        return cosine - (self.hubness[:, None] + other.hubness[None, :]) / 2


def templates(calibration: Calibration, centred: Floats, photos: Rows | None = None) -> Templates:
    """Faces, or means of the faces of people, made ready for comparison.

    Parameters
    ----------
    calibration
        That of their model.
    centred
        float32, shape (n, c): unit rows, from `Calibration.centred` or means of such.
    photos
        int64, shape (n,): equal for the faces of one photo, which tell how much that photo makes its faces
        resemble strangers; see `nearness`.
    """
    hubness = np.zeros(len(centred))
    if calibration.cohort is not None:
        hubness = nearness(centred, calibration.cohort, photos) - calibration.hubness
    return Templates(centred, hubness)


@dataclass(frozen=True)
class PairCalibration:
    """What a similarity says, for one model.

    Attributes
    ----------
    model
        The model.
    people
        How many people it was measured on.
    counts
        float64, shape (k,): numbers of faces of a person, rising from 1.
    regressions
        float64, shape (k, 1 + draws, 3): for each number of faces intercept, slope and the logarithm of the
        least likelihood ratio; first those of all people, then those of people drawn anew.
    most
        Greatest logarithm of a likelihood ratio.
    rates
        float64, shape (r,): false match rates, falling.
    distances
        float64, shape (r,): 1 less the similarity that such a share of the pairs of two people exceeds.
    """

    model: str
    people: int
    counts: Doubles
    regressions: Doubles
    most: float
    rates: Doubles
    distances: Doubles

    def evidence(self, similarity: npt.ArrayLike, faces: npt.ArrayLike = 1) -> Doubles:
        """Logarithm of the likelihood ratio of one person against two.

        Parameters
        ----------
        similarity
            Real, shape (n,).
        faces
            Number of faces behind each template that a single face was compared with, shape (n,) or ().

        Returns
        -------
        float64, shape (n,)
        """
        return self._evidence(similarity, faces, slice(0, 1))[..., 0]

    def probability(
        self, similarity: npt.ArrayLike, prior: float = 0.5, faces: npt.ArrayLike = 1
    ) -> tuple[Doubles, Doubles, Doubles]:
        """Probability of one person, and the interval in which it lies for other people.

        Parameters
        ----------
        similarity, faces
            As for `evidence`.
        prior
            Probability of one person before the faces were seen, in (0, 1).

        Returns
        -------
        probability, low, high
            float64, shape (n,), in (0, 1). Another collection of as many people as this was measured on would
            give a probability between `low` and `high` in 95 of 100 cases: the spread of people drawn anew is
            widened accordingly.
        """
        odds = np.log(prior) - np.log1p(-prior)
        middle, low, high = self.evidence_interval(similarity, faces)
        return _logistic(middle + odds), _logistic(low + odds), _logistic(high + odds)

    def evidence_interval(
        self, similarity: npt.ArrayLike, faces: npt.ArrayLike = 1
    ) -> tuple[Doubles, Doubles, Doubles]:
        """Evidence, and the ends of the interval that `probability` speaks of; parameters as there."""
        every = self._evidence(similarity, faces, slice(None))
        middle = every[..., 0]
        ends = np.quantile(every[..., 1:] - middle[..., None], INTERVAL, axis=-1) * _WIDER
        low, high = middle + np.minimum(ends[0], 0), middle + np.maximum(ends[1], 0)
        return middle, low, np.minimum(high, self.most)

    def threshold(self, false_match_rate: float, pairs: int = 1) -> float:
        """Distance below which so small a share of the pairs of two people lies.

        Of several pairs, the chance that any lies below it is no greater, as long as that was measured.

        Raises
        ------
        UsageError
            The rate was not measured.
        """
        most, least = float(self.rates[0]), float(self.rates[-1])
        if not least <= false_match_rate <= most:
            raise UsageError(
                f"The false match rate must lie between {least:g} and {most:g}, for which {self.model} was "
                f"measured, not be {false_match_rate:g}."
            )
        rarity = -np.log(false_match_rate / pairs)
        return float(np.interp(rarity, -np.log(self.rates), self.distances))

    def false_match_rate(self, distance: float) -> float:
        """Share of the pairs of two people at a distance of at most so much, as far as it was measured."""
        return float(np.exp(np.interp(distance, self.distances[::-1], np.log(self.rates[::-1]))))

    def _evidence(self, similarity: npt.ArrayLike, faces: npt.ArrayLike, which: slice) -> Doubles:
        """The same by several regressions: float64, shape (n, regressions)."""
        value = np.asarray(similarity, np.float64)[..., None]
        at = np.interp(np.log(faces), np.log(self.counts), np.arange(len(self.counts)))
        below = np.floor(at).astype(int)
        above, share = np.minimum(below + 1, len(self.counts) - 1), (at - below)[..., None, None]
        table = self.regressions[:, which]
        intercept, slope, least = np.moveaxis(table[below] * (1 - share) + table[above] * share, -1, 0)
        return np.minimum(bounded(intercept + slope * value, least), self.most)


def bounded(line: Doubles, least: Doubles | float) -> Doubles:
    """Logarithm of a likelihood ratio where a share exp(`least`) of genuine pairs is like impostors."""
    return np.logaddexp(np.log1p(-np.exp(least)) + line, least)


def _logistic(odds: Doubles) -> Doubles:
    return 1 / (1 + np.exp(-odds))


def digest(calibration: Calibration) -> str:
    """What a table was made with: mean, directions, cohort and hubness of a calibration, summed up."""
    parts = (calibration.mean, calibration.basis, calibration.cohort)
    content = b"".join(part.tobytes() for part in parts if part is not None)
    return hashlib.blake2b(content + str(calibration.hubness).encode(), digest_size=8).hexdigest()


def pair_calibration_of(model: str) -> PairCalibration | None:
    """Calibration of pairs of a model; None where it was not measured.

    One that was made on this machine goes before a shipped one.
    """
    stored = stored_calibration(model)
    return from_values(stored.values["pairs"]) if stored is not None else _shipped(model)


@cache
def _shipped(model: str) -> PairCalibration | None:
    file = files("photoclust.people.calibration") / "data" / f"{model}-pairs.json"
    return from_values(json.loads(file.read_text("utf-8"))) if file.is_file() else None


def from_values(values: dict[str, Any]) -> PairCalibration:
    """Calibration from the values of its file."""
    rates = values["false_match_rates"]
    by_faces = values["by_faces"]
    return PairCalibration(
        model=values["model"],
        people=values["people"],
        counts=np.array([one["faces"] for one in by_faces], np.float64),
        regressions=np.array([[one["all"], *one["drawn_anew"]] for one in by_faces]),
        most=values["most_evidence"],
        rates=np.array([one["false_match_rate"] for one in rates]),
        distances=np.array([one["distance"] for one in rates]),
    )
