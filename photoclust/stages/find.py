"""The first stage: photos to faces and their crops, one photo after another."""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.config import IndexSettings
from photoclust.errors import CredentialsExpiredError, PhotoError
from photoclust.faces.align import crop_faces, thumbnails
from photoclust.faces.quality import assess
from photoclust.faces.turned import FindsFaces, detect_turned
from photoclust.limits import TimeLimits, limited, time_limits
from photoclust.photo_refs import PhotoRef
from photoclust.photos.decode import decode_photo
from photoclust.photos.identity import picture_id
from photoclust.photos.sources.references import read_photo
from photoclust.records import (
    FOUND_SCHEMA,
    NO_FACE,
    OK,
    DecodedPhoto,
    Detections,
    failed_row,
)
from photoclust.storage.retry import counting_retries
from photoclust.timing import Stopwatch

FACES_AT_ONCE = 64  # a table holds no more unless one photo does: 64 crops of 160 px are 5 MB


@dataclass
class Opened:
    """A photo on its way: what is known of it so far.

    Attributes
    ----------
    ref
        Which file.
    attempts
        Runs that have tried it, this one too.
    seconds
        What each of STAGES took.
    gpu_seconds
        For which a GPU worked on it.
    retries
        Requests to an object store that had to be repeated.
    note
        What the operator should know.
    photo_id
        Of the picture, once the file is read.
    photo
        Its pixels, once they are decoded.
    error
        Why the photo cannot be used, if so.
    """

    ref: PhotoRef
    attempts: int
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    gpu_seconds: float = 0.0
    retries: int = 0
    note: str | None = None
    photo_id: str = ""
    photo: DecodedPhoto | None = None
    error: PhotoError | None = None


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

        torch.set_num_threads(1)
        self.settings = settings
        self.photo_seconds = photo_seconds
        self.limits = limits or time_limits()
        self.detector = self._detector()

    def _detector(self) -> FindsFaces:
        from photoclust.faces.detect import Detector

        return Detector(self.settings.detect)

    def __call__(self, refs: pa.Table) -> Iterator[pa.Table]:
        """Yield the rows of `refs`, a bounded number of faces at a time."""
        rows: list[dict[str, Any]] = []
        faces = 0
        for row in self._rows(refs.to_pylist()):
            found = len(row.get("faces", ()))
            if rows and faces + found > FACES_AT_ONCE:
                yield pa.Table.from_pylist(rows, schema=FOUND_SCHEMA)
                rows, faces = [], 0
            rows.append(row)
            faces += found
        if rows:
            yield pa.Table.from_pylist(rows, schema=FOUND_SCHEMA)

    def _rows(self, refs: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        for values in refs:
            with counting_retries() as retried, limited(self.limits), time_limit(self.photo_seconds):
                row = self.find(PhotoRef.of_row(values), values["attempts"])
            yield row | {"retries": retried.requests}

    def find(self, ref: PhotoRef, tried: int) -> dict[str, Any]:
        """Row of FOUND_SCHEMA for one photo; a bad photo gives a row with its reason."""
        opened = self.opened(ref, tried)
        found, watch = Detections.none(), Stopwatch()
        if opened.photo:
            try:
                found = detect_turned(self.detector, opened.photo.pixels)
            except Exception as error:
                opened.error = detection_failed(error)
        return self.row(opened, found, watch)

    def opened(self, ref: PhotoRef, tried: int) -> Opened:
        """Read and decode a photo."""
        opened, watch = Opened(ref, tried + 1), Stopwatch()
        opened.seconds = watch.seconds
        try:
            content = read_photo(ref, self.settings.decode)
            opened.photo_id = picture_id(content)
            watch.lap("read")
            opened.photo = decode_photo(content, self.settings.decode)
            watch.lap("decode")
        except PhotoError as error:
            watch.lap(error.stage)
            opened.error = error
        return opened

    def row(self, opened: Opened, found: Detections, watch: Stopwatch) -> dict[str, Any]:
        """Row of FOUND_SCHEMA for a photo whose faces were found, in the time on a watch so far."""
        faces: list[dict[str, Any]] = []
        if opened.photo and not opened.error:
            try:
                faces = self._faces(opened.photo, opened.photo_id, found)
            except Exception as error:
                opened.error = detection_failed(error)
        if opened.photo:
            opened.seconds["detect"] = opened.seconds.get("detect", 0.0) + watch.total
        return _row(opened, faces)

    def _faces(self, photo: DecodedPhoto, photo_id: str, found: Detections) -> list[dict[str, Any]]:
        crops = crop_faces(photo.pixels, found, self.settings.crop)
        small = thumbnails(photo.pixels, found)
        looks = assess(photo.pixels, found)
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


def _row(opened: Opened, faces: list[dict[str, Any]]) -> dict[str, Any]:
    photo, error = opened.photo, opened.error
    if error or not photo:
        assert error
        expired = isinstance(error.__cause__, CredentialsExpiredError)
        row = failed_row(opened.ref, opened.attempts - 1, error, opened.photo_id)
        return row | {"seconds": opened.seconds, "credentials_expired": expired}
    return {
        "photo_id": opened.photo_id,
        **opened.ref.row(),
        "width": photo.width,
        "height": photo.height,
        "orientation": photo.orientation,
        "taken_at": photo.taken_at,
        "status": OK if faces else NO_FACE,
        "attempts": opened.attempts,
        "faces": faces,
        "seconds": opened.seconds,
    }


def detection_failed(error: Exception) -> PhotoError:
    """Why a photo fails: torch says anything, "out of memory" too, and one photo must not end a run."""
    reason = next(iter(str(error).splitlines()), "")[:200]
    failed = PhotoError("detect", reason or f"not enough memory ({type(error).__name__})")
    failed.__cause__ = error
    return failed


@contextmanager
def time_limit(seconds: float | None) -> Generator[None]:
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
