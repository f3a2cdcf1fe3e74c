"""Makes the table of `photoclust.people.calibration.pairs`: what the similarity of two faces says.

People are scored with a mean and a cohort of others throughout (five folds), as the people of a user will be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.calibration.measuring import Degraded, with_cohort
from photoclust.people.calibration.pairs import bounded, digest, templates
from photoclust.people.graph.neighbours import unit_rows
from photoclust.types import Doubles, Floats, Rows

FOLDS = 5
DRAWS = 100  # of people, with replacement
COUNTS = (1, 2, 4, 8)  # faces of a template
RATES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)  # 1,711 people give 1.4 million pairs in folds
_SEEN = 10  # pairs beyond a limit without which a false match rate cannot be said
_LEAST = 20  # people with so many faces without whom nothing is said of templates of them
MOST_EVIDENCE = float(np.log(1e5))  # the rarest false match that so many pairs can show
BINS = np.linspace(-1.2, 1.2, 1201)


@dataclass(frozen=True)
class Scores:
    """Similarities of a face with a template, the person of either, and whether they are the same."""

    similarity: Doubles
    left: Rows
    right: Rows
    is_single: bool

    @property
    def same(self) -> npt.NDArray[np.bool_]:
        """Whether a pair is of one person."""
        return self.left == self.right


def of_others(
    calibration: Calibration, embeddings: Floats, person: Rows, degraded: Degraded | None = None
) -> Calibration:
    """The calibration with the mean and the cohort of some people."""
    found = replace(calibration, mean=embeddings.mean(0))
    if calibration.cohort is None:
        return found
    strangers = found.centred(embeddings[np.unique(person, return_index=True)[1]])
    return with_cohort(found, strangers, degraded)


def scored(calibration: Calibration, embeddings: Floats, person: Rows, faces: int) -> Scores:
    """Every pair of two faces; or of a face and a template of so many others, one template a person."""
    centred = calibration.centred(embeddings)
    single = templates(calibration, centred)
    if faces == 1:
        left, right = np.triu_indices(len(person), 1)
        return Scores(single.similarity(single)[left, right], person[left], person[right], True)
    rng, means, owners, inside = np.random.default_rng(0), [], [], np.zeros(len(person), bool)
    for one in np.flatnonzero(np.bincount(person) > faces):
        rows = rng.choice(np.flatnonzero(person == one), faces, replace=False)
        inside[rows] = True
        mean = centred[rows].mean(0)
        means.append(mean / np.linalg.norm(mean))
        owners.append(one)
    gallery = templates(calibration, np.array(means, np.float32).reshape(-1, centred.shape[1]))
    similarity = single.similarity(gallery)[~inside]
    left, right = np.meshgrid(person[~inside], np.array(owners, int), indexing="ij")
    return Scores(similarity.ravel(), left.ravel(), right.ravel(), False)


def in_folds(calibration: Calibration, faces: LabelledInput, degraded: Degraded | None, count: int) -> Scores:
    """Pairs within each fold of people, scored with a mean and a cohort of those of the other folds."""
    embeddings, person = unit_rows(faces.known.embeddings), faces.truth
    folds, parts = np.random.default_rng(0).integers(0, FOLDS, person.max() + 1), list[Scores]()
    fold = folds[person]
    for k in range(FOLDS):
        poor = None if degraded is None else degraded.some(folds[degraded.person] != k)
        others = of_others(calibration, embeddings[fold != k], person[fold != k], poor)
        parts.append(scored(others, embeddings[fold == k], person[fold == k], count))
    similarity, left, right = (
        np.concatenate([getattr(one, name) for one in parts]) for name in ("similarity", "left", "right")
    )
    return Scores(similarity, left, right, count == 1)


def weights(scores: Scores, times: npt.NDArray[Any]) -> Doubles:
    """Of genuine pairs such that each photo counts the same; of all, as often as their people were drawn."""
    same = scores.same
    pairs = np.bincount(scores.left[same], minlength=len(times))
    photos = (1 + np.sqrt(1 + 8 * pairs)) / 2 if scores.is_single else pairs + 1
    own = times[scores.left] / np.maximum(1, photos[scores.left] - 1)
    return np.where(same, own, times[scores.left] * times[scores.right])


def regression(scores: Scores, times: npt.NDArray[Any]) -> list[float]:
    """Intercept, slope and floor at even prior odds, by binned similarities.

    One genuine pair more is counted that looks like strangers (Laplace's rule): that no person of a sample
    is unlike themselves does not say that nobody is. Of halves of LFW's development people, each judged on
    the other, Cllr is 15 % above its minimum on average, without that 17 %, and at most 20 % and 25 %; the
    regression of the very pairs that are judged is 9 % above.
    """
    weight, same = weights(scores, times), scores.same
    place = np.digitize(scores.similarity, BINS)
    middle = np.concatenate([[BINS[0]], (BINS[1:] + BINS[:-1]) / 2, [BINS[-1]]])
    genuine, impostor = (np.bincount(place[rows], weight[rows], len(middle)) for rows in (same, ~same))
    genuine = genuine + impostor / impostor.sum()

    def cost(values: Doubles) -> float:
        evidence = bounded(values[0] + values[1] * middle, min(values[2], -1e-6))
        lost = genuine @ np.logaddexp(0, -evidence) / genuine.sum()
        return float(lost + impostor @ np.logaddexp(0, evidence) / impostor.sum())

    found = minimize(cost, (-12.0, 30.0, -6.0), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-8})
    return [round(float(value), 3) for value in np.r_[found.x[:2], np.clip(found.x[2], -12, -0.1)]]


def table(
    calibration: Calibration,
    faces: LabelledInput,
    model: str,
    degraded: Degraded | None = None,
    counts: tuple[int, ...] = COUNTS,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """Everything that is measured.

    Parameters
    ----------
    calibration
        Of the model, see `photoclust.people.calibration.measuring`.
    faces
        Embeddings as they come, and the number of the person of each, from 0.
    model
        Its name.
    degraded
        What the cohort of the calibration was made with.
    counts
        Numbers of faces of a template; those that hardly anybody has are left out.
    draws
        How often people are drawn anew.

    Returns
    -------
    dict
        Plain values, which `photoclust.people.calibration.pairs.from_values` takes.
    """
    person = faces.truth
    people, rng = int(person.max()) + 1, np.random.default_rng(0)
    counts = tuple(one for one in counts if one == 1 or (np.bincount(person) > one).sum() >= _LEAST)
    by_faces, rates, most = list[dict[str, Any]](), list[dict[str, float]](), MOST_EVIDENCE
    for count in counts:
        scores = in_folds(calibration, faces, degraded, count)
        drawn = [np.bincount(rng.integers(0, people, people), minlength=people) for _ in range(draws)]
        again = [regression(scores, times) for times in drawn]
        by_faces.append({"faces": count, "all": regression(scores, np.ones(people)), "drawn_anew": again})
        if count == 1:
            rates, most = false_match_rates(scores), most_evidence(scores)
    return {
        "model": model,
        "made_with": digest(calibration),
        "people": len(np.unique(person)),
        "photos": len(person),
        "most_evidence": round(most, 3),
        "false_match_rates": rates,
        "by_faces": by_faces,
    }


def most_evidence(scores: Scores) -> float:
    """Logarithm of the greatest likelihood ratio that so many pairs can show."""
    return min(MOST_EVIDENCE, float(np.log(max(2, int((~scores.same).sum()) / _SEEN))))


def false_match_rates(scores: Scores) -> list[dict[str, float]]:
    """Distances that shares of the pairs of two people stay below, and the share of genuine pairs that do."""
    same, found = scores.same, list[dict[str, float]]()
    impostors = int((~same).sum())
    weight = weights(scores, np.ones(max(scores.left.max(), scores.right.max()) + 1))[same]
    for rate in (one for one in RATES if one * impostors >= _SEEN or one == RATES[0]):
        limit = float(np.quantile(scores.similarity[~same], 1 - rate))
        share = float(np.average(scores.similarity[same] > limit, weights=weight))
        found.append(
            {"false_match_rate": rate, "distance": round(1 - limit, 4), "true_accept_rate": round(share, 3)}
        )
    return found
