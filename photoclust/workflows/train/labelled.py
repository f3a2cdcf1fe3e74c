"""The faces of an index whose person is known: by labels of photos, or by the names of people."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from photoclust.index.store import IndexStore
from photoclust.learn.faces import LabelledFaces
from photoclust.records import face_embeddings
from photoclust.types import Rows
from photoclust.workflows.snapshot.labelled import PEOPLE, named_faces
from photoclust.workflows.snapshot.labelled import labelled_faces as faces_of_labels


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
    rows, people = named_faces(store, sure)
    photo_ids = store.faces([])["photo_id"].take(pa.array(rows, pa.int64())).to_pylist()
    photos = dict(zip(*(store.photos()[name].to_pylist() for name in ("photo_id", "uri")), strict=True))
    called = _called(store)
    return _faces(
        store,
        np.array(rows, np.int64),
        [photos[photo] for photo in photo_ids],
        [called[person] for person in people],
    )


def _called(store: IndexStore) -> dict[str, str]:
    """What each person is called, with the id where two have one name: they are two people."""
    clustering = store.current_clustering()
    people = clustering.people.to_pylist() if clustering else []
    times = Counter(one["name"] for one in people)
    return {
        one["person_id"]: one["name"] if times[one["name"]] == 1 else f"{one['name']} ({one['person_id']})"
        for one in people
    }


def _faces(store: IndexStore, rows: Rows, photos: list[str], people: list[str]) -> LabelledFaces:
    table = store.faces(["embedding"]).take(pa.array(rows))
    names = sorted(set(people))
    place = {name: number for number, name in enumerate(names)}
    person = np.array([place[name] for name in people], np.int64)
    return LabelledFaces(table["face_id"].to_pylist(), photos, person, names, face_embeddings(table))
