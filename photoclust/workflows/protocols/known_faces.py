"""Faces whose person is known by labels, as the protocols compare them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.index.place import Location
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.pairs import PairCalibration, Templates, pair_calibration_of, templates
from photoclust.records import face_embeddings
from photoclust.types import Floats, Rows
from photoclust.workflows.snapshot.labelled import labelled_faces


@dataclass(frozen=True)
class KnownFaces:
    """Main faces of labelled photos.

    Attributes
    ----------
    photos
        Path or URI of each.
    person
        int64, shape (n,): whose face each is.
    embeddings
        float32, shape (n, d): unit rows.
    names
        What each person is called by the labels.
    model
        What embedded them.
    notes
        What was left out, a sentence each.
    """

    photos: list[str]
    person: Rows
    embeddings: Floats
    names: list[str]
    model: str
    notes: tuple[str, ...]

    @property
    def known(self) -> PairCalibration | None:
        """What a similarity says, if the model was calibrated."""
        return pair_calibration_of(self.model)

    @property
    def plain(self) -> Templates:
        """The faces as their embeddings come: neither centred nor score-normalised."""
        return Templates(self.embeddings, np.zeros(len(self.embeddings)))

    @property
    def templates(self) -> Templates:
        """The faces as they are compared: score-normalised where the model was calibrated."""
        calibration = calibration_of(self.model, self.embeddings.shape[1])
        centred = calibration.centred(self.embeddings)
        return templates(calibration, centred) if self.known else Templates(centred, np.zeros(len(centred)))


def known_faces(location: Location, labels: str) -> KnownFaces:
    """Read them.

    Raises
    ------
    UsageError
        The labels cannot be used.
    IndexMissingError
        There is no index.
    """
    labelled = labelled_faces(location, labels, grouped=False)
    store = IndexStore.open(location)
    embeddings = face_embeddings(store.faces(["embedding"]).take(labelled.rows))
    names, person = np.unique(labelled.people, return_inverse=True)
    model = store.settings.embed.model
    return KnownFaces(
        labelled.photos, person.astype(np.int64), embeddings, names.tolist(), model, labelled.notes
    )
