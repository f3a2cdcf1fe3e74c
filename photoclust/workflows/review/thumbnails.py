"""Thumbnails of an index at hand in any order without being in memory: a file that has no name holds them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index import files
from photoclust.index.columns import pieces
from photoclust.index.store import IndexStore
from photoclust.workflows.review.stored import StoredFaces

_THUMBNAIL = "thumbnail"


class Thumbnails:
    """JPEG of each of the faces of an index, read part by part when one of a part is first looked at.

    Parameters
    ----------
    store, faces
        The index, and its n faces.
    """

    def __init__(self, store: IndexStore, faces: StoredFaces) -> None:
        self.stamp = faces.stamp
        self._face_ids: pa.ChunkedArray = faces.table["face_id"]
        self._parts = [store.parts.faces_of(mark) for mark in store.parts.marks()]
        self._part = _part_of_each(self._parts, self._face_ids)
        self._read = [False] * len(self._parts)
        self._begin, self._length = (np.zeros(len(faces), np.int64) for _ in range(2))
        self._file, self._end = TemporaryFile(dir=store.folder, buffering=0), 0  # noqa: SIM115
        self._lock = Lock()

    def jpeg(self, row: int) -> bytes:
        """Thumbnail of a face; empty where there is none."""
        self.read(int(self._part[row]))
        with self._lock:
            self._file.seek(int(self._begin[row]))
            return self._file.read(int(self._length[row])) or b""

    def read_all(self) -> None:
        """Read every part."""
        for part in range(len(self._parts)):
            self.read(part)

    def read(self, part: int) -> None:
        """Put the thumbnails of a part into the file, unless they are there."""
        if part < 0 or self._read[part]:
            return
        for rows, values in pieces([self._parts[part]], _THUMBNAIL, self._face_ids):
            mine = np.flatnonzero(self._part[rows] == part)
            self._put(rows[mine], values.take(pa.array(mine)), part)

    def _put(self, rows: np.ndarray, values: pa.Array, part: int) -> None:
        _, offsets, content = values.buffers()
        ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
        with self._lock:
            if not self._read[part]:
                self._file.seek(self._end)
                self._file.write(memoryview(content)[ends[0] : ends[-1]])
                self._begin[rows] = self._end + (ends[:-1] - ends[0])
                self._length[rows] = np.diff(ends)
                self._end += int(ends[-1] - ends[0])
                self._read[part] = True

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def _part_of_each(parts: list[Path], face_ids: pa.ChunkedArray) -> np.ndarray:
    """int64, shape (n,): the last part that holds each face."""
    part = np.full(len(face_ids), -1)
    for number, path in enumerate(parts):
        own = files.read_table(path, ["face_id"])["face_id"]
        place = pc.index_in(own, value_set=face_ids)  # pyright: ignore[reportAttributeAccessIssue]
        rows = pc.fill_null(place, -1).to_numpy()
        part[rows[rows >= 0]] = number
    return part
