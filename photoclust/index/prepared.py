"""What grouping works out about faces before it looks at decisions, ``prepared/``, kept between corrections.

::

    prepared/key.json       what it follows from, and the checksum of each array
    prepared/faces.parquet  a row for each face in force
    prepared/NAME.npy       an array of as many rows

It is made anew whenever it does not fit the index, goes with everything that is forgotten, and is not stored
beside an index in an object store.
"""

from __future__ import annotations

import io
import json
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numpy.lib import format

from photoclust.errors import IndexStoreError
from photoclust.index import files

FOLDER = "prepared"


@dataclass(frozen=True)
class StoredPrepared:
    """What was kept: `faces`, a table; `notes`, plain values; and arrays, read when asked for."""

    folder: Path
    faces: pa.Table
    notes: Mapping[str, Any]
    checksums: Mapping[str, int]

    def array(self, name: str) -> npt.NDArray[Any] | None:
        """Read an array, which cannot be written to; None where it is damaged."""
        try:
            content = (self.folder / f"{name}.npy").read_bytes()
            return _array_in(content) if zlib.crc32(content) == self.checksums[name] else None
        except (OSError, ValueError, KeyError):
            return None


def _array_in(content: bytes) -> npt.NDArray[Any]:
    """The array that `np.save` wrote, where it lies."""
    stream = io.BytesIO(content)
    format.read_magic(stream)
    shape, by_column, dtype = format.read_array_header_1_0(stream)
    values = np.frombuffer(content, dtype, offset=stream.tell())
    return values.reshape(shape, order="F" if by_column else "C")


def key_of(index: Path, settings: Mapping[str, Any]) -> str:
    """Sum up the stored rows and what is done with them."""
    seen = json.dumps([_stamp(index), settings], default=str)
    return blake2b(seen.encode(), digest_size=16).hexdigest()


def _stamp(index: Path) -> str:
    return stamp_of(index, "photos", "faces", "neighbours")


def stamp_of(index: Path, *kinds: str) -> str:
    """Sum up the stored rows of some kinds, by sizes and times of their files."""
    parts = sorted(path for kind in kinds for path in (index / kind).glob("*.parquet"))
    seen = [(path.parent.name, path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in parts]
    return blake2b(json.dumps(seen).encode(), digest_size=16).hexdigest()


def read_prepared(index: Path, key: str) -> StoredPrepared | None:
    """What is kept, if it follows from the same."""
    folder = index / FOLDER
    try:
        head = files.read_json(folder / "key.json")
        if head["key"] == key:
            faces = files.read_table(folder / "faces.parquet")
            return StoredPrepared(folder, faces, head["notes"], head["checksums"])
    except (OSError, KeyError, IndexStoreError):
        pass
    return None


def write_prepared(
    index: Path,
    key: str,
    faces: pa.Table,
    arrays: Mapping[str, npt.NDArray[Any]],
    notes: Mapping[str, Any],
) -> None:
    """Keep a table and arrays; the caller holds the lock of the index."""
    folder = index / FOLDER
    drop_prepared(index)
    files.make_folder(folder)
    files.write_table(folder / "faces.parquet", faces)
    checksums: dict[str, int] = {}
    for name, array in arrays.items():
        stream = io.BytesIO()
        np.save(stream, array)
        checksums[name] = zlib.crc32(stream.getbuffer())
        files.write_bytes(folder / f"{name}.npy", stream.getbuffer())
    head = {"key": key, "stamp": _stamp(index), "notes": dict(notes), "checksums": checksums}
    files.write_json(folder / "key.json", head)


def drop_stale(index: Path) -> None:
    """Remove what is kept where rows have changed since, as when they were forgotten on another machine."""
    try:
        stamp = files.read_json(index / FOLDER / "key.json")["stamp"]
    except (OSError, KeyError, IndexStoreError):
        return  # nothing is kept, or is being written
    if stamp != _stamp(index):
        drop_prepared(index)


def drop_prepared(index: Path) -> None:
    """Remove what is kept."""
    shutil.rmtree(index / FOLDER, ignore_errors=True)
