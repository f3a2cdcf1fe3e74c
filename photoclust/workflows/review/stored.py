"""Photos and faces of an index, in memory, in the order of face ids; without embeddings and thumbnails.

Findings that are no faces, and drawings that were taken back, are among them: what holds may change any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index.prepared import stamp_of
from photoclust.index.store import IndexStore
from photoclust.records import DRAWN_SCORE, NO_FACE, OK
from photoclust.report.album import index_in
from photoclust.types import Rows


@dataclass(frozen=True)
class StoredFaces:
    """The n faces of an index and the photos that they are in.

    Attributes
    ----------
    table
        ``face_id``, ``photo_id``, ``box``, ``quality`` and ``detection_score``, ordered by ``face_id``.
    photos
        A row for each picture that can be looked at, ordered by its first uri: columns of PHOTO_SCHEMA.
    photo
        int64, shape (n,): row of `photos` of each face; −1 where the photo is not there.
    stamp
        Sums up the files they were read from.
    """

    table: pa.Table
    photos: pa.Table
    photo: Rows
    stamp: str

    @classmethod
    def read(cls, store: IndexStore) -> StoredFaces:
        """Read those of an index."""
        stamp = stamp_of(store.folder, "photos", "faces")
        every = store.photos()
        table = store.faces(["box", "quality", "detection_score"], every, left_out=True)
        photos = _pictures(every)
        photo = pc.fill_null(index_in(table["photo_id"], photos["photo_id"]), -1)
        return cls(table, photos, photo.to_numpy().astype(np.int64), stamp)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def ids(self) -> list[str]:
        """Id of each face."""
        return self.table["face_id"].to_pylist()

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each face, by id."""
        return {face: row for row, face in enumerate(self.ids)}

    @cached_property
    def photo_row_of(self) -> dict[str, int]:
        """Row of each photo, by ``photo_id``."""
        return {photo: row for row, photo in enumerate(self.photos["photo_id"].to_pylist())}

    @cached_property
    def boxes(self) -> npt.NDArray[np.float32]:
        """float32, shape (n, 4): x0, y0, x1, y1 in pixels of the upright photo."""
        flat: Any = self.table["box"].combine_chunks()
        flat = pa.concat_arrays(flat.chunks) if isinstance(flat, pa.ChunkedArray) else flat
        return flat.flatten().to_numpy(zero_copy_only=False).reshape(-1, 4)

    @cached_property
    def quality(self) -> npt.NDArray[np.float32]:
        """float32, shape (n,), in [0, 1]."""
        return self.table["quality"].to_numpy()

    @cached_property
    def drawn(self) -> npt.NDArray[np.bool_]:
        """bool, shape (n,): faces that somebody drew by hand."""
        return self.table["detection_score"].to_numpy() == DRAWN_SCORE

    @cached_property
    def taken(self) -> npt.NDArray[np.datetime64]:
        """datetime64[ms], shape (n,): when the photo was taken; NaT where that is not known."""
        times = self.photos["taken_at"].to_numpy().astype("datetime64[ms]")
        own = times[self.photo] if len(times) else np.full(len(self), "NaT", "datetime64[ms]")
        return np.where(self.photo >= 0, own, np.datetime64("NaT", "ms"))

    @cached_property
    def years(self) -> npt.NDArray[np.int64]:
        """int64, shape (n,): year in which the photo was taken; 0 where that is not known."""
        known = ~np.isnat(self.taken)
        years = self.taken.astype("datetime64[Y]").astype(np.int64) + 1970
        return np.where(known, years, 0)

    @cached_property
    def of_photo(self) -> tuple[Rows, Rows]:
        """Faces in the order of their photos, and where those of each photo begin (one more at the end)."""
        order = np.argsort(self.photo, kind="stable")
        begins = np.searchsorted(self.photo[order], np.arange(len(self.photos) + 1))
        return order, begins

    def rows_in(self, photo: int) -> Rows:
        """Faces of a photo, from left to right."""
        order, begins = self.of_photo
        rows = order[begins[photo] : begins[photo + 1]]
        return rows[np.argsort(self.boxes[rows, 0], kind="stable")]


def _pictures(photos: pa.Table) -> pa.Table:
    """The first file of each picture that can be looked at."""
    seen = photos.filter(pc.field("status").isin([OK, NO_FACE])).sort_by("uri")
    first = index_in(seen["photo_id"].unique(), seen["photo_id"]) if len(seen) else pa.array([], pa.int32())
    return seen.take(first).combine_chunks()
