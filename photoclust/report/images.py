"""Thumbnails of an album, at hand in any order without being in memory."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.report.output import reported

Piece = tuple[npt.NDArray[np.int64], pa.Array]
"""Rows of some faces, int64, shape (n,), and their thumbnails."""


class Images:
    """Thumbnails of n faces in a file.

    Attributes
    ----------
    lengths
        int64, shape (n,): bytes of each.
    """

    def __init__(self, file: BinaryIO, faces: int) -> None:
        self._file = file
        self._begin = np.zeros(faces, np.int64)
        self.lengths = np.zeros(faces, np.int64)

    def __getitem__(self, row: int) -> bytes:
        """Thumbnail of the face in a row, a JPEG; empty where there is none."""
        return os.pread(self._file.fileno(), int(self.lengths[row]), int(self._begin[row]))

    def put(self, rows: npt.NDArray[np.int64], thumbnails: pa.Array) -> None:
        """Take the thumbnails of some rows."""
        position = self._file.tell()
        for row, thumbnail in zip(rows.tolist(), thumbnails, strict=True):
            self._begin[row], self.lengths[row] = position, self._file.write(thumbnail.as_buffer())
            position += int(self.lengths[row])


@contextmanager
def images_in_file(pieces: Iterable[Piece], faces: int, folder: Path) -> Generator[Images]:
    """Put the thumbnails of so many faces into a file in `folder` that has no name and ends with its use.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    with ExitStack() as stack:
        with reported(folder):
            file = stack.enter_context(TemporaryFile(dir=folder))
            images = Images(file, faces)
            for rows, thumbnails in pieces:
                images.put(rows, thumbnails)
            file.flush()
        yield images
