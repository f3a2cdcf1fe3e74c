"""A calibration for the model of an index, from its faces: with labels, or from what photos tell alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.models.weights import calibration_file, weights_sha256
from photoclust.people.calibration.files import store_calibration
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.calibration.making import made_calibration
from photoclust.people.calibration.unlabelled import people_of_photos
from photoclust.records import face_embeddings
from photoclust.types import Rows
from photoclust.workflows.context import Context
from photoclust.workflows.snapshot.degraded import degraded_faces
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import PEOPLE, labelled_faces, named_faces

_SURE = 0.95  # confidence of a membership that counts as a label
_DEGRADED = 300  # people of whom a face is embedded again


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
    degraded
        How many faces told what poor photos do to an embedding; 0 where photos could not be read.
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
    degraded: int
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
    degraded = degraded_faces(store, rows, faces.truth, _DEGRADED, context)
    context.log("Measuring.")
    made = made_calibration(faces, model, "photos" if labels is None else "labels", degraded)
    values = made.values
    name = store_calibration(model, values, made.arrays)
    path = calibration_file(model)
    assert path is not None
    counts = values["people"], values["photos"], 0 if degraded is None else len(degraded.vectors)
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
