"""Crops of the faces of an index, cut again from the photos: what networks learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.config import CropConfig
from photoclust.errors import PhotoError
from photoclust.index.store import IndexStore
from photoclust.workflows.snapshot.known_photos import known_photos

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
    wanted: pc.Expression = pc.field("face_id").isin(pa.array(list(face_ids), pa.string()))
    faces = store.faces(["box", "landmarks"]).filter(wanted)
    of_faces: pc.Expression = pc.field("photo_id").isin(faces["photo_id"].combine_chunks())
    for photo in known_photos(store.photos().filter(of_faces).to_pylist(), faces):
        try:
            crops: Sequence[Crops | str] = list(photo.crops(store.settings.decode, config))
        except PhotoError as error:
            crops = [error.reason] * len(photo.face_ids)
        yield from zip((place[face] for face in photo.face_ids), crops, strict=True)
