"""Faces of an index as they would be had their photos been worse, for `benchmarks/learning.py`."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from photoclust.index.store import IndexStore
from photoclust.learn.faces import LabelledFaces
from photoclust.models.embedder import load
from photoclust.types import Floats, Rows
from photoclust.workflows.train.crops import Crops, cut_crops

PEOPLE, PHOTOS = 350, 6
Worsen = Callable[[Crops], Crops]


@dataclass(frozen=True)
class SetUp:
    """Labelled faces that a head is trained on and judged on.

    Attributes
    ----------
    name
        What they are called.
    vectors, person
        float32, shape (n, d), unit rows, and int64, shape (n,).
    more_vectors, more_person
        The same of faces that serve in training alone, those of test and validation people not even there.
    """

    name: str
    vectors: Floats
    person: Rows
    more_vectors: Floats = field(default_factory=lambda: np.zeros((0, 512), np.float32))
    more_person: Rows = field(default_factory=lambda: np.zeros(0, np.int64))


def some(person: Rows, people: int = PEOPLE, photos: int = PHOTOS, least: int = 2) -> Rows:
    """Rows of up to so many photos of so many people with `least` and more."""
    rng = np.random.default_rng(0)
    chosen = rng.permutation(np.flatnonzero(np.bincount(person) >= least))[:people]
    rows = [rng.permutation(np.flatnonzero(person == one))[:photos] for one in chosen]
    return np.sort(np.concatenate(rows))


def small(width: int) -> Worsen:
    """Make the face of a crop so many pixels wide, and the crop as large as before."""

    def make(crop: Crops) -> Crops:
        side = round(width * 160 / 128)
        less = Image.fromarray(crop).resize((side, side), Image.Resampling.BOX)
        return np.asarray(less.resize((160, 160), Image.Resampling.BILINEAR))

    return make


def compressed(crop: Crops) -> Crops:
    """A face of 51 pixels at JPEG quality 10."""
    stored = io.BytesIO()
    Image.fromarray(crop).resize((64, 64), Image.Resampling.BOX).save(stored, "JPEG", quality=10)
    return np.asarray(Image.open(stored).convert("RGB").resize((160, 160), Image.Resampling.BILINEAR))


def grey(crop: Crops) -> Crops:
    """Without colour."""
    return np.asarray(Image.fromarray(crop).convert("L").convert("RGB"))


WORSE: dict[str, Worsen] = {
    "24 pixels": small(24),
    "16 pixels": small(16),
    "compressed": compressed,
    "grey": grey,
}


class WorsePhotos:
    """The faces of an index and their crops, embedded again after they were made worse.

    Parameters
    ----------
    store, faces
        The index and its labelled faces; their photos must still be there.
    folder
        Where embeddings are kept for the next time; None for nowhere.
    """

    def __init__(self, store: IndexStore, faces: LabelledFaces, folder: Path | None) -> None:
        self.store, self.faces, self.folder = store, faces, folder
        self.rows = some(faces.person)
        self._crops: Crops | None = None

    def plain(self) -> SetUp:
        """Some people as they are."""
        return SetUp("as they are", self.faces.embeddings[self.rows], self.faces.person[self.rows])

    def worse(self, name: str) -> SetUp:
        """These, made worse."""
        return SetUp(name, self._embedded(name, self.rows, "some"), self.faces.person[self.rows])

    def among_clear(self, name: str) -> SetUp:
        """The same, trained on with the clear photos of everybody, and with worse ones of all others."""
        every = np.arange(len(self.faces))
        vectors = self._embedded(name, every, "all")
        others = np.setdiff1d(every, self.rows)
        more = np.concatenate([vectors[others], self.faces.embeddings])
        person = np.concatenate([self.faces.person[others], self.faces.person])
        return SetUp(f"{name}, clear", vectors[self.rows], self.faces.person[self.rows], more, person)

    def _embedded(self, name: str, rows: Rows, which: str) -> Floats:
        file = None if self.folder is None else self.folder / f"{name}-{which}.npy"
        if file is not None and file.exists():
            return np.load(file)
        crops = np.stack([WORSE[name](crop) for crop in self._cut()[rows]])
        vectors = load(self.store.settings.embed.model, flip=False).embed(crops)
        vectors = vectors.astype(np.float16).astype(np.float32)
        if file is not None:
            np.save(file, vectors)
        return vectors

    def _cut(self) -> Crops:
        if self._crops is None:
            self._crops = np.zeros((len(self.faces), 160, 160, 3), np.uint8)
            for place, crop in cut_crops(self.store, self.faces.face_ids, self.store.settings.crop):
                assert not isinstance(crop, str), crop
                self._crops[place] = crop
        return self._crops
