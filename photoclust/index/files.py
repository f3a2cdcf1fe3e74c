"""Whole files only: every write goes to a temporary name and is renamed, every mode is private."""

from __future__ import annotations

import errno
import json
import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from photoclust.errors import IndexCorruptError, IndexWriteError

_PRIVATE_FOLDER = 0o700
_TEMPORARY = ".tmp-"


@contextmanager
def writing(path: Path) -> Generator[None]:
    """Turn what the operating system says about `path` into one sentence.

    Raises
    ------
    IndexWriteError
        When the disk is full or the place cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = (
                f"The disk is full: {path} could not be written. "
                "Free some space and run the same command again; what was finished is kept."
            )
        else:
            message = f"{path} cannot be written ({error.strerror or error}); choose another --index."
        raise IndexWriteError(message) from error


def make_folder(path: Path) -> None:
    """Create a folder, and its parents, for the owner's eyes only."""
    with writing(path):
        path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file whole or not at all, synced to disk before it takes its name."""
    temporary = path.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}")
    with writing(path):
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    write_bytes(path, (json.dumps(values, indent=2) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    IndexCorruptError
        When it is no JSON object.
    """
    try:
        values = json.loads(path.read_bytes())
    except ValueError as error:
        raise IndexCorruptError(f"{path} is damaged: {error}. Restore it, or start a new index.") from error
    if not isinstance(values, dict):
        raise IndexCorruptError(f"{path} is damaged: not a JSON object. Restore it, or start a new index.")
    return values


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file whole or not at all.

    Dictionary encoding is off for everything but repeated words: on 512 float16 values it costs a factor
    of fifteen in writing speed and saves nothing.
    """
    words: Any = [field.name for field in table.schema if pa.types.is_string(field.type)]
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=words)
    write_bytes(path, memoryview(sink.getvalue()))


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a Parquet file.

    Raises
    ------
    IndexCorruptError
        When the file, or one of the columns, cannot be read.
    """
    try:
        return pq.ParquetFile(path).read(columns=columns)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise IndexCorruptError(f"{path} is damaged ({reason}). {cure(path)}") from error


def cure(path: Path) -> str:
    """Say what to do about a damaged file."""
    if path.parent.name in ("photos", "faces"):
        mark = path.parent.parent / "photos" / path.name
        return f"Delete {mark} and run `photoclust run` again: only the photos of that part are done anew."
    return "Delete it and run `photoclust cluster` again."


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that a killed run left behind."""
    for leftover in folder.glob(f"{_TEMPORARY}*"):
        leftover.unlink(missing_ok=True)
