"""What to ask about the people of an index, with the commands that answer."""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np
import pyarrow as pa

from photoclust.errors import IndexMissingError, UsageError
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.identity.suggest import DOUBT, JOIN, MERGE, Grouped, Suggestion, suggestions
from photoclust.records import LOW_QUALITY
from photoclust.report.names import visible
from photoclust.workflows.snapshot import Snapshot
from photoclust.workflows.snapshot.sides import side, surest_faces, uris_of


def suggest(store: IndexStore, most: int, min_chance: float = 0) -> list[dict[str, Any]]:
    """The questions most worth asking about the people of an index, `most` at most.

    Of which a yes is at least as likely as `min_chance`.

    Returns
    -------
    list of dict
        ``kind`` (see `Suggestion`), the ids of its ``people`` and ``faces``, what people are ``called``,
        ``chance`` that the answer is yes, faces ``affected``, ``gain`` (chance × affected), ``evidence``
        (None for doubts), the commands ``yes`` and ``no`` and the two ``sides`` (see
        `photoclust.workflows.snapshot.sides.side`): the faces in question, or a person, and the other person;
        greatest gain first.

    Raises
    ------
    IndexMissingError
        There are no people yet, or faces have come since they were grouped.
    UsageError
        `most` is less than 1.
    """
    if most < 1:  # a slice would take a negative number for all but so many
        raise UsageError(f"most must be 1 or more, not {most}.")
    faces, current = _faces_in_force(store)
    found = suggestions(grouped_faces(faces, current), faces.calibration, most, min_chance)
    folder = shlex.quote(store.called)
    described = [_described(one, current.people, faces.face_ids, folder) for one in found]
    return _with_sides(described, store, current)


def _with_sides(asked: list[dict[str, Any]], store: IndexStore, current: Clustering) -> list[dict[str, Any]]:
    """Questions with the faces of both sides, and their photos."""
    people = {person for one in asked for person in one["people"]}
    doubtful = {face for one in asked for face in one["faces"]}
    faces = surest_faces(current, people, doubtful)
    uris = uris_of(store, doubtful.union(*faces.values()))
    return [one | {"sides": _sides(one, faces, uris)} for one in asked]


def _sides(one: dict[str, Any], faces: dict[str, list[str]], uris: dict[str, str]) -> list[dict[str, Any]]:
    in_question = "The face in question" if len(one["faces"]) == 1 else "The faces in question"
    people = zip(one["called"], one["people"], strict=True)
    sides = [side(called, person, faces.get(person, []), uris) for called, person in people]
    return [*([side(in_question, "", one["faces"], uris)] if one["faces"] else []), *sides]


def _faces_in_force(store: IndexStore) -> tuple[Snapshot, Clustering]:
    faces = Snapshot.load(store)
    current = faces.in_force
    if current is None or not current.assignments["face_id"].equals(faces.table["face_id"]):
        raise IndexMissingError(
            f"{store.folder} has faces that are not grouped; run `photoclust cluster --index {store.folder}`."
        )
    return faces, current


def grouped_faces(faces: Snapshot, current: Clustering) -> Grouped:
    """A grouping of all faces as suggestions see it; groups go by the rows of its people."""
    ids = current.people["person_id"].to_pylist()
    number = {person: row for row, person in enumerate(ids)}
    group = np.array([number.get(p, NOBODY) for p in current.assignments["person_id"].to_pylist()], np.int64)
    return Grouped(
        faces.embeddings,
        group,
        current.assignments["confidence"].to_numpy(),
        np.array(current.assignments["status"].to_pylist()) != LOW_QUALITY,
        faces.exclusions,
        faces.conflicting_photos,
    )


def _called(row: dict[str, Any]) -> str:
    """Name of a person, or what the review page calls them, or their id."""
    return visible(row["name"]) or (f"Person {row['number']}" if row["number"] else row["person_id"])


def _described(one: Suggestion, table: pa.Table, face_ids: list[str], folder: str) -> dict[str, Any]:
    numbers = [number for number in (one.group, one.other) if number != NOBODY]
    concerned = table.take(pa.array(numbers, pa.int64())).select(["person_id", "name", "number"]).to_pylist()
    people, rows = [row["person_id"] for row in concerned], [face_ids[row] for row in one.rows]
    group = people[0]
    faces = " ".join(rows)
    if one.kind == MERGE:
        yes, no = f"merge {group} {people[1]}", f"different {group} {people[1]}"
    elif one.kind == JOIN:
        yes, no = f"same {faces} {group}", f"different {faces} {group}"
    else:
        yes, no = f"reject {group} {faces}", f"same {faces} {group}"
    return {
        "kind": one.kind,
        "people": people,
        "called": [_called(row) for row in concerned],
        "faces": rows,
        "chance": round(one.chance, 4),
        "affected": one.faces,
        "gain": round(one.gain, 4),
        "evidence": None if one.kind == DOUBT else round(one.evidence, 2),
        "yes": f"photoclust people {yes} --index {folder}",
        "no": f"photoclust people {no} --index {folder}",
    }
