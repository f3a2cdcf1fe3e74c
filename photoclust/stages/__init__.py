"""The two stages a photo goes through alone, left of Parquet: find its faces, embed them.

Both are plain callables over Arrow tables and know nothing of the engine that runs them. A row holds a
photo and all its faces; nothing is computed across photos, so the rows are the same whatever the batches,
the order and the engine. One torch thread each: the last bits of a float32 convolution depend on the
number of threads, and many single-threaded actors are faster than few wide ones anyway. On a GPU photos are
looked at together, and faces are the same to a tolerance (`photoclust.faces.batched.detector`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa

from photoclust.config import IndexSettings
from photoclust.stages.embed import EmbedFaces, face_counts
from photoclust.stages.find import FACES_AT_ONCE, FindFaces, face_id
from photoclust.stages.together import FindFacesTogether

__all__ = [
    "FACES_AT_ONCE",
    "EmbedFaces",
    "Engine",
    "FindFaces",
    "FindFacesTogether",
    "face_counts",
    "face_id",
]


class Engine(Protocol):
    """What runs the stages over a table of photos: see `photoclust.engine`."""

    def stream(
        self, refs: pa.Table, settings: IndexSettings, photos_at_once: int | None = None
    ) -> Iterator[pa.Table]:
        """Yield tables of INDEXED_SCHEMA for all of `refs` (REF_SCHEMA), in any order."""
        ...
