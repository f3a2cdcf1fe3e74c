"""Faces of photos that are not as they were, matched with those the photos had."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index.store import IndexStore
from photoclust.index.successors import Pairs
from photoclust.people.identity.succession import PhotoFaces, successors
from photoclust.records import OK, face_embeddings

_COLUMNS = ["face_id", "photo_id", "box", "embedding"]


class Succession:
    """Finds the successors of faces as rows come.

    Parameters
    ----------
    store
        The index, as it was before the run.
    changed
        By uri, rows of PHOTO_SCHEMA of known photos whose picture may be another now.
    """

    def __init__(self, store: IndexStore, changed: Mapping[str, Mapping[str, Any]]) -> None:
        self._store, self._changed = store, changed

    def of(self, photos: pa.Table, faces: pa.Table) -> Pairs:
        """Pairs of a face of before and the face it is now, for rows of PHOTO_SCHEMA and FACE_SCHEMA."""
        if not self._changed:
            return []
        pairs: Pairs = []
        for row in photos.filter(pc.field("status") == OK).to_pylist():
            before = self._changed.get(row["uri"])
            if before is not None and before["photo_id"] != row["photo_id"]:
                pairs += successors(self._before(before), self._after(row, faces))
        return pairs

    @cached_property
    def _stored(self) -> pa.Table:
        """Faces of the photos as they were."""
        photos = {row["photo_id"] for row in self._changed.values()}
        return self._store.faces_of_photos(photos, _COLUMNS)

    def _before(self, row: Mapping[str, Any]) -> PhotoFaces:
        return _photo_faces(row, self._stored)

    def _after(self, row: Mapping[str, Any], faces: pa.Table) -> PhotoFaces:
        found = _photo_faces(row, faces)
        if found.face_ids:
            return found
        return _photo_faces(row, self._store.faces_of_photos({row["photo_id"]}, _COLUMNS))


def _photo_faces(row: Mapping[str, Any], faces: pa.Table) -> PhotoFaces:
    own = faces.select(_COLUMNS).filter(pc.field("photo_id") == row["photo_id"]).combine_chunks()
    boxes = np.array(own["box"].to_pylist(), np.float64).reshape(-1, 4)
    size = (row["width"] or 0, row["height"] or 0)
    return PhotoFaces(own["face_id"].to_pylist(), boxes, face_embeddings(own).astype(np.float64), size)
