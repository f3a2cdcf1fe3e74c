"""Between the index and the evaluate room: the faces whose person is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from photoclust.errors import IndexMissingError, UsageError
from photoclust.evaluate.labels import csv_labels, folder_labels, main_faces
from photoclust.index.store import IndexStore
from photoclust.records import OK


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
    thumbnails
        JPEG of each; empty if they were not asked for.
    """

    rows: list[int]
    photos: list[str]
    people: list[str]
    groups: list[str]
    thumbnails: list[bytes]


def labelled_faces(location: str, labels: str, thumbnails: bool = False) -> LabelledFaces:
    """Read the main face of each labelled photo.

    Parameters
    ----------
    location
        Folder of the index.
    labels
        ``folders``, or the path of a CSV.
    thumbnails
        Read the thumbnails too.

    Raises
    ------
    IndexMissingError
        There is no index, or no clustering in it.
    UsageError
        The labels cannot be used.
    """
    store = IndexStore.open(location)
    clustering = store.current_clustering()
    if clustering is None:
        raise IndexMissingError(
            f"{location} holds no people yet; run `photoclust cluster --index {location}`."
        )
    photos = store.photos()
    faces = store.faces(["box", "thumbnail"] if thumbnails else ["box"])
    truth = _people_of_photos(photos, labels)
    rows = [row for row in main_rows(photos, faces) if faces["photo_id"][row].as_py() in truth]
    if not rows:
        raise UsageError(f"None of the labels fits a photo with a face in {location}.")
    ids = [faces["photo_id"][row].as_py() for row in rows]
    columns = (clustering.assignments[name].to_pylist() for name in ("face_id", "person_id"))
    person = dict(zip(*columns, strict=True))
    return LabelledFaces(
        rows=rows,
        photos=[truth[photo][0] for photo in ids],
        people=[truth[photo][1] for photo in ids],
        groups=[person.get(faces["face_id"][row].as_py(), "") for row in rows],
        thumbnails=[faces["thumbnail"][row].as_py() for row in rows] if thumbnails else [],
    )


def _people_of_photos(photos: pa.Table, labels: str) -> dict[str, tuple[str, str]]:
    """Uri and label of each photo_id; of copies the one whose uri sorts last."""
    uris = photos["uri"].to_pylist()
    known: Mapping[str, str] = folder_labels(uris) if labels == "folders" else csv_labels(Path(labels), uris)
    rows = zip(photos["photo_id"].to_pylist(), uris, photos["status"].to_pylist(), strict=True)
    return {photo: (uri, known[uri]) for photo, uri, status in rows if status == OK and uri in known}


def main_rows(photos: pa.Table, faces: pa.Table) -> list[int]:
    """Row of the face that the label of each photo means; see `main_faces`."""
    columns = (photos[name].to_pylist() for name in ("photo_id", "width", "height"))
    sizes = {photo: (width, height) for photo, width, height in zip(*columns, strict=True) if width}
    boxes = faces["box"].combine_chunks().flatten().to_numpy().reshape(-1, 4).astype(np.float32)
    return main_faces(boxes, faces["photo_id"].to_pylist(), sizes).tolist()
