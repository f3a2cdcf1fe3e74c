"""Between the index and the evaluate room: the faces whose person is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from photoclust.errors import IndexMissingError, UsageError
from photoclust.evaluate.labels import Labels, csv_labels, folder_labels, main_faces
from photoclust.index.columns import in_order
from photoclust.index.place import Location
from photoclust.index.store import Clustering, IndexStore
from photoclust.records import FAILED, FORGOTTEN, MEMBER, NO_FACE, OK

PEOPLE = "people"
"""Labels: the people of the index who have a name, as far as their faces are sure; see `named_faces`."""

_WORDS = {
    NO_FACE: ("labelled photo shows no face", "labelled photos show no face"),
    FAILED: ("labelled photo could not be read", "labelled photos could not be read"),
    FORGOTTEN: ("labelled photo was forgotten", "labelled photos were forgotten"),
}
_DISPUTED = ("photo is there twice, under two labels", "photos are there twice, under two labels")


@dataclass(frozen=True)
class LabelledFaces:
    """Faces whose person is known, as lists of equal length.

    Attributes
    ----------
    rows
        Row of each among all faces of the index.
    photos
        Photo of each.
    people
        Person of each, according to the label.
    groups
        Person of each, according to the clustering in force; ``""`` for nobody.
    confidence
        How sure that was, in [0, 1].
    expected
        Of every person in the clustering the share of faces expected to be right, where it is known.
    names
        What people in the clustering are called, those who have a name.
    notes
        What was left out and why, a sentence each.
    """

    rows: list[int]
    photos: list[str]
    people: list[str]
    groups: list[str]
    confidence: list[float]
    expected: dict[str, float | None]
    names: dict[str, str]
    notes: tuple[str, ...]


def labelled_faces(location: Location, labels: str, grouped: bool = True) -> LabelledFaces:
    """Read the main face of each labelled photo.

    Parameters
    ----------
    location
        Folder of the index.
    labels
        ``folders``, or the path of a CSV.
    grouped
        Whether there must be people; else all are nobody's where there are none.

    Raises
    ------
    IndexMissingError
        There is no index, or no clustering in it.
    UsageError
        The labels cannot be used.
    """
    store = IndexStore.open(location)
    clustering = store.current_clustering()
    if clustering is None and grouped:
        raise IndexMissingError(
            f"{store.called} holds no people yet.",
            python="Make them with Index.group.",
            cli=f"Make them with `photoclust cluster --index {store.called}`.",
        )
    photos, faces = store.photos(), store.faces(["box"])
    truth, notes = _people_of_photos(photos, labels)
    photo_of, face_of = faces["photo_id"].to_pylist(), faces["face_id"].to_pylist()
    rows = [row for row in main_rows(photos, faces) if photo_of[row] in truth]
    if not rows:
        raise UsageError(" ".join([_nothing_fits(photos, store.called), *notes]))
    known = _memberships(clustering)
    found = [known.get(face_of[row]) for row in rows]
    people = clustering.people.to_pylist() if clustering else []
    return LabelledFaces(
        rows=rows,
        photos=[truth[photo_of[row]][0] for row in rows],
        people=[truth[photo_of[row]][1] for row in rows],
        groups=[one[0] if one else "" for one in found],
        confidence=[one[1] if one else 0.0 for one in found],
        expected={person["person_id"]: person["confidence"] for person in people},
        names={person["person_id"]: person["name"] for person in people if person["name"]},
        notes=(*notes, *_left_behind(found.count(None) if clustering else 0)),
    )


def named_faces(store: IndexStore, sure: float) -> tuple[list[int], list[str]]:
    """Row of each face of somebody with a name among all faces of the index, and the id of that person.

    Parameters
    ----------
    store
        The index.
    sure
        How probable a membership must be, in [0, 1]; what a person decided always counts.

    Raises
    ------
    IndexMissingError
        Nobody has a name.
    """
    clustering = store.current_clustering()
    people = clustering.people.to_pylist() if clustering else []
    named = {one["person_id"] for one in people if one["name"]}
    if clustering is None or not named:
        raise IndexMissingError(
            f"Nobody in {store.called} has a name yet; name people first, or give labels."
        )
    columns = ("face_id", "person_id", "status", "confidence")
    rows = zip(*(clustering.assignments[name].to_pylist() for name in columns), strict=True)
    known = {
        face: person
        for face, person, status, confidence in rows
        if person in named and status == MEMBER and confidence >= sure
    }
    ids = store.faces([])["face_id"].to_pylist()
    there = [(row, known[face]) for row, face in enumerate(ids) if face in known]
    return [row for row, _ in there], [person for _, person in there]


def _nothing_fits(photos: pa.Table, index: str) -> str:
    example = f", which holds {photos['uri'][0].as_py()[:200]!r}, say" if len(photos) else ""
    return f"None of the labels fits a photo with a face in {index}{example}."


def _memberships(clustering: Clustering | None) -> dict[str, tuple[str, float]]:
    """Person and confidence of each face."""
    if clustering is None:
        return {}
    names = ("face_id", "person_id", "confidence")
    face, person, confidence = (clustering.assignments[name].to_pylist() for name in names)
    return dict(zip(face, zip(person, confidence, strict=True), strict=True))


def _left_behind(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    faces = _counted(count, "labelled face has", "labelled faces have")
    alone = "counts" if count == 1 else "count"
    return (f"{faces} come since people were grouped, and {alone} as alone; group the faces first.",)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _people_of_photos(photos: pa.Table, labels: str) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Uri and label of each photo_id, and what was left out; of copies the one whose uri sorts last."""
    uris = photos["uri"].to_pylist()
    said: Labels = folder_labels(uris) if labels == "folders" else csv_labels(Path(labels), uris)
    rows = zip(photos["photo_id"].to_pylist(), uris, photos["status"].to_pylist(), strict=True)
    labelled = [(photo, uri, status) for photo, uri, status in rows if uri in said.people]
    truth, disputed = dict[str, tuple[str, str]](), set[str]()
    for photo, uri, status in labelled:
        if status == OK:
            if truth.get(photo, ("", said.people[uri]))[1] != said.people[uri]:
                disputed.add(photo)
            truth[photo] = (uri, said.people[uri])
    for photo in disputed:
        del truth[photo]
    statuses = Counter(status for _, _, status in labelled)
    return truth, [*said.problems, *_not_counted(statuses, len(disputed))]


def _not_counted(statuses: Counter[str], disputed: int) -> list[str]:
    """Labelled photos that say nothing."""
    words = [_counted(statuses[status], *said) for status, said in _WORDS.items() if statuses[status]]
    if disputed:
        words.append(_counted(disputed, *_DISPUTED))
    return [f"Left out: {', '.join(words)}."] if words else []


def main_rows(photos: pa.Table, faces: pa.Table) -> list[int]:
    """Row of the face that the label of each photo means; see `main_faces`."""
    columns = (photos[name].to_pylist() for name in ("photo_id", "width", "height"))
    sizes = {photo: (width, height) for photo, width, height in zip(*columns, strict=True) if width}
    boxes = faces["box"].combine_chunks().flatten().to_numpy().reshape(-1, 4).astype(np.float32)
    return main_faces(boxes, faces["photo_id"].to_pylist(), sizes).tolist()


def thumbnails_of(location: Location, rows: Sequence[int]) -> dict[int, bytes]:
    """JPEG of some faces of an index, by their rows."""
    store = IndexStore.open(location)
    face_ids = store.faces([])["face_id"].take(pa.array(rows, pa.int64()))
    return dict(zip(rows, in_order(store.column("thumbnail", face_ids), face_ids), strict=True))
