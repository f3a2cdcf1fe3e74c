"""Photos of an index read again, and the faces known to be in them cut out; no face is searched for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.config import CropConfig, DecodeConfig
from photoclust.errors import PhotoError
from photoclust.faces.align import crop_faces
from photoclust.faces.turned import turns_of
from photoclust.photo_refs import PhotoRef
from photoclust.photos.decode import decode_photo
from photoclust.photos.identity import identity
from photoclust.photos.sources.references import read_photo
from photoclust.records import Detections

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class KnownPhoto:
    """A photo and where its faces are.

    Attributes
    ----------
    photo_id
        Of the picture that the faces were found in.
    refs
        Where it lies, under one name or several.
    face_ids
        Ids of its faces.
    boxes, landmarks
        As in `Detections`, in the same order.
    """

    photo_id: str
    refs: tuple[PhotoRef, ...]
    face_ids: tuple[str, ...]
    boxes: npt.NDArray[np.float32]
    landmarks: npt.NDArray[np.float32]

    @property
    def detections(self) -> Detections:
        """Its faces, as detection would give them."""
        scores = np.ones(len(self.boxes), np.float32)
        return Detections(self.boxes, self.landmarks, scores, turns_of(self.landmarks))

    def crops(self, limits: DecodeConfig, crop: CropConfig) -> Pixels:
        """Its faces, cut as `crop` says: uint8, shape (n, size, size, 3).

        Raises
        ------
        PhotoError
            It cannot be read; see `pixels_of`.
        """
        return crop_faces(pixels_of(self.photo_id, self.refs, limits), self.detections, crop)


def known_photos(photos: Iterable[Mapping[str, Any]], faces: pa.Table) -> list[KnownPhoto]:
    """Photos, each with those of some faces that are in it.

    Parameters
    ----------
    photos
        Rows with the columns of a `PhotoRef` and ``photo_id``; those of one picture make one photo.
    faces
        The columns ``face_id``, ``photo_id``, ``box`` and ``landmarks``.
    """
    refs: defaultdict[str, list[PhotoRef]] = defaultdict(list)
    for row in photos:
        refs[row["photo_id"]].append(PhotoRef.of_row(row))
    own: defaultdict[str, list[int]] = defaultdict(list)
    for row, photo in enumerate(faces["photo_id"].to_pylist()):
        own[photo].append(row)
    ids = faces["face_id"].to_pylist()
    boxes = faces["box"].combine_chunks().flatten().to_numpy().reshape(-1, 4)
    landmarks = faces["landmarks"].combine_chunks().flatten().to_numpy().reshape(-1, 5, 2)
    return [
        KnownPhoto(
            photo,
            tuple(places),
            tuple(ids[row] for row in own[photo]),
            boxes[own[photo]],
            landmarks[own[photo]],
        )
        for photo, places in refs.items()
    ]


def pixels_of(photo_id: str, refs: Sequence[PhotoRef], limits: DecodeConfig) -> Pixels:
    """The upright photo, from the first of its places where its picture still lies.

    Raises
    ------
    PhotoError
        It lies at none of them, or cannot be read.
    """
    problem = PhotoError("read", "it is not in the index")
    for ref in refs:
        try:
            content = read_photo(ref, limits)
            known = identity(content)
            if photo_id in (known.photo_id, known.content_id):
                return decode_photo(content, limits).pixels
            problem = PhotoError("read", "its picture has changed since it was indexed")
        except PhotoError as error:
            problem = error
    raise problem
