"""The faces of an index embedded by another model: their photos are read, but no face is searched for."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.config import IndexSettings
from photoclust.errors import EngineError, PhotoError
from photoclust.limits import TimeLimits, limited, time_limits
from photoclust.machine import usable_processors
from photoclust.records import face_schema
from photoclust.workflows.snapshot.known_photos import KnownPhoto

if TYPE_CHECKING:
    from photoclust.models.embedder import Embedder

_AT_ONCE = 16  # photos of a job: few, so that all processors are busy
_ALONE = 32  # photos for which no process is started


@dataclass(frozen=True)
class Embedded:
    """Embeddings by face id, and the photos that could not be read, by photo id."""

    vectors: dict[str, npt.NDArray[np.float16]]
    failed: dict[str, PhotoError]


class EmbedKnown:
    """Reads photos and embeds the faces that are known to be in them."""

    def __init__(self, settings: IndexSettings, limits: TimeLimits | None = None) -> None:
        import torch

        from photoclust.models.embedder import load

        torch.set_num_threads(1)
        self.settings, self.limits = settings, limits or time_limits()
        self.embedder: Embedder = load(
            settings.embed.model, flip=settings.embed.flip, precision=settings.embed.precision
        )

    def __call__(self, photos: Sequence[KnownPhoto]) -> Embedded:
        """Embed all their faces."""
        crops, failed, ids = [], dict[str, PhotoError](), list[str]()
        for photo in photos:
            try:
                with limited(self.limits):
                    crops.append(photo.crops(self.settings.decode, self.settings.crop))
                ids += photo.face_ids
            except PhotoError as error:
                failed[photo.photo_id] = error
        side = self.settings.crop.size
        vectors = self.embedder.embed(np.concatenate([np.zeros((0, side, side, 3), np.uint8), *crops]))
        return Embedded(dict(zip(ids, vectors.astype(np.float16), strict=True)), failed)


@contextmanager
def embedding(settings: IndexSettings, photos: int) -> Generator[EmbedPhotos]:
    """Start what embeds so many photos with the model of `settings`, on all processors where that pays."""
    many = usable_processors() if photos > _ALONE else 1
    if many == 1:
        yield EmbedPhotos(EmbedKnown(settings))
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(many, spawn, initializer=_start, initargs=(settings, time_limits()))
    try:
        yield EmbedPhotos(None, pool)
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class EmbedPhotos:
    """Embeds photos in this process, or in those of a pool."""

    here: EmbedKnown | None
    pool: ProcessPoolExecutor | None = None

    def __call__(self, photos: Sequence[KnownPhoto]) -> Embedded:
        """Embed the faces of photos.

        Raises
        ------
        EngineError
            A process died.
        """
        jobs = [photos[start : start + _AT_ONCE] for start in range(0, len(photos), _AT_ONCE)]
        try:
            done = list(self._done(jobs))
        except BrokenProcessPool as error:
            raise EngineError(
                "A process that embeds photos died, of memory perhaps; what was finished is kept, and the "
                "same command goes on."
            ) from error
        vectors = {face: vector for one in done for face, vector in one.vectors.items()}
        return Embedded(vectors, {photo: error for one in done for photo, error in one.failed.items()})

    def _done(self, jobs: list[Sequence[KnownPhoto]]) -> Iterator[Embedded]:
        if self.pool is None:
            assert self.here is not None
            yield from map(self.here, jobs)
            return
        waiting: list[Future[Embedded]] = [self.pool.submit(_embed, job) for job in jobs]
        yield from (one.result() for one in waiting)


def with_embeddings(faces: pa.Table, vectors: dict[str, npt.NDArray[np.float16]], dimension: int) -> pa.Table:
    """Rows of FACE_SCHEMA, those of them that have a new embedding, with it."""
    ids = faces["face_id"].to_pylist()
    kept = [row for row, face in enumerate(ids) if face in vectors]
    rows = [vectors[ids[row]] for row in kept]
    flat = np.concatenate([np.zeros(0, np.float16), *rows])
    schema, table = face_schema(dimension), faces.take(kept).combine_chunks()
    embedding = pa.FixedSizeListArray.from_arrays(pa.array(flat), dimension)
    columns: list[Any] = [embedding if name == "embedding" else table[name] for name in schema.names]
    return pa.Table.from_arrays(columns, schema=schema)


_HERE: list[EmbedKnown] = []


def _start(settings: IndexSettings, limits: TimeLimits) -> None:
    """Load the model in a process of the pool, and let the process end with the one that started it."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    _HERE.append(EmbedKnown(settings, limits))


def _embed(photos: Sequence[KnownPhoto]) -> Embedded:
    return _HERE[0](photos)
