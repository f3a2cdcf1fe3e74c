"""Crops of the faces of an index, cut again from the photos: what networks learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.config import CropConfig
from photoclust.errors import PhotoError
from photoclust.faces.align import crop_faces
from photoclust.index.store import IndexStore
from photoclust.photo_refs import PhotoRef
from photoclust.photos.decode import decode_photo
from photoclust.photos.sources.references import read_photo
from photoclust.records import Detections
from photoclust.types import Rows

Crops = npt.NDArray[np.uint8]


def cut_crops(
    store: IndexStore, face_ids: Sequence[str], config: CropConfig
) -> Iterator[tuple[int, Crops | str]]:
    """Cut faces from their photos, photo by photo; no face is searched.

    Parameters
    ----------
    store
        The index that knows their boxes and landmarks.
    face_ids
        Which faces.
    config
        Size of the crops, and how they are cut.

    Yields
    ------
    place, crop
        Place among `face_ids`, in no order, and uint8, shape (size, size, 3); or why there is none.
    """
    place = {face_id: number for number, face_id in enumerate(face_ids)}
    photos = {row["photo_id"]: row for row in store.photos().to_pylist()}
    table = store.faces(["box", "landmarks", "detection_score"])
    wanted = table.filter(pc.field("face_id").isin(pa.array(list(face_ids), pa.string())))
    rows = sorted(wanted.to_pylist(), key=lambda row: row["photo_id"])
    for photo_id, faces in groupby(rows, key=lambda row: row["photo_id"]):
        yield from _of_photo(store, photos[photo_id], list(faces), place, config)


def _of_photo(
    store: IndexStore,
    photo: dict[str, object],
    faces: list[dict[str, object]],
    place: dict[str, int],
    config: CropConfig,
) -> Iterator[tuple[int, Crops | str]]:
    try:
        content = read_photo(PhotoRef.of_row(photo), store.settings.decode)
        pixels = decode_photo(content, store.settings.decode).pixels
    except PhotoError as error:
        for face in faces:
            yield place[str(face["face_id"])], error.reason
        return
    boxes = np.array([face["box"] for face in faces], np.float32)
    landmarks = np.array([face["landmarks"] for face in faces], np.float32).reshape(-1, 5, 2)
    scores = np.array([face["detection_score"] for face in faces], np.float32)
    for row, turns in enumerate(quarter_turns(landmarks).tolist()):
        one = slice(row, row + 1)
        found = Detections(boxes[one], landmarks[one], scores[one], int(turns))
        yield place[str(faces[row]["face_id"])], crop_faces(pixels, found, config)[0]


def quarter_turns(landmarks: npt.NDArray[np.float32]) -> Rows:
    """Quarter turns counter-clockwise that put faces upright: the mouth belongs below the eyes.

    Parameters
    ----------
    landmarks
        float32, shape (n, 5, 2): eyes, nose, corners of the mouth.

    Returns
    -------
    int64, shape (n,): 0 to 3.
    """
    down = landmarks[:, 3:].mean(1) - landmarks[:, :2].mean(1)
    sides = np.stack([down[:, 1], -down[:, 0], -down[:, 1], down[:, 0]])  # how far down, left, up and right
    return sides.argmax(0).astype(np.int64)
