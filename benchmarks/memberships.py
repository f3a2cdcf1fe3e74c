"""Labelled faces of indexes grouped anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.evaluate.scores import bcubed_scores, pairwise_scores
from photoclust.index.store import IndexStore
from photoclust.people.calibration import labelled
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.labelled import LabelledInput, everywhere, reliability
from photoclust.people.graph.neighbours import unit_rows
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import labelled_faces

__all__ = ["Faces", "Grouper", "everywhere", "reliability"]


@dataclass(frozen=True)
class Faces(LabelledInput):
    """Labelled faces as they lie in indexes, and who they are."""

    @classmethod
    def of(cls, index: str) -> Faces:
        found = labelled_faces(index, "folders")
        table = IndexStore.open(index).faces(["box", "quality", "embedding"]).take(found.rows)
        known = verify_input(table, unit_rows(face_embeddings(table)))
        return cls(known, np.unique(found.people, return_inverse=True)[1])


class Grouper(labelled.Grouper):
    """Scores groups too."""

    def scores(self, calibration: Calibration) -> tuple[float, float]:
        group = self.groups(calibration).group
        return pairwise_scores(self.truth, group).f, bcubed_scores(self.truth, group).f
