"""Reads photos and makes rows of the faces that somebody drew in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.errors import IndexMismatchError, PhotoError, WeightsError
from photoclust.index.erasure.keep_out import without_kept_out
from photoclust.index.store import IndexStore
from photoclust.people.decisions.line import LEAST_SIDE
from photoclust.people.decisions.which_faces import DrawnFace
from photoclust.photo_refs import PhotoRef
from photoclust.records import DRAWN_SCORE, OK, PHOTO_SCHEMA, printable
from photoclust.workflows.snapshot.known_photos import Pixels, pixels_of

FACES_A_PART = 256

Row = dict[str, Any]


class Drawer:
    """Adds faces to an index; leaving the context writes the rest. The caller holds the index's lock.

    Parameters
    ----------
    store
        The index.
    places
        Rows of PHOTO_SCHEMA of the photos that are there, by ``photo_id``.

    Attributes
    ----------
    problems
        A sentence for each face that could not be added.
    """

    def __init__(self, store: IndexStore, places: Mapping[str, Sequence[Row]]) -> None:
        self.problems: list[str] = []
        self._store, self._places = store, places
        self._faces: list[DrawnFace] = []
        self._rows: list[Row] = []
        self._looker: _Looker | None = None

    def add(self, faces: Sequence[DrawnFace]) -> None:
        """Take the faces that were drawn in one photo."""
        photo = faces[0].photo_id
        refs = [PhotoRef.of_row(row) for row in self._places[photo]]
        try:
            pixels = pixels_of(photo, refs, self._store.settings.decode)
            self._looker = self._looker or _Looker(self._store)
        except PhotoError as error:
            reason = f"{printable(refs[0].uri)} cannot be read: {error.reason}"
            self.problems += [one.not_applied(reason) for one in faces]
            return
        except (IndexMismatchError, WeightsError) as error:
            self.problems += [one.not_applied(str(error).rstrip(".")) for one in faces]
            return
        self._faces += faces
        self._rows += [self._looker.row(pixels, one) for one in faces]
        if len(self._rows) >= FACES_A_PART:
            self._write()

    def _write(self) -> None:
        """Add what was taken; what was forgotten and is kept out stays out."""
        if self._looker is None or not self._rows:
            return
        faces = pa.Table.from_pylist(self._looker.embedded(self._rows), self._store.face_schema)
        _, kept = without_kept_out(self._store.folder, self._photos_of(faces), faces)
        if len(kept):
            self._store.append(self._photos_of(kept), kept)
        there = set(kept["face_id"].to_pylist())
        out = [one for one in self._faces if one.face_id not in there]
        self.problems += [one.not_applied("that face was forgotten, and is kept out") for one in out]
        self._faces, self._rows = [], []

    def _photos_of(self, faces: pa.Table) -> pa.Table:
        """Rows of photos, which have a face now."""
        ids = sorted(set(faces["photo_id"].to_pylist()))
        rows = [row | {"status": OK} for photo in ids for row in self._places[photo]]
        return pa.Table.from_pylist(rows, PHOTO_SCHEMA)

    def __enter__(self) -> Drawer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._write()


class _Looker:
    """Looks at drawn faces; loads what that needs."""

    def __init__(self, store: IndexStore) -> None:
        import torch

        from photoclust.faces.detect import Detector
        from photoclust.models.embedder import load
        from photoclust.models.weights import weights_sha256

        torch.set_num_threads(1)
        self.settings, embed = store.settings, store.settings.embed
        store.require(store.settings, weights_sha256(embed.model))
        self.detector = Detector(store.settings.detect)
        self.embedder = load(embed.model, flip=embed.flip, precision=embed.precision)

    def row(self, pixels: Pixels, face: DrawnFace) -> Row:
        """Row of FACE_SCHEMA for a face, with its crop in the place of its embedding."""
        from photoclust.faces.align import crop_faces, thumbnails
        from photoclust.faces.drawn import drawn_face
        from photoclust.faces.quality import assess

        seen = drawn_face(self.detector, pixels, _inside(face, pixels.shape))
        looks = assess(pixels, seen)
        return {
            "face_id": face.face_id,
            "photo_id": face.photo_id,
            "box": seen.boxes[0],
            "landmarks": seen.landmarks[0].ravel(),
            "detection_score": DRAWN_SCORE,
            "sharpness": looks.sharpness[0],
            "yaw": looks.yaw[0],
            "quality": looks.quality[0] if seen.scores[0] else 0.0,  # nothing that could be recognised
            "thumbnail": thumbnails(pixels, seen)[0],
            "embedding": crop_faces(pixels, seen, self.settings.crop)[0],
        }

    def embedded(self, rows: Sequence[Row]) -> list[Row]:
        """The same rows with embeddings."""
        vectors = self.embedder.embed(np.stack([row["embedding"] for row in rows])).astype(np.float16)
        return [row | {"embedding": vector} for row, vector in zip(rows, vectors, strict=True)]


def _inside(face: DrawnFace, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """The box of a face, moved if need be so that some of it is in the photo."""
    height, width = shape[:2]
    x0, y0, x1, y1 = face.box
    x0, y0 = min(x0, max(0, width - LEAST_SIDE)), min(y0, max(0, height - LEAST_SIDE))
    return np.array(
        [x0, y0, max(min(x1, width), x0 + LEAST_SIDE), max(min(y1, height), y0 + LEAST_SIDE)], np.float32
    )
