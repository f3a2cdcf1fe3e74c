"""How far a calibration without labels falls short of one with labels, on people of neither.

    python benchmarks/label_free.py INDEX

INDEX holds labelled folders. Half of the people are calibrated on: once with their labels, once with nothing
but the photos of that half, bystanders among them. Both say what the pairs of the other half mean.
"""

from __future__ import annotations

import sys

import numpy as np
import torch

from photoclust.evaluate.verification import cllr, min_cllr, weighted_calibration_error
from photoclust.index.store import IndexStore
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.calibration.measuring import measured
from photoclust.people.calibration.pair_table import scored, table, weights
from photoclust.people.calibration.pairs import from_values
from photoclust.people.calibration.unlabelled import people_of_photos
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import unit_rows
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import labelled_faces

DRAWS = 5  # only intervals need more
RATE = 1e-3


def main(index: str) -> None:
    labelled, store = labelled_faces(index, "folders", grouped=False), IndexStore.open(index)
    faces = store.faces(["box", "quality", "embedding"])
    everyone, rows = verify_input(faces, face_embeddings(faces)), np.array(labelled.rows)
    truth = np.unique(labelled.people, return_inverse=True)[1].astype(np.int64)
    inside = (np.random.default_rng(0).permutation(truth.max() + 1) < (truth.max() + 1) // 2)[truth]
    others = people(some(everyone, rows[~inside]), truth[~inside])
    photos = some(everyone, np.isin(everyone.photos, everyone.photos[rows[inside]]))
    found = {
        "with labels": people(some(everyone, rows[inside]), truth[inside]),
        "without": people_of_photos(photos),
    }
    for name, known in found.items():
        print(
            f"{name}: {known.truth.max() + 1} people, {len(known.truth)} faces; {compared(known, others)}",
            flush=True,
        )


def some(faces: VerifyInput, keep: np.ndarray) -> VerifyInput:
    return VerifyInput(*(one[keep] for one in (faces.embeddings, faces.quality, faces.photos, faces.boxes)))


def people(faces: VerifyInput, truth: np.ndarray) -> LabelledInput:
    return LabelledInput(faces, np.unique(truth, return_inverse=True)[1].astype(np.int64))


def compared(known: LabelledInput, others: LabelledInput) -> str:
    calibration = measured(known)
    values = table(calibration, known, "", draws=DRAWS)
    pairs = scored(calibration, unit_rows(others.known.embeddings), others.truth, 1)
    weight, same = weights(pairs, np.ones(others.truth.max() + 1)), pairs.same
    said = from_values(values)
    evidence = said.evidence(pairs.similarity)
    both = (evidence[same], weight[same]), (evidence[~same], weight[~same])
    limit = 1 - said.threshold(RATE)
    return (
        f"Cllr {cllr(*both):.4f}, minimum {min_cllr(*both):.4f}, "
        f"calibration error {weighted_calibration_error(*both):.4f}, at a threshold for {RATE:g} "
        f"false match rate {(pairs.similarity[~same] > limit).mean():.5f}, true accept rate "
        f"{np.average(pairs.similarity[same] > limit, weights=weight[same]):.3f}"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1])
