"""How the embedding of a face changes when its photo is made smaller and compressed.

A network that was taught with sharp faces puts something of the blur into the embedding, and the same for
everybody: small faces then resemble one another. `deviations` measures that; calibrate.py takes the direction
in which most of it lies out of what is compared.

    python benchmarks/smaller.py INDEX

INDEX holds labelled folders whose photos are still there. Printed is, for so many directions left out, how
many times as often small faces of two people exceed the similarity of false match rates of 1 in 100, 1,000
and 10,000, and how many genuine pairs are accepted at 1 in 1,000 of their own: five-fold by person.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import torch
from crowds import made_small

from photoclust.faces.align import crop_faces
from photoclust.index.store import IndexStore
from photoclust.models.embedder import load
from photoclust.people.graph.neighbours import unit_rows
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.labelled import LabelledFaces, labelled_faces

WIDTHS, QUALITIES, EACH = (14, 16, 20, 24, 28, 32, 40, 48), (30, 50, 80, 95), 4
DIRECTIONS = 128
RATES, SMALL = (1e-2, 1e-3, 1e-4), 32


@dataclass(frozen=True)
class Deviations:
    """What is added to embeddings of full size: of which photo and person, made how many pixels wide.

    ``vectors`` is float32, shape (n, 512), the others int64, shape (n,).
    """

    vectors: np.ndarray
    photo: np.ndarray
    person: np.ndarray
    width: np.ndarray

    def some(self, people: np.ndarray) -> Deviations:
        keep = np.isin(self.person, people)
        return Deviations(self.vectors[keep], self.photo[keep], self.person[keep], self.width[keep])


def deviations(index: str, labelled: LabelledFaces, truth: np.ndarray, limit: int = 700) -> Deviations:
    """Embed so many main faces again, each at four widths and qualities."""
    store, rng = IndexStore.open(index), np.random.default_rng(0)
    faces = store.faces(["box", "landmarks", "detection_score", "embedding"]).take(labelled.rows)
    uri = dict(zip(*(store.photos()[name].to_pylist() for name in ("photo_id", "uri")), strict=True))
    chosen = rng.permutation(len(truth))[:limit]
    embedder, crops, widths = load(store.settings.embed.model, flip=True), [], []
    for face in faces.take(chosen).to_pylist():
        for width in rng.choice(WIDTHS, EACH, replace=False):
            small = made_small(uri[face["photo_id"]], face, int(width), int(rng.choice(QUALITIES)))
            crops.extend(crop_faces(*small, store.settings.crop))
            widths.append(width)
    chosen = np.repeat(chosen, EACH)
    vectors = embedder.embed(np.array(crops)) - unit_rows(face_embeddings(faces))[chosen]
    return Deviations(vectors, chosen, truth[chosen], np.array(widths))


def directions(centred: np.ndarray, smaller: np.ndarray, nuisances: int) -> np.ndarray:
    """Directions in which embeddings differ, without those in which they do when a photo gets smaller.

    Nuisance attribute projection: Solomonoff, Campbell, Boardman, Advances in channel compensation for SVM
    speaker recognition, ICASSP 2005.
    """
    most = np.linalg.svd(centred, full_matrices=False)[2][: DIRECTIONS + nuisances].T
    nuisance_first = np.linalg.svd(smaller @ most, full_matrices=True)[2]
    return most @ nuisance_first[nuisances:].T


def projected(rows: np.ndarray, centre: np.ndarray, basis: np.ndarray) -> np.ndarray:
    vectors = (rows - centre) @ basis
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def rates(rows: np.ndarray, person: np.ndarray, other: np.ndarray, limits: np.ndarray) -> tuple:
    """How often impostors exceed limits, and genuine pairs (across `other`) what 1 in 1,000 do."""
    left, right = np.triu_indices(len(rows), 1)
    values, same = (rows @ rows.T)[left, right], person[left] == person[right]
    impostor, genuine = values[~same], values[same & (other[left] != other[right])]
    return [(impostor > limit).mean() for limit in limits], (genuine > np.quantile(impostor, 1 - 1e-3)).mean()


def main(index: str) -> None:
    labelled = labelled_faces(index, "folders")
    truth = np.unique(labelled.people, return_inverse=True)[1]
    table = IndexStore.open(index).faces(["embedding"]).take(labelled.rows)
    whole, smaller = unit_rows(face_embeddings(table)), deviations(index, labelled, truth)
    fold = np.random.default_rng(0).integers(0, 5, truth.max() + 1)
    for nuisances in range(5):
        found = [held_out(whole, truth, smaller, fold == k, nuisances) for k in range(5)]
        matched, accepted, large = (np.mean(column, axis=0) for column in zip(*found, strict=True))
        times = " ".join(f"{m / rate:.1f}" for m, rate in zip(matched, RATES, strict=True))
        print(
            f"{nuisances} directions left out: faces of up to {SMALL} pixels matched {times} times as often;"
        )
        print(
            f"  {accepted:.1%} of their genuine pairs at {RATES[1]:g}, of full size {large:.1%}", flush=True
        )


def held_out(
    whole: np.ndarray, truth: np.ndarray, smaller: Deviations, of: np.ndarray, nuisances: int
) -> tuple:
    """Rates of the people of one fifth, with everything learnt on the others."""
    others = np.flatnonzero(~of)
    centre = whole[~of[truth]].mean(0)
    basis = directions(whole[~of[truth]] - centre, smaller.some(others).vectors, nuisances)
    large = projected(whole[of[truth]], centre, basis)
    left, right = np.triu_indices(len(large), 1)
    same, values = truth[of[truth]][left] == truth[of[truth]][right], (large @ large.T)[left, right]
    limits = np.quantile(values[~same], 1 - np.array(RATES))
    keep = of[smaller.person] & (smaller.width <= SMALL)
    rows = projected(whole[smaller.photo[keep]] + smaller.vectors[keep], centre, basis)
    return *rates(rows, smaller.person[keep], smaller.photo[keep], limits), (values[same] > limits[1]).mean()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1])
