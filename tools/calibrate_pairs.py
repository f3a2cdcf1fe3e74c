"""Measures what the similarity of two faces says, on an index of labelled folders: probability and rates.

    python tools/calibrate_pairs.py INDEX [FOLDER]

First it is measured on half of the people and held against the other half, several times over, which is
printed. With FOLDER the table made of all people is written there, as MODEL-pairs.json. People are scored
with a mean and a cohort of others throughout (five folds), as the people of a user will be. The method is
explained in photoclust/people/calibration/pairs.py.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from scipy.optimize import minimize

from photoclust.evaluate.verification import cllr, min_cllr, weighted_calibration_error
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.calibration.pairs import bounded, digest, from_values, templates
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.labelled import labelled_faces

FOLDS = 5
DRAWS = 100  # of people, with replacement
COUNTS = (1, 2, 4, 8)  # faces of a template
RATES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)  # 1,711 people give 1.4 million pairs in folds
MOST_EVIDENCE = float(np.log(1e5))  # the rarest false match that so many pairs can show
BINS = np.linspace(-1.2, 1.2, 1201)
SPLITS = 5  # each in both directions


@dataclass(frozen=True)
class Scores:
    """Similarities of a face with a template, the person of either, and whether they are the same."""

    similarity: np.ndarray
    left: np.ndarray
    right: np.ndarray
    is_single: bool

    @property
    def same(self) -> np.ndarray:
        return self.left == self.right


def of_others(calibration: Calibration, embeddings: np.ndarray, person: np.ndarray) -> Calibration:
    """The calibration with the mean and the cohort of some people."""
    mean = embeddings.mean(0)
    found = replace(calibration, mean=mean)
    strangers = found.centred(embeddings[np.unique(person, return_index=True)[1]])
    size = calibration.cohort.shape[0]
    cohort = faiss.Kmeans(
        strangers.shape[1], size, niter=25, seed=1, spherical=True, min_points_per_centroid=1
    )
    cohort.train(strangers)
    found = replace(found, cohort=cohort.centroids.astype(np.float16).astype(np.float32), hubness=0.0)
    return replace(found, hubness=float(templates(found, strangers).hubness.mean()))


def scored(calibration: Calibration, embeddings: np.ndarray, person: np.ndarray, faces: int) -> Scores:
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


def in_folds(calibration: Calibration, embeddings: np.ndarray, person: np.ndarray, faces: int) -> Scores:
    """Pairs within each fold of people, scored with a mean and a cohort of those of the other folds."""
    fold = np.random.default_rng(0).integers(0, FOLDS, person.max() + 1)[person]
    parts = []
    for k in range(FOLDS):
        others = of_others(calibration, embeddings[fold != k], person[fold != k])
        parts.append(scored(others, embeddings[fold == k], person[fold == k], faces))
    fields = zip(*((one.similarity, one.left, one.right) for one in parts), strict=True)
    return Scores(*(np.concatenate(field) for field in fields), faces == 1)


def weights(scores: Scores, times: np.ndarray) -> np.ndarray:
    """Of genuine pairs such that each photo counts the same; of all, as often as their people were drawn."""
    same = scores.same
    pairs = np.bincount(scores.left[same], minlength=len(times))
    photos = (1 + np.sqrt(1 + 8 * pairs)) / 2 if scores.is_single else pairs + 1
    own = times[scores.left] / np.maximum(1, photos[scores.left] - 1)
    return np.where(same, own, times[scores.left] * times[scores.right])


def regression(scores: Scores, times: np.ndarray) -> list[float]:
    """Intercept, slope and floor at even prior odds, by binned similarities."""
    weight, same = weights(scores, times), scores.same
    place = np.digitize(scores.similarity, BINS)
    middle = np.concatenate([[BINS[0]], (BINS[1:] + BINS[:-1]) / 2, [BINS[-1]]])
    genuine, impostor = (np.bincount(place[rows], weight[rows], len(middle)) for rows in (same, ~same))

    def cost(values: np.ndarray) -> float:
        evidence = bounded(values[0] + values[1] * middle, min(values[2], -1e-6))
        lost = genuine @ np.logaddexp(0, -evidence) / genuine.sum()
        return float(lost + impostor @ np.logaddexp(0, evidence) / impostor.sum())

    found = minimize(cost, (-12.0, 30.0, -6.0), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-8})
    return [round(float(value), 3) for value in np.r_[found.x[:2], np.clip(found.x[2], -12, -0.1)]]


def table(
    calibration: Calibration,
    embeddings: np.ndarray,
    person: np.ndarray,
    model: str,
    counts: tuple[int, ...] = COUNTS,
) -> dict[str, Any]:
    """Everything that is measured."""
    people, rng = person.max() + 1, np.random.default_rng(0)
    by_faces, rates = [], []
    for faces in counts:
        scores = in_folds(calibration, embeddings, person, faces)
        drawn = [np.bincount(rng.integers(0, people, people), minlength=people) for _ in range(DRAWS)]
        again = [regression(scores, times) for times in drawn]
        by_faces.append({"faces": faces, "all": regression(scores, np.ones(people)), "drawn_anew": again})
        if faces == 1:
            rates = false_match_rates(scores)
    return {
        "model": model,
        "made_with": digest(calibration),
        "people": len(np.unique(person)),
        "photos": len(person),
        "most_evidence": round(MOST_EVIDENCE, 3),
        "false_match_rates": rates,
        "by_faces": by_faces,
    }


def false_match_rates(scores: Scores) -> list[dict[str, float]]:
    """Distances that shares of the pairs of two people stay below, and the share of genuine pairs that do."""
    same, found = scores.same, []
    weight = weights(scores, np.ones(scores.left.max() + 1))[same]
    for rate in RATES:
        limit = float(np.quantile(scores.similarity[~same], 1 - rate))
        share = float(np.average(scores.similarity[same] > limit, weights=weight))
        found.append(
            {"false_match_rate": rate, "distance": round(1 - limit, 4), "true_accept_rate": round(share, 3)}
        )
    return found


def held_out(calibration: Calibration, embeddings: np.ndarray, person: np.ndarray, model: str) -> None:
    """Hold the table of half of the people against the other half."""
    rows = []
    for split in range(SPLITS):
        half = np.random.default_rng(split).permutation(person.max() + 1) < (person.max() + 1) // 2
        for inside in (half[person], ~half[person]):
            mine = np.unique(person[inside], return_inverse=True)[1]
            theirs = np.unique(person[~inside], return_inverse=True)[1]
            values = table(calibration, embeddings[inside], mine, model, COUNTS[:1])
            own = of_others(calibration, embeddings[inside], mine)
            scores = scored(own, embeddings[~inside], theirs, 1)
            rows.append(compared(values, scores))
            print(
                f"split {split}: " + ", ".join(f"{name} {value:.4f}" for name, value in rows[-1].items()),
                flush=True,
            )
    print("mean: " + ", ".join(f"{name} {np.mean([one[name] for one in rows]):.4f}" for name in rows[0]))


def compared(values: dict[str, Any], scores: Scores) -> dict[str, float]:
    """What a table says of people that it does not come from."""
    known, same = from_values(values), scores.same
    weight = weights(scores, np.ones(scores.left.max() + 1))
    evidence = known.evidence(scores.similarity)
    genuine, impostor = (evidence[same], weight[same]), (evidence[~same], weight[~same])
    lost, least = cllr(genuine, impostor), min_cllr(genuine, impostor)
    grid = np.linspace(0.1, 0.8, 71)
    _, low, high = known.probability(grid)
    line = regression(scores, np.ones(scores.left.max() + 1))
    there = 1 / (1 + np.exp(-np.minimum(bounded(line[0] + line[1] * grid, line[2]), MOST_EVIDENCE)))
    limit = 1 - known.threshold(1e-3)
    return {
        "Cllr": lost,
        "minimum": least,
        "ratio": lost / least,
        "ECE": weighted_calibration_error(genuine, impostor),
        "in interval": float(((there >= low) & (there <= high)).mean()),
        "FMR at 1e-3": float((scores.similarity[~same] > limit).mean()),
        "TAR at 1e-3": float(np.average(scores.similarity[same] > limit, weights=weight[same])),
    }


def main(index: str, folder: str | None) -> None:
    labelled, store = labelled_faces(index, "folders", grouped=False), IndexStore.open(index)
    embeddings = face_embeddings(store.faces(["embedding"]).take(labelled.rows))
    person = np.unique(labelled.people, return_inverse=True)[1]
    model = store.settings.embed.model
    calibration = calibration_of(model)
    if folder:
        text = json.dumps(table(calibration, embeddings, person, model))
        Path(folder, f"{model}-pairs.json").write_text(text.replace("{", "\n{").lstrip() + "\n", "utf-8")
    held_out(calibration, embeddings, person, model)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
