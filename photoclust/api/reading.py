"""What the workflows give, as the results of the interface."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from photoclust.api.results import Explanation, LabelScores, Person, Question, Receipt
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


def question(one: dict[str, Any]) -> Question:
    """A question as `photoclust.workflows.people.suggest` describes it."""
    return Question(
        kind=one["kind"],
        people=tuple(one["people"]),
        called=tuple(one["called"]),
        faces=tuple(one["faces"]),
        chance=one["chance"],
        affected=one["affected"],
        gain=one["gain"],
        evidence=one["evidence"],
    )


def explanation(found: dict[str, Any]) -> Explanation:
    """An explanation as `photoclust.workflows.explain` describes it."""
    names = ("same_person", "cosine_distance", "evidence", "false_match_rate", "same_photo", "kept_apart")
    names += ("group_evidence", "required_evidence", "chance", "meeting_distance")
    way = found["way"] or {"faces": (), "steps": ()}
    return Explanation(
        faces=tuple(found["faces"]),
        people=tuple(found["people"]),
        way=tuple(way["faces"]),
        steps=tuple(way["steps"]),
        **{name: found[name] for name in names},
    )


def receipt_of(found: dict[str, Any]) -> Receipt:
    """A receipt as it lies in the index."""
    names = ("faces", "photos", "files_rewritten", "files_removed", "kept_out")
    return Receipt(
        file=Path(found["receipt"]),
        not_erased=tuple(found["not_erased"]),
        **{name: found[name] for name in names},
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
