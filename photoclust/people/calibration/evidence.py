"""What is known of an embedder: where its vectors lie, and how much a similarity says.

The model behind `Calibration.evidence` is the two-covariance model (Brümmer and de Villiers, The speaker
partitioning problem, Odyssey 2010) in its simplest, spherical form: an embedding is the sum of an identity,
drawn from N(0, b I), and of what differs between photos of one person, drawn from N(0, w I). Then the
likelihood ratio of "one person" against "two people" for two sets of faces depends only on their sizes, the
lengths of their means and the angle between them, and it weighs evidence as it should: a few faces must agree
closely, many may agree less. Photos of a person come in series (years, glasses, light), so that n of them
tell less than n independent ones would: ``correlation`` shrinks their number.

How much a face resembles strangers (`photoclust.people.calibration.hubness`) is taken away from its
similarities before evidence is weighed, as speaker recognition does with adaptive score normalisation
(Matějka et al., Analysis of score normalization in multilingual speaker recognition, Interspeech 2017). Of
people that neither mean nor cohort was made from, that accepts 82 % of the genuine pairs at one false match
in 100,000, where the cosine alone accepts 75 %, and 90.5 % instead of 88.3 % at one in 10,000
(``tools/calibrate.py``).

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

A calibration is two files beside this module, written by ``tools/calibrate.py`` from the
development people of Labeled Faces in the Wild (3,708 photos of 1,711 people): arrays as ``.npz``, constants
as JSON. Under ``single_pairs`` that says which distance and which evidence a false match rate corresponds to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.hubness import nearness, product
from photoclust.people.graph.neighbours import unit_rows
from photoclust.types import Doubles, Floats, Rows

# Cosine; the 3,708 main faces of LFW's development people reach 0.29, 31 % of the 673 others exceed it.
_UNRECOGNIZABLE = 0.33


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
    identity
        Share of the variance of embeddings that is identity, in (0, 1).
    dimensions
        Number of independent directions that account for the spread of impostor similarities: 1 / variance.
    correlation
        Correlation between what differs in two photos of one person, in [0, 1): m photos count as
        m / (1 + (m − 1) correlation).
    identity_weighed, dimensions_weighed
        The same of embeddings that were weighed.
    cohesion, cohesion_deviation
        Mean and standard deviation, over people, of how similar their photos are to one another on average.
    single_pairs
        False match rates, falling, and the evidence that such a share of the pairs of faces of two people
        exceeds.
    reliability
        Evidence, rising, and the share of memberships with so much of it that were right.
    baseline
        Inner product of weighed embeddings that stands for no similarity.
    unrecognizable
        float32, shape (c,): unit vector in the midst of faces that cannot be recognised, or None.
    """

    mean: Floats
    basis: Floats | None
    cohort: Floats | None
    hubness: float
    identity: float
    dimensions: float
    correlation: float
    identity_weighed: float
    dimensions_weighed: float
    cohesion: float
    cohesion_deviation: float
    single_pairs: tuple[tuple[float, float], ...]
    reliability: tuple[tuple[float, float], ...]
    baseline: float = 0.0
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
        return product(centred, self.unrecognizable[:, None])[:, 0] <= _UNRECOGNIZABLE

    def score_normalised(self, centred: Floats, photos: Rows | None = None) -> tuple[Floats, Calibration]:
        """Embeddings that resemble strangers less, and the calibration whose evidence takes them.

        A face's hubness h is its `nearness` to strangers, less the mean of that over many people. Evidence is
        to see ⟨x, y⟩ − (h(x) + h(y)) / 2. That is the inner product of (x, 1 − h(x)/2) and (y, 1 − h(y)/2),
        less 1, but for h(x) h(y) / 4, which is below 0.005 for any two faces of the development people: so
        hubness is one more column, and sums of weighed embeddings can be weighed as well.

        Parameters
        ----------
        centred
            float32, shape (n, c), from `centred`.
        photos
            int64, shape (n,): see `nearness`; None where each face has a photo of its own.

        Returns
        -------
        embeddings
            float32, shape (n, c + 1).
        calibration
            This one, with their baseline and constants.
        """
        hubness = np.zeros(len(centred))
        if self.cohort is not None:
            hubness = nearness(centred, self.cohort, photos) - self.hubness
        column = (1 - hubness / 2).astype(np.float32)
        return np.column_stack([centred, column]), self.scorer()

    def scorer(self) -> Calibration:
        """Calibration for embeddings that were weighed: this one, with their baseline and constants."""
        identity, dimensions = self.identity_weighed, self.dimensions_weighed
        return replace(self, baseline=1.0, identity=identity, dimensions=dimensions)

    def evidence(
        self, m: Doubles, n: Doubles, power_m: Doubles, power_n: Doubles, product: Doubles
    ) -> Doubles:
        """Log-likelihood ratio of one person against two, for pairs of groups.

        Parameters
        ----------
        m, n
            float64, shape (pairs,): faces in the two groups.
        power_m, power_n
            float64, shape (pairs,): squared lengths of their mean embeddings.
        product
            float64, shape (pairs,): inner product of the two means.

        Returns
        -------
        float64, shape (pairs,): above 0 where one person is the likelier explanation.
        """
        strain = self._cohesion_penalty(m + n, m * m * power_m + n * n * power_n + 2 * m * n * product)
        b, w = self.identity / self.dimensions, (1 - self.identity) / self.dimensions
        power_m, power_n, product = power_m - self.baseline, power_n - self.baseline, product - self.baseline
        m, n = self._effective_count(m), self._effective_count(n)
        square_m, square_n = m * m * power_m, n * n * power_n
        joint = square_m + square_n + 2 * m * n * product
        fit = joint / (w + (m + n) * b) - square_m / (w + m * b) - square_n / (w + n * b)
        spread = np.log(w + m * b) + np.log(w + n * b) - np.log(w) - np.log(w + (m + n) * b)
        return (b / w * fit + self.dimensions * spread) / 2 - strain

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

    def _cohesion_penalty(self, count: Doubles, square: Doubles) -> Doubles:
        """What speaks against so many faces being one person, given the squared length of their sum.

        The model takes for granted that the photos of everybody differ by as much, so that two groups of
        faces whose means agree are one person, be those faces however unlike. Where strangers lie dense,
        among hundreds of thousands, a group that has taken in two of them takes in ever more: there groups of
        a hundred strangers and more had a mean similarity of 0.28 to 0.46, where the 125 of LFW's development
        people who have five photos and more reach 0.71 ± 0.07. This is minus the logarithm of a normal
        density of that, where it is below the mean. Of a pair it says nothing which their similarity does not
        say already, hence the last factor.
        """
        count = np.maximum(count, 2)
        similarity = (square - count * (1 + self.baseline)) / (count * (count - 1)) - self.baseline
        lack = np.maximum(0, (self.cohesion - similarity) / self.cohesion_deviation)
        return lack**2 / 2 * (1 - 2 / count)

    def _effective_count(self, count: Doubles) -> Doubles:
        """How many independent photos so many photos of one person are worth."""
        return count / (1 + np.maximum(count - 1, 0) * self.correlation)


_CONSTANTS = (
    "identity",
    "dimensions",
    "correlation",
    "identity_weighed",
    "dimensions_weighed",
    "cohesion",
    "cohesion_deviation",
)


MODELS = frozenset({"casia-webface"})
"""Models that were measured."""


@cache
def calibration_of(model: str = "", size: int = 512) -> Calibration:
    """Calibration of a model; of one that was not measured, or of none, casia-webface's constants alone."""
    folder = files("photoclust.people.calibration") / "data"
    known = folder / f"{model}.json"
    values = json.loads((known if known.is_file() else folder / "casia-webface.json").read_text("utf-8"))
    constants: dict[str, Any] = {name: values[name] for name in _CONSTANTS}
    pairs = values["single_pairs"]
    constants["single_pairs"] = tuple((one["false_match_rate"], one["evidence"]) for one in pairs)
    constants["reliability"] = tuple((one["evidence"], one["right"]) for one in values["reliability"])
    if not known.is_file():
        return Calibration(np.zeros(size, np.float32), None, None, 0.0, **constants)
    with (folder / f"{model}.npz").open("rb") as file, np.load(file) as arrays:
        names = ("mean", "basis", "cohort", "unrecognizable")
        mean, basis, cohort, unrecognizable = (arrays[name].astype(np.float32) for name in names)
    return Calibration(mean, basis, cohort, values["hubness"], **constants, unrecognizable=unrecognizable)
