"""Large arrays of a grouping, in files without a name: the system keeps of them what there is memory for.

Embeddings and neighbours of ten million faces are 8 GB. In a file that is mapped they are written to the disk
when memory is wanted for something else. The file has no name, so that it is gone when nobody uses the array
any more, and when this process ends, however it ends: there is nothing to clean up and nothing to erase.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.storage.local_files import TEMPORARY

LEAST = 128 * 1024**2
"""Bytes of an array from which on it is in a file: 260,000 embeddings of 128 numbers."""


@dataclass(frozen=True)
class Scratch:
    """Makes arrays, as `numpy.empty` does; large ones in files of a folder.

    Where such a file cannot be made, as on a full disk, or in a folder that may only be read, an array is in
    memory.

    Parameters
    ----------
    folder
        Where the files are.
    """

    folder: Path

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array whose values are not set."""
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        if size >= LEAST:
            with suppress(OSError):
                return np.frombuffer(_mapped(self.folder, size), dtype).reshape(shape)
        return np.empty(shape, dtype)


def _mapped(folder: Path, size: int) -> mmap.mmap:
    """So many bytes of a new file, for which the disk has room: a process that finds none later is ended."""
    with tempfile.TemporaryFile(dir=folder, prefix=TEMPORARY) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)
        return mmap.mmap(file.fileno(), size)
