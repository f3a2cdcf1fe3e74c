"""The grouping in force, and its confidence, held against labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from photoclust.evaluate.confidence import ConfidenceCheck, check_confidence
from photoclust.evaluate.evaluation import Evaluation, evaluate_groups
from photoclust.evaluate.nearness import TENTHS, Tenth, by_nearness
from photoclust.evaluate.scores import numbered
from photoclust.index.place import Location
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.extending import comparable
from photoclust.workflows.snapshot.labelled import LabelledFaces, labelled_faces, thumbnails_of


@dataclass(frozen=True)
class EvaluationReport:
    """How well people found agree with people known.

    Attributes
    ----------
    labelled
        The faces whose person is known; rows of the other two are positions among them.
    evaluation
        Scores, and what is split or mixed.
    confidence
        Whether faces that are said to be 90 % sure are right in nine cases of ten.
    by_nearness
        Scores of people by how near the nearest other person is; of ten people and more.
    """

    labelled: LabelledFaces
    evaluation: Evaluation
    confidence: ConfidenceCheck
    by_nearness: tuple[Tenth, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, for programs and for the page."""
        labelled, confidence = self.labelled, self.confidence.to_dict()
        for one in confidence["sure_but_wrong"]:
            one["photo"] = labelled.photos[one["row"]]
        columns = zip(labelled.photos, labelled.people, labelled.groups, labelled.confidence, strict=True)
        return self.evaluation.to_dict() | {
            "confidence": confidence,
            "by_nearness": [asdict(one) for one in self.by_nearness],
            "labelled": [
                {"photo": photo, "person": person, "group": group, "confidence": sure if group else None}
                for photo, person, group, sure in columns
            ],
            "names": labelled.names,
            "notes": list(labelled.notes),
        }


def evaluate(folder: Location, labels: str = "folders") -> EvaluationReport:
    """Hold the grouping in force against labels.

    Parameters
    ----------
    folder
        The index, on this machine.
    labels
        ``folders``, where the folder of a photo names its person, or the path of a CSV.

    Raises
    ------
    IndexMissingError
        There is no index, or no grouping in it.
    UsageError
        The labels cannot be used.
    """
    found = labelled_faces(folder, labels)
    return EvaluationReport(
        found,
        evaluate_groups(found.people, found.groups),
        check_confidence(found.people, found.groups, found.confidence, found.expected),
        _by_nearness(folder, found),
    )


def _by_nearness(folder: Location, labelled: LabelledFaces) -> tuple[Tenth, ...]:
    if len(set(labelled.people)) < TENTHS:
        return ()
    store = IndexStore.open(folder)
    faces = store.faces(["embedding"]).take(pa.array(labelled.rows, pa.int64()))
    embeddings = comparable(
        face_embeddings(faces),
        faces,
        calibration_of(store.settings.embed.model, store.settings.embed.dimension),
    )
    return by_nearness(embeddings, numbered(labelled.people)[1], numbered(labelled.groups)[1])


def write_evaluation_page(report: EvaluationReport, folder: Location, file: Path) -> None:
    """Write a page with the scores and with the pictures of what is wrong.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    from photoclust.report.evaluation_page import write_evaluation

    rows = report.labelled.rows

    def thumbnails(labelled: Sequence[int]) -> dict[int, bytes]:
        images = thumbnails_of(folder, [rows[row] for row in labelled])
        return {row: images[rows[row]] for row in labelled}

    title = Path(IndexStore.open(folder).called.partition("?")[0]).name
    write_evaluation(report.to_dict(), title, thumbnails, file)
