"""What evidence follows from, measured for any model on faces whose people are known.

The mean, the directions and the cohort are those of the faces. The rest are the constants of casia-webface,
scaled by how alike faces of one person are to this model: how much the photos of people vary, and how photos
of one person come in series, is a matter of people more than of models. Which false match rates evidence
stands for, and how often memberships are right, is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from photoclust.errors import UsageError
from photoclust.people.calibration.evidence import UNRECOGNIZABLE, Calibration
from photoclust.people.calibration.hubness import nearness
from photoclust.people.calibration.labelled import LabelledInput, everywhere, reliability
from photoclust.people.calibration.spread import Side, SpreadModel
from photoclust.people.graph.neighbours import unit_rows
from photoclust.types import Doubles, Floats, Rows

# casia-webface's, whose genuine pairs have a mean cosine of 0.656. Chosen on half of the people of
# benchmarks/shapes.py, collections of every shape counting the same. LFW's people have a mean similarity of
# 0.69 ± 0.07, those of web photos one of 0.56 ± 0.06: cohesion is the middle between them.
WEIGHED = SpreadModel(
    identity=0.6,
    dimensions=1.0,
    correlation=0.2,
    cohesion=0.65,
    cohesion_deviation=0.07,
    spread=0.4,
    spread_deviation=0.3,
    most_counted=2.0,
    hubness=2.5,
)
PLAIN = SpreadModel(0.65, 1.0, correlation=0.28, cohesion=0.0, cohesion_deviation=1.0, spread=0.35)
GENUINE = 0.656
FALSE_MATCH_RATES = (1e-2, 1e-3, 1e-4, 1e-5)
COHORT, DEGRADED_COHORT = 256, 128  # 64, 192 and 256 of the latter hardly differ on half of the people
NUISANCES = 1  # directions left out; more of them cost genuine pairs, see benchmarks/smaller.py
COHERENT = 5  # photos of a person from which on their mean similarity says something
POOR = 0.2  # quality of faces in whose midst those lie that cannot be recognised
PLAIN_RELIABILITY = ((-200.0, 4.54e-5), (200.0, 1 - 4.54e-5))  # log odds of evidence / 20, to get it back
LEAST_PEOPLE = 30
_SEEN = 10  # pairs beyond a limit without which a false match rate cannot be said
_EMPTY = 3e-5  # share of the squared length in directions that count as not used
_MOST_FACES = 6_000  # compared with one another: 36 million pairs
_ROWS = 64


@dataclass(frozen=True)
class Degraded:
    """Faces embedded again after their photos were degraded (`photoclust.faces.degraded`).

    Attributes
    ----------
    vectors, before
        float32, shape (n, d), unit rows: their embeddings now and before.
    person
        int64, shape (n,): whose they are, see `LabelledInput`.
    """

    vectors: Floats
    before: Floats
    person: Rows

    def some(self, keep: npt.NDArray[np.bool_]) -> Degraded:
        """Some of them."""
        return Degraded(self.vectors[keep], self.before[keep], self.person[keep])


def measured(faces: LabelledInput, degraded: Degraded | None = None) -> Calibration:
    """Calibration of the model that embedded some faces.

    Parameters
    ----------
    faces
        Their embeddings as they come, and their people: the more the better; a thousand people and more give
        every constant.
    degraded
        Some of them as they are after degradation, where their photos could be read.

    Raises
    ------
    UsageError
        There are too few people, or nobody has two photos.
    """
    faces = _fewer(faces)
    people = np.unique(faces.truth)
    if len(people) < LEAST_PEOPLE or len(people) == len(faces.truth):
        raise UsageError(
            f"A calibration needs {LEAST_PEOPLE} people and more, some with several photos, not {len(people)}"
            f" people in {len(faces.truth)} photos."
        )
    plain = with_rates(_without_rates(faces, degraded), faces)
    confidence, right = everywhere(faces, (), plain)
    return replace(plain, reliability=reliability(20 * np.log(confidence / (1 - confidence)), right))


def _without_rates(faces: LabelledInput, degraded: Degraded | None) -> Calibration:
    rows, one = unit_rows(faces.known.embeddings), np.unique(faces.truth, return_index=True)[1]
    mean = rows.mean(0)
    basis = directions(rows - mean, degraded)
    start = Calibration(mean, basis, None, 0.0, PLAIN, WEIGHED, (), PLAIN_RELIABILITY)
    centred = start.centred(rows)
    strangers = centred[one]
    whole = with_cohort(start, strangers, degraded)
    cosine = centred @ centred.T
    similarity = less_hubness(whole.score_normalised(centred)[0])
    genuine, weight, _ = pairs(cosine, faces.truth)
    scale = float(np.clip(np.average(genuine, weights=weight) / GENUINE, 0.3, 1.4))
    cohesion = cohesions(similarity, faces.truth)
    near = (
        (float(cohesion.mean()), float(cohesion.std())) if len(cohesion) >= COHERENT else (0.7 * scale, 0.07)
    )
    shares = [1 / pairs(values, faces.truth)[2].var() for values in (cosine, similarity)]
    return replace(
        whole,
        plain=replace(_scaled(PLAIN, scale, shares[0]), cohesion=near[0], cohesion_deviation=near[1]),
        weighed=replace(_scaled(WEIGHED, scale, shares[1]), cohesion=WEIGHED.cohesion * scale),
        unrecognizable=_unrecognizable(centred, faces.known.quality),
    )


def _scaled(model: SpreadModel, scale: float, dimensions: float) -> SpreadModel:
    identity = min(0.95, model.identity * scale)
    return replace(model, identity=identity, spread=1 - identity, dimensions=float(dimensions))


def with_cohort(calibration: Calibration, strangers: Floats, degraded: Degraded | None) -> Calibration:
    """A calibration with the middles of many strangers; as it is where they are too few.

    Parameters
    ----------
    calibration
        Its mean and its directions are used.
    strangers
        float32, shape (n, c), unit rows, from `Calibration.centred`: one face each of some people.
    degraded
        Faces of the same people, which stand for strangers on poor photos: degraded faces resemble one
        another more than they do clear ones, whoever they are. Of pairs of scans and of strongly compressed
        photos 6 to 11 times as many had the evidence of a false match rate of 1 in 1,000 before, and have 1.6
        to 2.3 times as many with them (``benchmarks/degraded.py``).
    """
    size = min(COHORT, len(strangers) // 4)
    if size < COHORT // 8:
        return calibration
    cohort = _middles(strangers, size)
    if degraded is not None and len(degraded.vectors) >= COHORT:
        size = min(DEGRADED_COHORT, len(degraded.vectors) // 8)
        cohort = np.concatenate([cohort, _middles(calibration.centred(degraded.vectors), size)])
    return replace(calibration, cohort=cohort, hubness=round(float(nearness(strangers, cohort).mean()), 4))


def _middles(rows: Floats, size: int) -> Floats:
    found = faiss.Kmeans(rows.shape[1], size, niter=25, seed=1, spherical=True, min_points_per_centroid=1)
    found.train(rows)
    return np.asarray(found.centroids).astype(np.float16).astype(np.float32)


def with_rates(calibration: Calibration, faces: LabelledInput) -> Calibration:
    """What evidence the false match rates of single pairs correspond to."""
    centred = calibration.centred(faces.known.embeddings)
    _, _, impostor = pairs(single_evidence(*calibration.score_normalised(centred)), faces.truth)
    rates = [rate for rate in FALSE_MATCH_RATES if rate * len(impostor) >= _SEEN] or [FALSE_MATCH_RATES[0]]
    limits = [round(float(np.quantile(impostor, 1 - rate)), 1) for rate in rates]
    return replace(calibration, single_pairs=tuple(zip(rates, limits, strict=True)))


def directions(centred: Floats, degraded: Degraded | None) -> Floats | None:
    """Directions in which embeddings differ, without the one in which they do when a photo is degraded.

    Nuisance attribute projection: Solomonoff, Campbell, Boardman, Advances in channel compensation for SVM
    speaker recognition, ICASSP 2005. None for all.
    """
    _, lengths, every = np.linalg.svd(centred, full_matrices=False)
    power = np.cumsum(lengths[::-1] ** 2)[::-1] / (lengths**2).sum()
    used = int((power > _EMPTY).sum())
    if len(centred) < 2 * centred.shape[1]:  # directions that these few leave out may be others' own
        every, used = np.eye(centred.shape[1], dtype=np.float32), centred.shape[1]
    most = every[:used].T
    if degraded is None:
        return None if used == centred.shape[1] else np.ascontiguousarray(most)
    nuisance_first = np.linalg.svd((degraded.vectors - degraded.before) @ most, full_matrices=True)[2]
    return np.ascontiguousarray(most @ nuisance_first[NUISANCES:].T, np.float32)


def pairs(values: npt.NDArray[Any], truth: Rows) -> tuple[npt.NDArray[Any], Doubles, npt.NDArray[Any]]:
    """What genuine pairs are like, their weights (every person counts the same), what impostors are like."""
    left, right = np.triu_indices(len(truth), 1)
    same = truth[left] == truth[right]
    weight = 1 / (np.bincount(truth)[truth[left][same]] - 1)
    return values[left, right][same], weight, values[left, right][~same]


def less_hubness(score_normalised: Floats) -> Floats:
    """Similarity of each face to each, less what either has in common with strangers."""
    rows, hubness = score_normalised[:, :-1], score_normalised[:, -1]
    return (rows @ rows.T - (hubness[:, None] + hubness) / 2).astype(np.float32)


def single_evidence(score_normalised: Floats, model: SpreadModel) -> Floats:
    """Evidence of each single face against each."""
    rows, hubness = score_normalised[:, :-1], score_normalised[:, -1].astype(np.float64)
    one, found = np.ones(1), np.empty((len(rows), len(rows)), np.float32)
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        product = (rows[part] @ rows.T).astype(np.float64)
        found[part] = model.evidence(Side(one, one, hubness[part, None]), Side(one, one, hubness), product)
    return found


def cohesions(similarity: Floats, truth: Rows) -> Doubles:
    """Mean similarity of the photos of each person who has several."""
    found: list[float] = []
    for person in np.flatnonzero(np.bincount(truth) >= COHERENT):
        own = np.flatnonzero(truth == person)
        found.append(float(similarity[np.ix_(own, own)][np.triu_indices(len(own), 1)].mean()))
    return np.array(found, np.float64)


def _unrecognizable(centred: Floats, quality: Floats) -> Floats | None:
    """Where faces lie that cannot be recognised, if that is a place of its own: the mean of the poorest."""
    poor = quality < POOR
    if poor.sum() < 20:
        return None
    middle = centred[poor].mean(0)
    middle /= np.linalg.norm(middle)
    return middle if np.quantile(centred[~poor] @ middle, 0.99) <= UNRECOGNIZABLE else None


def _fewer(faces: LabelledInput) -> LabelledInput:
    """All faces of some people where there are too many to compare each with each."""
    if len(faces.truth) <= _MOST_FACES:
        return faces
    order = np.random.default_rng(0).permutation(faces.truth.max() + 1)
    sizes = np.bincount(faces.truth, minlength=len(order))[order]
    keep = np.isin(faces.truth, order[np.cumsum(sizes) <= _MOST_FACES])
    few = faces.some(keep)
    return replace(few, truth=np.unique(few.truth, return_inverse=True)[1].astype(np.int64))
