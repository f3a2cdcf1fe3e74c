"""How the embedding of a face changes when its photo is made smaller and compressed.

A network that was taught with sharp faces puts something of the blur into the embedding, and the same for
everybody: small faces then resemble one another. `deviations` measures that; calibrate.py takes the direction
in which most of it lies out of what is compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from crowds import made_small

from photoclust.faces.align import crop_faces
from photoclust.faces.embed import Embedder
from photoclust.faces.weights import weights_path
from photoclust.index.store import IndexStore
from photoclust.labelled import LabelledFaces
from photoclust.people.neighbours import unit_rows
from photoclust.records import face_embeddings

WIDTHS, QUALITIES, EACH = (14, 16, 20, 24, 28, 32, 40, 48), (30, 50, 80, 95), 4


@dataclass(frozen=True)
class Deviations:
    """What is added to embeddings of full size: float32, shape (n, 512), and whose they are: int64, (n,)."""

    vectors: np.ndarray
    person: np.ndarray

    def some(self, people: np.ndarray) -> Deviations:
        keep = np.isin(self.person, people)
        return Deviations(self.vectors[keep], self.person[keep])


def deviations(index: str, labelled: LabelledFaces, truth: np.ndarray, limit: int = 700) -> Deviations:
    """Embed so many main faces again, each at four widths and qualities."""
    store, rng = IndexStore.open(index), np.random.default_rng(0)
    faces = store.faces(["box", "landmarks", "detection_score", "embedding"]).take(labelled.rows)
    uri = dict(zip(*(store.photos()[name].to_pylist() for name in ("photo_id", "uri")), strict=True))
    chosen = rng.permutation(len(truth))[:limit]
    embedder, crops = Embedder(weights_path(store.settings.embed.model), flip=True), []
    for face in faces.take(chosen).to_pylist():
        for width in rng.choice(WIDTHS, EACH, replace=False):
            small = made_small(uri[face["photo_id"]], face, int(width), int(rng.choice(QUALITIES)))
            crops.extend(crop_faces(*small, store.settings.crop))
    chosen = np.repeat(chosen, EACH)
    return Deviations(
        embedder.embed(np.array(crops)) - unit_rows(face_embeddings(faces))[chosen], truth[chosen]
    )
