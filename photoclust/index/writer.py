"""Gathers rows into parts of a sensible size."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

import pyarrow as pa

from photoclust.errors import IndexLockedError, IndexWriteError
from photoclust.index.store import IndexStore
from photoclust.index.successors import Pairs
from photoclust.limits import time_limits
from photoclust.records import PHOTO_SCHEMA

PHOTOS_A_PART = 2048
FACES_A_PART = 4096  # about 4 kB each, so 16 MB


class PartWriter:
    """Collects rows and appends them to the index part by part; leaving the context writes the rest.

    What was collected is written on the way out of an error too, unless writing is what failed.
    """

    def __init__(self, store: IndexStore) -> None:
        self.store = store
        self.seconds = time_limits().part
        self._clear()

    def _clear(self) -> None:
        self.photos: list[pa.Table] = []
        self.faces: list[pa.Table] = []
        self.successors: Pairs = []
        self.since = time.monotonic()

    def add(self, photos: pa.Table, faces: pa.Table, successors: Sequence[tuple[str, str]] = ()) -> None:
        """Take rows of PHOTO_SCHEMA with all their faces, and which of before these are."""
        self.successors += successors
        self.photos.append(photos)
        self.faces.append(faces)
        full = sum(map(len, self.photos)) >= PHOTOS_A_PART or sum(map(len, self.faces)) >= FACES_A_PART
        if full or time.monotonic() - self.since >= self.seconds:
            self.flush()

    def flush(self) -> None:
        """Write what has been collected."""
        if self.photos:
            photos = pa.concat_tables([PHOTO_SCHEMA.empty_table(), *self.photos])
            faces = pa.concat_tables([self.store.face_schema.empty_table(), *self.faces])
            self.store.add_successors(self.successors)
            self.store.append(photos, faces)
        self._clear()

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, IndexWriteError | IndexLockedError):
            self.flush()
