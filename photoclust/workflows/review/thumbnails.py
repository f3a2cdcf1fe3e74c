"""Thumbnails of an index at hand in any order without being in memory: a file that has no name holds them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index import files
from photoclust.index.store import IndexStore
from photoclust.report.album import index_in
from photoclust.types import Rows
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
        self._parts = [store.parts.faces_of(mark) for mark in store.parts.marks()]
        self._part, self._at = _place_of_each(self._parts, faces.table["face_id"])
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
        column = files.read_table(self._parts[part], [_THUMBNAIL])[_THUMBNAIL]
        with self._lock:
            if not self._read[part]:
                self._put(column, part)
                self._read[part] = True

    def _put(self, column: pa.ChunkedArray, part: int) -> None:
        rows = np.flatnonzero(self._part == part)
        begins, lengths = np.zeros(len(column), np.int64), np.zeros(len(column), np.int64)
        start = 0
        self._file.seek(self._end)
        for chunk in column.chunks:
            _, offsets, content = chunk.buffers()
            ends = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
            self._file.write(memoryview(content)[ends[0] : ends[-1]])
            begins[start : start + len(chunk)] = self._end + (ends[:-1] - ends[0])
            lengths[start : start + len(chunk)] = np.diff(ends)
            start, self._end = start + len(chunk), self._end + int(ends[-1] - ends[0])
        self._begin[rows], self._length[rows] = begins[self._at[rows]], lengths[self._at[rows]]

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def _place_of_each(parts: list[Path], face_ids: pa.ChunkedArray) -> tuple[Rows, Rows]:
    """int64, shape (n,): the last part that holds each face, −1 for none, and its place in that part."""
    stored = [files.read_table(path, ["face_id"])["face_id"].combine_chunks() for path in parts]
    part, at = np.full(len(face_ids), -1), np.zeros(len(face_ids), np.int64)
    row = index_in(pa.chunked_array(stored, pa.string()), face_ids)
    rows = pc.fill_null(row, -1).to_numpy()
    begin = 0
    for number, own in enumerate(stored):
        found = rows[begin : begin + len(own)]
        there = np.flatnonzero(found >= 0)
        part[found[there]], at[found[there]] = number, there
        begin += len(own)
    return part, at
