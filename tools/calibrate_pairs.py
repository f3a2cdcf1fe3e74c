"""Measures what the similarity of two faces says, on an index of labelled folders: probability and rates.

    python tools/calibrate_pairs.py INDEX [FOLDER]

First it is measured on half of the people and held against the other half, several times over, which is
printed. With FOLDER the table made of all people is written there, as MODEL-pairs.json. The method is
explained in photoclust/people/calibration/pairs.py.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from photoclust.cli._context import context
from photoclust.config import EngineConfig
from photoclust.evaluate.verification import cllr, min_cllr, weighted_calibration_error
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.calibration.measuring import Degraded
from photoclust.people.calibration.pair_table import (
    COUNTS,
    Scores,
    of_others,
    regression,
    scored,
    table,
    weights,
)
from photoclust.people.calibration.pairs import bounded, from_values
from photoclust.people.graph.neighbours import unit_rows
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.degraded import degraded_faces
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import labelled_faces

PEOPLE = 2_000  # of whom a face is degraded
SPLITS = 5  # each in both directions


def held_out(calibration: Calibration, faces: LabelledInput, degraded: Degraded, model: str) -> None:
    """Hold the table of half of the people against the other half."""
    rows, people = [], int(faces.truth.max()) + 1
    for split in range(SPLITS):
        half = np.random.default_rng(split).permutation(people) < people // 2
        for side in (half, ~half):
            number = np.cumsum(side) - 1
            mine, theirs = faces.some(side[faces.truth]), faces.some(~side[faces.truth])
            mine = replace(mine, truth=number[mine.truth])
            poor = degraded.some(side[degraded.person])
            poor = replace(poor, person=number[poor.person])
            values = table(calibration, mine, model, poor, COUNTS[:1])
            others = of_others(calibration, unit_rows(mine.known.embeddings), mine.truth, poor)
            scores = scored(others, unit_rows(theirs.known.embeddings), theirs.truth, 1)
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
    there = 1 / (1 + np.exp(-np.minimum(bounded(line[0] + line[1] * grid, line[2]), known.most)))
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
    rows, table_ = np.array(labelled.rows), store.faces(["box", "quality", "embedding"])
    known = verify_input(table_.take(rows), face_embeddings(table_.take(rows)))
    faces = LabelledInput(known, np.unique(labelled.people, return_inverse=True)[1].astype(np.int64))
    degraded = degraded_faces(store, rows, faces.truth, PEOPLE, context(EngineConfig(kind="local")))
    assert degraded is not None, "the photos cannot be read"
    model = store.settings.embed.model
    calibration = calibration_of(model)
    if folder:
        text = json.dumps(table(calibration, faces, model, degraded))
        Path(folder, f"{model}-pairs.json").write_text(text.replace("{", "\n{").lstrip() + "\n", "utf-8")
    held_out(calibration, faces, degraded, model)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
