"""A calibration for the model of an index, from its faces: with labels, or from what photos tell alone."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from PIL import Image

from photoclust.config import CropConfig
from photoclust.errors import PhotoError, UsageError
from photoclust.faces.align import crop_faces
from photoclust.index.store import IndexStore
from photoclust.models.weights import calibration_file, weights_sha256
from photoclust.people.calibration.files import store_calibration
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.calibration.making import made_calibration
from photoclust.people.calibration.measuring import Smaller
from photoclust.people.calibration.unlabelled import people_of_photos
from photoclust.people.graph.neighbours import unit_rows
from photoclust.records import Detections, face_embeddings
from photoclust.types import Floats, Rows
from photoclust.workflows.context import INDEX, Context
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.known_photos import Pixels, known_photos, pixels_of
from photoclust.workflows.snapshot.labelled import PEOPLE, labelled_faces, named_faces

_SURE = 0.95  # confidence of a membership that counts as a label
_SMALL, _EACH = 300, 4  # faces that are made small, and how often each
_WIDTHS, _QUALITIES = (14, 16, 20, 24, 28, 32, 40, 48), (30, 50, 80, 95)  # pixels; of JPEG
_LEAST_SMALL = 100  # of what was made small, without which nothing is said of smallness


@dataclass(frozen=True)
class CalibrationReport:
    """A calibration that was made.

    Attributes
    ----------
    model, name
        Of which model, and what it is called in groupings.
    made_of
        ``labels`` or ``photos``.
    people, photos
        How many it was measured on; without labels, people that were found.
    smaller
        How many faces told what smallness does to an embedding; 0 where photos could not be read.
    rates
        ``false_match_rate``, ``distance`` and ``true_accept_rate`` of single pairs.
    path
        Where it is kept.
    """

    model: str
    name: str
    made_of: str
    people: int
    photos: int
    smaller: int
    rates: tuple[dict[str, float], ...]
    path: Path

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self) | {"path": str(self.path), "rates": list(self.rates)}


def calibrate(store: IndexStore, context: Context, labels: str | None = None) -> CalibrationReport:
    """Calibrate the model of an index, and keep that beside the model.

    Parameters
    ----------
    store
        The index.
    context
        Who is told how far it is.
    labels
        ``folders``, the path of a CSV (see `photoclust evaluate`), or ``people``: those of the index with a
        name. None makes do without: see `photoclust.people.calibration.unlabelled`.

    Raises
    ------
    UsageError
        The labels cannot be used, or there are too few people or faces.
    IndexMissingError
        ``people`` are asked for, and none has a name.
    WeightsError
        The model is not here any more, or its name stands for other weights than the index was made with.
    """
    model = store.settings.embed.model
    if weights_sha256(model) != store.model_sha256:
        raise UsageError(
            f"{store.called} was made with other weights ({store.model_sha256[:12]}) than {model} stands for "
            f"now ({weights_sha256(model)[:12]}): they would not be calibrated."
        )
    faces, rows = faces_for(store, labels)
    smaller = _smaller(store, rows, context)
    context.log("Measuring.")
    made = made_calibration(faces, model, "photos" if labels is None else "labels", smaller)
    values = made.values
    name = store_calibration(model, values, made.arrays)
    path = calibration_file(model)
    assert path is not None
    counts = values["people"], values["photos"], 0 if smaller is None else len(smaller.vectors)
    rates = tuple(values["pairs"]["false_match_rates"])
    return CalibrationReport(model, name, values["made_of"], *counts, rates, path)


def faces_for(store: IndexStore, labels: str | None) -> tuple[LabelledInput, Rows]:
    """Faces and their people, and the row of each among all faces of the index."""
    table_ = store.faces(["box", "quality", "embedding"])
    if labels is None:
        everyone = verify_input(table_, face_embeddings(table_))
        found = people_of_photos(everyone)
        return found, np.flatnonzero(everyone.quality >= found.known.quality.min())
    rows, people = _labels(store, labels)
    chosen = table_.take(rows)
    truth = np.unique(people, return_inverse=True)[1].astype(np.int64)
    return LabelledInput(verify_input(chosen, face_embeddings(chosen)), truth), np.array(rows)


def _labels(store: IndexStore, labels: str) -> tuple[list[int], list[str]]:
    if labels == PEOPLE:
        return named_faces(store, _SURE)
    found = labelled_faces(store.place, labels, grouped=False)
    return found.rows, found.people


def _smaller(store: IndexStore, rows: Rows, context: Context) -> Smaller | None:
    """Embed some faces again, made small and compressed; None where their photos cannot be read."""
    import torch

    from photoclust.models.embedder import load

    torch.set_num_threads(1)
    rng, settings = np.random.default_rng(0), store.settings
    faces = store.faces(["box", "landmarks", "embedding"]).take(rng.permutation(rows)[:_SMALL])
    vectors = unit_rows(face_embeddings(faces))
    vector_of = dict(zip(faces["face_id"].to_pylist(), vectors, strict=True))
    of_faces: pc.Expression = pc.field("photo_id").isin(faces["photo_id"].combine_chunks())
    photos = known_photos(store.photos().filter(of_faces).to_pylist(), faces)
    embed, found = settings.embed, list[Floats]()
    embedder = load(embed.model, flip=embed.flip, precision=embed.precision)
    with context.progress(INDEX, len(faces)) as advance:
        for photo in photos:
            advance(len(photo.face_ids))
            try:
                pixels = pixels_of(photo.photo_id, photo.refs, settings.decode)
            except PhotoError:
                continue
            for row, face in enumerate(photo.face_ids):
                crops = _small_crops(pixels, photo.detections.take(row), settings.crop, rng)
                found.append(embedder.embed(crops) - vector_of[face])
    enough = len(found) * _EACH >= _LEAST_SMALL
    return Smaller(np.concatenate(found)) if enough else None


def _small_crops(pixels: Pixels, face: Detections, crop: CropConfig, rng: np.random.Generator) -> Pixels:
    """Crops of a face whose photo was made small and compressed."""
    box = face.boxes[0]
    crops = []
    for width in rng.choice(_WIDTHS, _EACH, replace=False):
        scale = min(1.0, float(width) / float(box[2] - box[0]))
        small = Image.fromarray(pixels)
        small = small.resize([max(1, round(side * scale)) for side in small.size], Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=int(rng.choice(_QUALITIES)))
        there = replace(face, boxes=face.boxes * scale, landmarks=face.landmarks * scale)
        crops.append(crop_faces(np.asarray(Image.open(buffer).convert("RGB")), there, crop))
    return np.concatenate(crops)
