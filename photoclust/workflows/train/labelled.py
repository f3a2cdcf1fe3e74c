"""The faces of an index whose person is known: by labels of photos, or by the names of people."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from photoclust.errors import IndexMissingError
from photoclust.index.store import IndexStore
from photoclust.learn.faces import LabelledFaces
from photoclust.records import MEMBER, face_embeddings
from photoclust.types import Rows
from photoclust.workflows.snapshot.labelled import labelled_faces as faces_of_labels

PEOPLE = "people"


def labelled_faces(store: IndexStore, labels: str, sure: float) -> tuple[LabelledFaces, tuple[str, ...]]:
    """Read them, and what was left out, a sentence each.

    Parameters
    ----------
    store
        The index.
    labels
        ``folders``, the path of a CSV, or ``people``.
    sure
        Of ``people``, how probable a membership must be, in [0, 1]; what a person decided always counts.

    Raises
    ------
    UsageError
        The labels cannot be used.
    IndexMissingError
        ``people`` are asked for, and none has a name.
    """
    if labels == PEOPLE:
        return _named(store, sure), ()
    found = faces_of_labels(store.place, labels, grouped=False)
    rows = np.array(found.rows, np.int64)
    return _faces(store, rows, found.photos, found.people), found.notes


def _named(store: IndexStore, sure: float) -> LabelledFaces:
    clustering = store.current_clustering()
    people = clustering.people.to_pylist() if clustering else []
    names = {one["person_id"]: one["name"] for one in people if one["name"]}
    if clustering is None or not names:
        raise IndexMissingError(
            f"Nobody in {store.called} has a name yet, so there is nothing to learn from; name people first, "
            "or give labels."
        )
    columns = ("face_id", "person_id", "status", "confidence")
    rows = zip(*(clustering.assignments[name].to_pylist() for name in columns), strict=True)
    known = {
        face: names[person]
        for face, person, status, confidence in rows
        if person in names and status == MEMBER and confidence >= sure
    }
    table = store.faces([])
    photos = dict(zip(*(store.photos()[name].to_pylist() for name in ("photo_id", "uri")), strict=True))
    there = [
        (row, photos[photo], known[face])
        for row, (face, photo) in enumerate(
            zip(table["face_id"].to_pylist(), table["photo_id"].to_pylist(), strict=True)
        )
        if face in known
    ]
    return _faces(
        store,
        np.array([row for row, _, _ in there], np.int64),
        [photo for _, photo, _ in there],
        [name for _, _, name in there],
    )


def _faces(store: IndexStore, rows: Rows, photos: list[str], people: list[str]) -> LabelledFaces:
    table = store.faces(["embedding"]).take(pa.array(rows))
    names = sorted(set(people))
    place = {name: number for number, name in enumerate(names)}
    person = np.array([place[name] for name in people], np.int64)
    return LabelledFaces(table["face_id"].to_pylist(), photos, person, names, face_embeddings(table))
