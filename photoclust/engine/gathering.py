"""Faces of several tables are embedded together, so that few places of a batch stay empty."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from photoclust.stages import FACES_AT_ONCE, EmbedFaces, face_counts

PHOTOS_AT_ONCE = 64  # photos that wait for others to fill a batch; the death of a process costs them


class Gathered:
    """Photos whose faces are found, held back until their faces fill whole batches.

    Parameters
    ----------
    embed
        What embeds them. A face's embedding is the same whichever others are in its batch.
    """

    def __init__(self, embed: EmbedFaces) -> None:
        self._embed = embed
        self._waiting: list[pa.Table] = []

    def add(self, found: pa.Table) -> list[pa.Table]:
        """Take a table of FOUND_SCHEMA; give the rows, INDEXED_SCHEMA, that need not wait."""
        table = pa.concat_tables([*self._waiting, found])
        ready = _ready(face_counts(table), self._embed.batch_size)
        self._waiting = [table.slice(ready)] if ready < len(table) else []
        return [self._embed(table.slice(0, ready))] if ready else []

    def rest(self) -> list[pa.Table]:
        """Give the rows of all photos that were held back."""
        waiting, self._waiting = self._waiting, []
        return [self._embed(pa.concat_tables(waiting))] if waiting else []


def _ready(counts: np.ndarray, batch_size: int) -> int:
    """How many photos to embed now: as many as fill batches, or all where too many would wait."""
    faces = np.cumsum(counts)
    full = np.flatnonzero(faces % batch_size == 0)
    ready = int(full[-1]) + 1 if len(full) else 0
    waiting = counts[ready:]
    too_many = len(waiting) > PHOTOS_AT_ONCE or waiting.sum() > max(FACES_AT_ONCE, batch_size)
    return len(counts) if too_many else ready
