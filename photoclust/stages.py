"""The two stages a photo goes through alone, left of Parquet: find its faces, embed them.

Both are plain callables over Arrow tables and know nothing of the engine that runs them. A row holds a
photo and all its faces; nothing is computed across photos, so the rows are the same whatever the batches,
the order and the engine. One torch thread each: the last bits of a float32 convolution depend on the
number of threads, and many single-threaded actors are faster than few wide ones anyway.
"""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.config import IndexSettings
from photoclust.errors import CredentialsExpiredError, PhotoError
from photoclust.faces.align import crop_faces, thumbnails
from photoclust.faces.quality import assess
from photoclust.faces.turned import detect_turned
from photoclust.limits import TimeLimits, limited, time_limits
from photoclust.photo_refs import PhotoRef
from photoclust.photos.decode import decode_photo
from photoclust.photos.identity import picture_id
from photoclust.photos.sources.references import read_photo
from photoclust.records import (
    FOUND_SCHEMA,
    NO_FACE,
    OK,
    PHOTO_SCHEMA,
    STAGES,
    DecodedPhoto,
    Detections,
    face_schema,
    failed_row,
    indexed_schema,
)
from photoclust.storage.retry import counting_retries
from photoclust.timing import Stopwatch

FACES_AT_ONCE = 64  # a table holds no more unless one photo does: 64 crops of 160 px are 5 MB
GPU_BATCH = 64  # crops embedded at once; FACES_AT_ONCE is a multiple, so that few are padding


class Engine(Protocol):
    """What runs the stages over a table of photos: see `photoclust.engine`."""

    def stream(
        self, refs: pa.Table, settings: IndexSettings, photos_at_once: int | None = None
    ) -> Iterator[pa.Table]:
        """Yield tables of INDEXED_SCHEMA for all of `refs` (REF_SCHEMA), in any order."""
        ...


class FindFaces:
    """Read, decode, detect and crop: from REF_SCHEMA to FOUND_SCHEMA.

    Parameters
    ----------
    settings
        Those of the index.
    photo_seconds
        End this process when a photo takes longer; None lets it take its time.
    limits
        How long to wait for a file; those in force by default.
    """

    def __init__(
        self,
        settings: IndexSettings,
        photo_seconds: float | None = None,
        limits: TimeLimits | None = None,
    ) -> None:
        import torch  # here, not above: the process that only hands out work can do without

        from photoclust.faces.detect import Detector

        torch.set_num_threads(1)
        self.settings = settings
        self.photo_seconds = photo_seconds
        self.limits = limits or time_limits()
        self.detector = Detector(settings.detect)

    def __call__(self, refs: pa.Table) -> Iterator[pa.Table]:
        """Yield the rows of `refs`, a bounded number of faces at a time."""
        rows: list[dict[str, Any]] = []
        faces = 0
        for values in refs.to_pylist():
            with counting_retries() as retried, limited(self.limits), _time_limit(self.photo_seconds):
                row = self.find(PhotoRef.of_row(values), values["attempts"])
            row["retries"] = retried.requests
            found = len(row.get("faces", ()))
            if rows and faces + found > FACES_AT_ONCE:
                yield pa.Table.from_pylist(rows, schema=FOUND_SCHEMA)
                rows, faces = [], 0
            rows.append(row)
            faces += found
        if rows:
            yield pa.Table.from_pylist(rows, schema=FOUND_SCHEMA)

    def find(self, ref: PhotoRef, tried: int) -> dict[str, Any]:
        """Row of FOUND_SCHEMA for one photo; a bad photo gives a row with its reason."""
        photo_id, watch = "", Stopwatch()
        try:
            content = read_photo(ref, self.settings.decode)
            photo_id = picture_id(content)
            watch.lap("read")
            photo = decode_photo(content, self.settings.decode)
            watch.lap("decode")
            faces = self._faces(photo, photo_id)
            watch.lap("detect")
        except PhotoError as error:
            watch.lap(error.stage)
            expired = isinstance(error.__cause__, CredentialsExpiredError)
            row = failed_row(ref, tried, error, photo_id)
            return row | {"seconds": watch.seconds, "credentials_expired": expired}
        return {
            "photo_id": photo_id,
            **ref.row(),
            "width": photo.width,
            "height": photo.height,
            "orientation": photo.orientation,
            "taken_at": photo.taken_at,
            "status": OK if faces else NO_FACE,
            "attempts": tried + 1,
            "faces": faces,
            "seconds": watch.seconds,
        }

    def _faces(self, photo: DecodedPhoto, photo_id: str) -> list[dict[str, Any]]:
        try:
            found = detect_turned(self.detector, photo.pixels)
            crops = crop_faces(photo.pixels, found, self.settings.crop)
            small = thumbnails(photo.pixels, found)
            looks = assess(photo.pixels, found)
        except Exception as error:  # torch says anything, "out of memory" too; one photo must not end a run
            reason = next(iter(str(error).splitlines()), "")[:200]
            raise PhotoError("detect", reason or f"not enough memory ({type(error).__name__})") from error
        return [
            {
                "face_id": face_id(photo_id, found.boxes[i]),
                "photo_id": photo_id,
                "box": found.boxes[i],
                "landmarks": found.landmarks[i].ravel(),
                "detection_score": found.scores[i],
                "sharpness": looks.sharpness[i],
                "yaw": looks.yaw[i],
                "quality": looks.quality[i],
                "thumbnail": small[i],
                "crop": crops[i].tobytes(),
            }
            for i in _distinct(photo_id, found)
        ]


@contextmanager
def _time_limit(seconds: float | None) -> Generator[None]:
    """End this process, which says on stderr where it was, if the block takes longer.

    A thread of the C runtime keeps the time: a decoder that hangs may hold the interpreter's lock.
    """
    if seconds is None:
        yield
        return
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def face_id(photo_id: str, box: npt.NDArray[np.float32]) -> str:
    """Identify a face by its photo's content and its box in whole pixels: 32 hex digits."""
    corners = np.rint(box).astype("<i4").tobytes()
    return blake2b(photo_id.encode() + corners, digest_size=16).hexdigest()


def _distinct(photo_id: str, found: Detections) -> list[int]:
    """Positions of the detections whose boxes differ by at least a pixel."""
    first = {face_id(photo_id, box): i for i, box in reversed(list(enumerate(found.boxes)))}
    return sorted(first.values())


class EmbedFaces:
    """Turn crops into unit vectors: from FOUND_SCHEMA to INDEXED_SCHEMA."""

    def __init__(self, settings: IndexSettings, device: str = "cpu") -> None:
        import torch

        from photoclust.models.embedder import CPU_BATCH, load

        torch.set_num_threads(1)
        self.size, embed = settings.crop.size, settings.embed
        self.schema, self.faces = indexed_schema(embed.dimension), face_schema(embed.dimension)
        batch = CPU_BATCH if device == "cpu" else GPU_BATCH
        self.embedder = load(
            embed.model, device=device, batch_size=batch, flip=embed.flip, precision=embed.precision
        )

    @property
    def batch_size(self) -> int:
        """Faces embedded at once; fewer cost as much."""
        return self.embedder.batch_size

    def __call__(self, found: pa.Table) -> pa.Table:
        """Embed every face of `found`."""
        lists = found["faces"].combine_chunks()
        faces = lists.flatten()
        counts = face_counts(found)
        watch = Stopwatch()
        vectors = self.embedder.embed(self._pixels(faces.field("crop")))
        embedding = pa.FixedSizeListArray.from_arrays(vectors.astype(np.float16).ravel(), vectors.shape[1])
        columns = [embedding if f.name == "embedding" else faces.field(f.name) for f in self.faces]
        structs = pa.StructArray.from_arrays(columns, fields=list(self.faces))
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
        seconds = watch.total * counts / max(1, counts.sum())
        photos = [found[name] for name in PHOTO_SCHEMA.names]
        cost = [
            _with_embed(found["seconds"].combine_chunks(), seconds),
            self._note(len(found)),
            found["retries"],
            found["credentials_expired"],
        ]
        rows = [*photos, pa.ListArray.from_arrays(offsets, structs), *cost]
        return pa.Table.from_arrays(rows, names=self.schema.names).cast(self.schema)

    def _note(self, rows: int) -> pa.Array:
        note, self.embedder.note = self.embedder.note, None
        return pa.array([note] * rows, pa.string())

    def _pixels(self, crops: pa.Array) -> npt.NDArray[np.uint8]:
        flat = b"".join(crops.to_pylist())
        return np.frombuffer(flat, np.uint8).reshape(-1, self.size, self.size, 3)


def _with_embed(seconds: pa.StructArray, embed: npt.NDArray[np.float64]) -> pa.StructArray:
    """The seconds of each stage, those of embedding put in."""
    columns = [pa.array(embed, pa.float32()) if s == "embed" else seconds.field(s) for s in STAGES]
    return pa.StructArray.from_arrays(columns, names=list(STAGES))


def face_counts(found: pa.Table) -> npt.NDArray[np.int64]:
    """How many faces each photo of a table of FOUND_SCHEMA has; int64, shape (n,)."""
    lengths = found["faces"].combine_chunks().value_lengths().fill_null(0)
    return lengths.to_numpy(zero_copy_only=False).astype(np.int64)
