"""Whole files only: every write goes to a temporary name and is renamed, every mode is private."""

from __future__ import annotations

import errno
import json
import re
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from photoclust.errors import IndexCorruptError, IndexWriteError
from photoclust.index.cures import cure
from photoclust.index.sealed import SealError, digest_of, read_sealed, schema_of, write_sealed
from photoclust.storage import local_files
from photoclust.storage.writers import is_abandoned

Read = TypeVar("Read")
_PRIVATE_FOLDER = 0o700
CHECKSUM = "checksum"
"""Last entry of every JSON file that is ours."""
_LOOKS_LIKE_ONE = re.compile("[0-9a-f]{8}")


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
                "Free some space and try again; what was finished is kept."
            )
        else:
            message = (
                f"{path} cannot be written ({error.strerror or error}); choose another place for the index."
            )
        raise IndexWriteError(message) from error


def make_folder(path: Path) -> None:
    """Create a folder, and its parents, for the owner's eyes only, whatever the umask."""
    with writing(path):
        missing = list(takewhile(lambda folder: not folder.is_dir(), (path, *path.parents)))
        for folder in reversed(missing):  # mkdir(parents=True) gives the parents the umask's mode
            folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)


def write_bytes(path: Path, *pieces: bytes | memoryview, new: bool = False) -> None:
    """Write a file whole or not at all, synced to disk before it takes its name.

    Parameters
    ----------
    path
        Where to.
    pieces
        Its content.
    new
        Never take the place of a file that is there.

    Raises
    ------
    FileExistsError
        There is one, and it must be new.
    IndexWriteError
        It cannot be written.
    """
    with writing(path), local_files.whole_file(path, new) as file:
        for piece in pieces:
            file.write(piece)


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all, its last entry a checksum."""
    values = {key: value for key, value in values.items() if key != CHECKSUM}
    write_bytes(path, (json.dumps(values | {CHECKSUM: _checksum(values)}, indent=2) + "\n").encode())


def _checksum(values: dict[str, Any]) -> str:
    """What follows from all values, however they are laid out: CRC-32, 8 hex digits."""
    return f"{zlib.crc32(json.dumps(values, sort_keys=True).encode()):08x}"


def read_json(path: Path, checked: bool = True) -> dict[str, Any]:
    """Read a JSON object, without its checksum, which is verified unless it is not to be `checked`.

    Raises
    ------
    IndexCorruptError
        When it is no JSON object, or not the one that was written.
    """
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise IndexCorruptError(f"{path} is damaged: {error}. {cure(path)}") from error
    if not isinstance(values, dict):
        raise IndexCorruptError(f"{path} is damaged: not a JSON object. {cure(path)}")
    return _verified(path, values) if checked else values


def _verified(path: Path, values: dict[str, Any]) -> dict[str, Any]:
    said = values.pop(CHECKSUM, None)
    last = next(reversed(values), "")
    altered = said is None and len(last) == len(CHECKSUM) and _LOOKS_LIKE_ONE.fullmatch(str(values[last]))
    if altered or said not in (None, _checksum(values)):
        raise IndexCorruptError(
            f"{path} is damaged: it is not as it was written. {cure(path)} "
            f"If you changed it yourself, take the line {CHECKSUM!r} out."
        )
    return values


def has_checksum(path: Path) -> bool:
    """Whether a Parquet or JSON file that can be read carries checksums; any other file counts as if it did.

    Those of an earlier photoclust carry none.
    """
    if path.suffix == ".json":
        return CHECKSUM in json.loads(path.read_bytes())
    return path.suffix != ".parquet" or bool(reading(path, digest_of))


def write_table(path: Path, table: pa.Table, new: bool = False) -> str:
    """Write a Parquet file whole or not at all, sealed; gives the digest of its content.

    Raises
    ------
    FileExistsError
        There is a file, and `new` says that there must be none.
    IndexWriteError
        It cannot be written.
    """
    with writing(path), local_files.whole_file(path, new) as file:
        return write_sealed(table, file)


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a Parquet file, and verify what is read.

    Raises
    ------
    IndexCorruptError
        When the file, or one of the columns, cannot be read or is not as it was written.
    """
    return reading(path, lambda file: read_sealed(file, columns))


def columns_of(path: Path) -> list[str]:
    """Names of the columns of a Parquet file; see `read_table`."""
    return reading(path, schema_of).names


def reading(path: Path, read: Callable[[Path], Read]) -> Read:
    """Read something of a Parquet file; see `read_table`."""
    try:
        return read(path)
    except FileNotFoundError as error:
        raise IndexCorruptError(f"{path} is missing. {cure(path)}") from error
    except OSError as error:
        if error.errno:
            raise IndexCorruptError(
                f"{path} cannot be read ({error.strerror}); see whether its disk is connected and readable."
            ) from error
        raise _damaged(path, error) from error
    except (pa.ArrowException, SealError, ValueError, KeyError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> IndexCorruptError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return IndexCorruptError(f"{path} is damaged ({reason}). {cure(path)}")


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that a killed run left behind."""
    for leftover in folder.glob(f"{local_files.TEMPORARY}*"):
        if is_abandoned(leftover):
            leftover.unlink(missing_ok=True)
