"""Measures the calibration of an embedder on an index of labelled folders, and how well it serves others.

    python tests/benchmarks/calibrate.py INDEX [calibration.json]

Constants are chosen on four fifths of the people and scored on the last fifth, five times over; those that
are written are chosen on all. The collection should hold a thousand people and more.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.evaluate.scores import bcubed_scores, pairwise_scores
from photoclust.grouping import verify_input
from photoclust.index.store import IndexStore
from photoclust.labelled import labelled_faces
from photoclust.people.calibration import Calibration
from photoclust.people.density import density_clusters
from photoclust.people.neighbours import neighbours, unit_rows
from photoclust.people.verify import Groups, VerifyInput, verify
from photoclust.records import face_embeddings

IDENTITY, CORRELATION = (0.6, 0.65, 0.7), (0.2, 0.25, 0.28, 0.3, 0.35)
FALSE_MATCH_RATES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


def similarities(rows: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Genuine similarities, their weights (every person counts the same), impostor similarities."""
    left, right = np.triu_indices(len(rows), 1)
    same = truth[left] == truth[right]
    values = (rows @ rows.T)[left, right]
    weight = 1 / (np.bincount(truth)[truth[left][same]] - 1)
    return values[same], weight, values[~same]


def measured(rows: np.ndarray, truth: np.ndarray, identity: float, correlation: float) -> Calibration:
    plain = Calibration(rows.mean(0), identity, 1.0, correlation, 0.27, -0.6)
    _, _, impostor = similarities(plain.centred(rows), truth)
    return replace(plain, dimensions=round(float(1 / impostor.var()), 1))


def grouped(faces: VerifyInput, calibration: Calibration) -> Groups:
    config = ClusterConfig()
    centred = replace(faces, embeddings=calibration.centred(faces.embeddings))
    graph = neighbours(centred.embeddings, config.k)
    return verify(centred, graph, density_clusters(graph, config), config, calibration)


def chosen(faces: VerifyInput, truth: np.ndarray) -> Calibration:
    """The constants whose grouping scores best."""

    def score(one: Calibration) -> float:
        group = grouped(faces, one).group
        return pairwise_scores(truth, group).f + bcubed_scores(truth, group).f

    grid = [measured(faces.embeddings, truth, i, c) for i, c in product(IDENTITY, CORRELATION)]
    return max(grid, key=score)


def some(faces: VerifyInput, keep: np.ndarray) -> VerifyInput:
    return VerifyInput(faces.embeddings[keep], faces.quality[keep], faces.photos[keep], faces.boxes[keep])


def main(index: str, output: str | None) -> None:
    labelled = labelled_faces(index, "folders")
    store = IndexStore.open(index)
    table = store.faces(["box", "quality", "embedding"]).take(labelled.rows)
    faces = verify_input(table, unit_rows(face_embeddings(table)))
    truth = np.unique(labelled.people, return_inverse=True)[1]

    fold = np.random.default_rng(0).integers(0, 5, truth.max() + 1)[truth]
    scores = []
    for k in range(5):
        best = chosen(some(faces, fold != k), truth[fold != k])
        group = grouped(some(faces, fold == k), best).group
        scores.append((pairwise_scores(truth[fold == k], group).f, bcubed_scores(truth[fold == k], group).f))
        print(
            f"fold {k}: identity {best.identity}, correlation {best.correlation}, F {np.round(scores[-1], 4)}"
        )
    print("held-out people: pairwise F {:.4f}, BCubed F {:.4f}".format(*np.mean(scores, axis=0)))

    best = chosen(faces, truth)
    genuine, weight, impostor = similarities(best.centred(faces.embeddings), truth)
    limits = [float(np.quantile(impostor, 1 - rate)) for rate in FALSE_MATCH_RATES]
    rates = [
        {
            "false_match_rate": rate,
            "cosine_distance": round(1 - limit, 3),
            "evidence": round(float(best.evidence(*np.ones((4, 1)), np.array([limit]))[0]), 1),
            "true_accept_rate": round(float(np.average(genuine > limit, weights=weight)), 3),
        }
        for rate, limit in zip(FALSE_MATCH_RATES, limits, strict=True)
    ]
    values = {
        "model": store.settings.embed.model,
        "identity": best.identity,
        "dimensions": best.dimensions,
        "correlation": best.correlation,
        "confidence_slope": best.confidence_slope,
        "confidence_offset": best.confidence_offset,
        "genuine_mean": round(float(np.average(genuine, weights=weight)), 3),
        "genuine_deviation": round(float(genuine.std()), 3),
        "impostor_mean": round(float(impostor.mean()), 3),
        "impostor_deviation": round(float(impostor.std()), 3),
        "single_pairs": rates,
        "mean": [round(float(x), 4) for x in best.mean],
    }
    print(json.dumps({name: value for name, value in values.items() if name != "mean"}, indent=1))
    if output:
        Path(output).write_text(json.dumps(values) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
