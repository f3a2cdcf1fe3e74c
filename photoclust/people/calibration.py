"""What is known of an embedder: where its vectors lie, and how much a similarity says.

The model behind `Calibration.evidence` is the two-covariance model (Brümmer and de Villiers, The speaker
partitioning problem, Odyssey 2010) in its simplest, spherical form: an embedding is the sum of an identity,
drawn from N(0, b I), and of what differs between photos of one person, drawn from N(0, w I). Then the
likelihood ratio of "one person" against "two people" for two sets of faces depends only on their sizes, the
lengths of their means and the angle between them, and it weighs evidence as it should: a few faces must agree
closely, many may agree less. Photos of a person come in series (years, glasses, light), so that n of them
tell less than n independent ones would: ``correlation`` shrinks their number.

A calibration is a JSON file beside this module, written by ``tests/benchmarks/calibrate.py`` from the
development people of Labeled Faces in the Wild (3,708 photos of 1,711 people). Under ``single_pairs`` it says
which distance and which evidence a false match rate corresponds to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.people.neighbours import unit_rows

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Calibration:
    """Statistics of one embedder, measured on labelled faces.

    Attributes
    ----------
    mean
        float32, shape (d,): mean embedding of many people; taken away before anything is compared.
    identity
        Share of the variance of embeddings that is identity, in (0, 1).
    dimensions
        Number of independent directions that account for the spread of impostor similarities: 1 / variance.
    correlation
        Correlation between what differs in two photos of one person, in [0, 1): m photos count as
        m / (1 + (m − 1) correlation).
    """

    mean: Floats
    identity: float
    dimensions: float
    correlation: float
    confidence_slope: float
    confidence_offset: float

    def centred(self, embeddings: npt.NDArray[Any]) -> Floats:
        """Take the mean embedding away and scale to unit length again.

        Parameters
        ----------
        embeddings
            Real, shape (n, d), unit rows.

        Returns
        -------
        float32, shape (n, d), unit rows.

        Raises
        ------
        VectorError
            A row is not a finite unit vector; ``row`` tells which.
        """
        rows = unit_rows(embeddings)
        rows -= self.mean
        rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
        return rows

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
        b, w = self.identity / self.dimensions, (1 - self.identity) / self.dimensions
        m, n = self._worth(m), self._worth(n)
        square_m, square_n = m * m * power_m, n * n * power_n
        joint = square_m + square_n + 2 * m * n * product
        fit = joint / (w + (m + n) * b) - square_m / (w + m * b) - square_n / (w + n * b)
        spread = np.log(w + m * b) + np.log(w + n * b) - np.log(w) - np.log(w + (m + n) * b)
        return (b / w * fit + self.dimensions * spread) / 2

    def confidence(self, evidence: Doubles) -> Doubles:
        """Probability that a face belongs to the group it is in, float64, shape (n,), in [0, 1].

        Parameters
        ----------
        evidence
            float64, shape (n,): what speaks for its group, less what speaks for the best other one, less the
            logarithm of the number of people.
        """
        odds = self.confidence_slope * evidence + self.confidence_offset
        return 1 / (1 + np.exp(-np.clip(odds, -60, 60)))

    def _worth(self, count: Doubles) -> Doubles:
        """How many independent photos so many photos of one person are worth."""
        return count / (1 + np.maximum(count - 1, 0) * self.correlation)


_CONSTANTS = ("identity", "dimensions", "correlation", "confidence_slope", "confidence_offset")


@cache
def calibration_of(model: str, size: int = 512) -> Calibration:
    """Calibration of a model; of one that was not measured, casia-webface's without its mean."""
    folder = files("photoclust.people") / "calibrations"
    known = folder / f"{model}.json"
    values = json.loads((known if known.is_file() else folder / "casia-webface.json").read_text("utf-8"))
    mean = np.array(values["mean"], np.float32) if known.is_file() else np.zeros(size, np.float32)
    return Calibration(mean, **{name: values[name] for name in _CONSTANTS})
