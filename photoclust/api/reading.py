"""What the workflows give, as the results of the interface."""

from __future__ import annotations

from collections.abc import Generator

from photoclust.api.results import LabelScores, Person
from photoclust.index.store import IndexStore
from photoclust.workflows.evaluate import EvaluationReport


def people_of(store: IndexStore) -> Generator[Person]:
    """People of the grouping in force, most faces first."""
    current = store.current_clustering()
    if current is None:
        return
    own = current.assignments.select(["face_id", "person_id", "confidence"])
    own = own.sort_by([("confidence", "descending"), ("face_id", "ascending")])
    faces: dict[str, list[str]] = {}
    for face, person in zip(own["face_id"].to_pylist(), own["person_id"].to_pylist(), strict=True):
        faces.setdefault(person, []).append(face)
    for row in current.people.to_pylist():
        yield Person(
            id=row["person_id"],
            name=row["name"],
            number=row["number"] or 0,
            size=row["faces"],
            photos=row["photos"],
            confidence=row["confidence"],
            cover=row["cover_face_id"],
            ignored=bool(row["ignored"]),
            faces=tuple(faces.get(row["person_id"], ())),
        )


def label_scores(report: EvaluationReport) -> LabelScores:
    """Scores of the grouping in force on faces whose person is known."""
    labelled = report.labelled
    return LabelScores(
        scores=report.evaluation,
        confidence=report.confidence,
        photos=tuple(labelled.photos),
        people=tuple(labelled.people),
        groups=tuple(labelled.groups),
        notes=labelled.notes,
    )
