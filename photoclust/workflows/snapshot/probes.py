"""The faces of photos that are in no index: found and embedded as indexing does it, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.config import IndexSettings
from photoclust.errors import PhotoError, ProbeError, UsageError
from photoclust.photo_refs import PhotoRef, ref_table
from photoclust.photos.decode import decode_photo
from photoclust.photos.sources.references import find_photos, read_photo
from photoclust.records import FAILED, face_embeddings, photos_and_faces
from photoclust.report.names import visible
from photoclust.types import Floats

if TYPE_CHECKING:
    from photoclust.stages import EmbedFaces, FindFaces

AT_ONCE = 16  # photos worked on before their faces are embedded together


@dataclass(frozen=True)
class ProbePhoto:
    """A photo and the faces in it.

    Attributes
    ----------
    ref
        Where it lies.
    row
        Values of PHOTO_SCHEMA.
    faces
        FACE_SCHEMA: its faces, best first.
    """

    ref: PhotoRef
    row: dict[str, Any]
    faces: pa.Table

    @cached_property
    def embeddings(self) -> Floats:
        """float32, shape (faces, d): unit rows."""
        return face_embeddings(self.faces)

    @property
    def problem(self) -> str:
        """Why nothing can be said of it, ``""`` where there is a face."""
        if self.row["status"] == FAILED:
            return f"{visible(self.ref.uri, 400)} cannot be used: {self.row['error']}."
        if not len(self.faces):
            return f"No face was found in {visible(self.ref.uri, 400)}; faces of 40 pixels and more are."
        return ""

    def require_faces(self) -> ProbePhoto:
        """The photo itself, if there is a face in it.

        Raises
        ------
        ProbeError
            There is none, or the photo cannot be used.
        """
        if self.problem:
            raise ProbeError(self.problem)
        return self

    def chosen(self, number: int | None) -> list[int]:
        """Positions of the faces that are meant: the one of a number, counted from 1, or all.

        Raises
        ------
        UsageError
            There are not so many.
        """
        if number is None:
            return list(range(len(self.faces)))
        if not 1 <= number <= len(self.faces):
            there = f"{len(self.faces)} face{'' if len(self.faces) == 1 else 's'}"
            raise UsageError(f"{visible(self.ref.uri, 400)} has {there}, so that there is no face {number}.")
        return [number - 1]


class Prober:
    """Finds and embeds the faces of photos; the models are loaded when the first photo comes.

    Parameters
    ----------
    settings
        Those of the index that the faces are compared with, or the default ones.
    """

    def __init__(self, settings: IndexSettings) -> None:
        self.settings = settings

    @cached_property
    def _stages(self) -> tuple[FindFaces, EmbedFaces]:
        from photoclust.stages import EmbedFaces, FindFaces  # torch is loaded with them

        return FindFaces(self.settings), EmbedFaces(self.settings)

    def photos(self, refs: Iterable[PhotoRef]) -> Iterator[ProbePhoto]:
        """The photos in their order with their faces, a few at a time."""
        waiting = iter(refs)
        while some := list(islice(waiting, AT_ONCE)):
            find, embed = self._stages
            for found in find(ref_table(some, [0] * len(some))):
                yield from _parted(embed(found))

    def one(self, path: str) -> ProbePhoto:
        """The photo that a path or URI means.

        Raises
        ------
        UsageError
            There is no such photo, or it means several.
        ProbeError
            It cannot be used, or there is no face in it.
        """
        return next(self.photos([the_photo(path)])).require_faces()

    def pixels(self, photo: ProbePhoto) -> npt.NDArray[np.uint8]:
        """The upright photo: uint8, shape (height, width, 3), RGB.

        Raises
        ------
        ProbeError
            It is no longer there.
        """
        try:
            content = read_photo(photo.ref, self.settings.decode)
            return decode_photo(content, self.settings.decode).pixels
        except PhotoError as error:
            raise ProbeError(f"{visible(photo.ref.uri, 400)} cannot be used: {error.reason}.") from error


def the_photo(path: str) -> PhotoRef:
    """The one photo that a path or URI means.

    Raises
    ------
    UsageError
        There is none, or more than one.
    """
    found = list(islice(find_photos([path]), 2))
    if len(found) > 1:
        raise UsageError(f"{visible(path, 400)} holds more than one photo; name a single one.")
    return found[0]


def _parted(indexed: pa.Table) -> Iterator[ProbePhoto]:
    """Each photo of a table of INDEXED_SCHEMA with its own faces."""
    photos, faces = photos_and_faces(indexed)
    start = 0
    for row, own in zip(photos.to_pylist(), indexed["faces"].to_pylist(), strict=True):
        count = len(own or ())
        yield ProbePhoto(PhotoRef.of_row(row), row, faces.slice(start, count))
        start += count
