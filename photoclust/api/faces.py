"""The faces of an index as a table, and their embeddings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.index.columns import in_order
from photoclust.index.store import IndexStore
from photoclust.records import ASSIGNMENT_SCHEMA, PERSON_SCHEMA
from photoclust.report.album import Album
from photoclust.report.export import face_table

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ["box", "detection_score", "quality"]


@dataclass(frozen=True, repr=False)
class Faces:
    """The faces of an index, as they were when they were asked for; ordered by photo and ``face_id``.

    Examples
    --------
    >>> table = index.faces.to_arrow()                                   # doctest: +SKIP
    >>> clear = table.filter(pyarrow.compute.field("quality") > 0.8)     # doctest: +SKIP
    >>> index.faces.embeddings.shape                                     # doctest: +SKIP
    (149, 512)
    """

    _table: pa.Table
    _open: Callable[[], AbstractContextManager[IndexStore]]

    def __repr__(self) -> str:
        photos, people = (len(self._table[name].unique()) for name in ("photo_id", "person_id"))
        people -= "" in self._table["person_id"].unique().to_pylist()
        return f"<{len(self)} faces in {photos} photos, of {people} people>"

    def __len__(self) -> int:
        return len(self._table)

    def to_arrow(self) -> pa.Table:
        """A row for each face.

        Returns
        -------
        pa.Table
            ``photo``, ``photo_id``, ``face_id``, ``x0``, ``y0``, ``x1``, ``y1`` (pixels of the upright
            photo), ``detection_score``, ``quality`` (in [0, 1]), ``person_id`` (``""`` for nobody, or not
            grouped yet), ``person_name``, ``confidence`` (in [0, 1]) and ``status`` (``member``, ``unsure``
            or ``low_quality``).
        """
        return self._table

    def to_pandas(self) -> pd.DataFrame:
        """`to_arrow` as a DataFrame."""
        return self._table.to_pandas()

    @property
    def embeddings(self) -> npt.NDArray[np.float32]:
        """float32, shape (n, d): a unit vector for each row of `to_arrow`; read when asked for."""
        with self._open() as store:
            found = np.empty((len(self), store.settings.embed.dimension), np.float32)
            for rows, vectors in store.column("embedding", self._table["face_id"]):
                flat = vectors.flatten().to_numpy(zero_copy_only=False)
                found[rows] = flat.reshape(-1, found.shape[1])
        return found

    def thumbnails(self, face_ids: list[str]) -> list[bytes]:
        """JPEG of each of some faces."""
        wanted = pa.chunked_array([pa.array(face_ids, pa.string())])
        with self._open() as store:
            return list(in_order(store.column("thumbnail", wanted), wanted))


def faces_of(store: IndexStore, reopen: Callable[[], AbstractContextManager[IndexStore]]) -> Faces:
    """Faces of an index, with the people of its grouping where it has one."""
    current = store.current_clustering()
    assignments = current.assignments if current else ASSIGNMENT_SCHEMA.empty_table()
    people = current.people if current else PERSON_SCHEMA.empty_table()
    return Faces(face_table(Album(store.photos(), store.faces(_COLUMNS), assignments, people)), reopen)
