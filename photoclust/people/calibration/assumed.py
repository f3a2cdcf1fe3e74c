"""A calibration for vectors of a model that was not measured, from one threshold and the vectors themselves.

Nothing is known of such a model but the threshold at which its users take two faces for one person. In the
two-covariance model of `photoclust.people.calibration.spread` a pair of unit vectors with the inner product
s has the log-likelihood ratio D (i (s − i) / (1 − i²) − ln(1 − i²) / 2), where i is the share of the variance
that is identity and D the number of independent directions. It is 0 at

    s = i + (1 − i²) ln(1 − i²) / (2 i),

which does not depend on D: so the threshold, at which one person is as likely as two, says what i is. For
casia-webface, where i was measured as 0.65, that is a cosine distance of 0.59; the best threshold on the
balanced pairs of LFW is 0.63.

D and what all vectors have in common follow from pairs of the vectors that are farther apart than the
threshold: nearly all of those are two people. D is one over the variance of their similarities; their mean
similarity is taken away, along the mean direction of all vectors.

The rest is not measured, but assumed, on the careful side. The evidence that a join needs is the logarithm of
one over the false match rate that is allowed (Markov's inequality; casia-webface needs 5 instead of 7 at one
in 1,000). Confidence is the probability that the model itself gives. That photos of one person come in series
(``correlation``), and how unlike the photos of a person may be, is taken from casia-webface.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from photoclust.errors import UsageError
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.types import Doubles, Floats

_PAIRS = 200_000  # sampled; the standard error of their mean similarity is below 0.001
_FEW = 100  # pairs of strangers; fewer say nothing about all
_DIMENSIONS = 55.0  # casia-webface's, where the vectors do not tell
_CERTAIN = 30.0  # evidence beyond which a probability is 0 or 1 in float32


def assumed_calibration(rows: Floats, threshold: float) -> Calibration:
    """Calibration of vectors of an unknown model.

    Parameters
    ----------
    rows
        float32, shape (n, d), unit rows.
    threshold
        Cosine distance, 1 − cos, in (0, 1), at which two vectors are as likely of one person as of two: the
        best threshold of the model in a balanced test of verification.

    Raises
    ------
    UsageError
        The threshold is out of range, or these vectors are all nearer to one another than strangers can be.
    """
    if not 0 < threshold < 1:
        raise UsageError(f"threshold must be a cosine distance in (0, 1), not {threshold}.")
    similarity = _similarity_of_pairs(rows)
    strangers = similarity[similarity < 1 - threshold]
    common, dimensions = 0.0, min(_DIMENSIONS, rows.shape[1])
    if len(strangers) >= _FEW:
        common = max(0.0, float(strangers.mean()))
        dimensions = float(np.clip((1 - common) ** 2 / max(strangers.var(), 1e-9), 1, rows.shape[1]))
    identity = _identity_at((1 - threshold - common) / (1 - common))
    measured = calibration_of().plain
    scale = identity / measured.identity
    model = replace(
        measured,
        identity=identity,
        spread=1 - identity,
        dimensions=dimensions,
        cohesion=scale * measured.cohesion,
        cohesion_deviation=scale * measured.cohesion_deviation,
    )
    return Calibration(
        mean=_along_mean(rows, common),
        basis=None,
        cohort=None,
        hubness=0.0,
        plain=model,
        weighed=model,
        single_pairs=((1.0, 0.0),),
        reliability=tuple((x, 1 / (1 + np.exp(-x))) for x in (-_CERTAIN, _CERTAIN)),
    )


def _similarity_of_pairs(rows: Floats) -> Doubles:
    """Inner products of pairs of rows: of all where they are few, else of some, always the same."""
    n = len(rows)
    if n * (n - 1) // 2 <= _PAIRS:
        left, right = np.triu_indices(n, 1)
    else:
        left, right = np.random.default_rng(0).integers(0, n, (2, _PAIRS))
        left, right = left[left != right], right[left != right]
    blocks = range(0, len(left), 8192)
    found = [np.einsum("ij,ij->i", rows[left[b : b + 8192]], rows[right[b : b + 8192]]) for b in blocks]
    return np.concatenate([np.zeros(0), *found]).astype(np.float64)


def _identity_at(similarity: float) -> float:
    """Share of identity at which so similar a pair is as likely one person as two; by bisection."""
    low, high = 1e-6, 1 - 1e-9
    while high - low > 1e-9:
        middle = (low + high) / 2
        rest = 1 - middle**2
        low, high = (
            (low, middle) if middle + rest * np.log(rest) / (2 * middle) > similarity else (middle, high)
        )
    return low


def _along_mean(rows: Floats, common: float) -> Floats:
    """Vector of the squared length `common` in the direction of the mean."""
    mean = rows.mean(axis=0, dtype=np.float64) if len(rows) else np.zeros(rows.shape[1])
    length = np.linalg.norm(mean)
    return (mean * np.sqrt(common) / length if length else mean * 0).astype(np.float32)
