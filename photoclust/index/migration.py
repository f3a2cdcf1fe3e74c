"""A second index inside an index, of another model, until it takes the first one's place.

::

    INDEX/migration/                an index: the same photos and faces, embedded by another model
    INDEX/migration/accepted.json   its grouping was accepted: written first, removed last
    INDEX/known.parquet             whom a face was known to be by the model before

Faces have the same ids in both, so that names, decisions and ids of people go on. Once it is accepted, its
files take the places of those of the first model: by this process, or, when it is killed, by the next that
takes the lock. Every step may be repeated.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from photoclust.index import files

_FOLDER, _ACCEPTED = "migration", "accepted.json"
_FOLDERS = ("photos", "faces", "neighbours", "prepared")
KNOWN = "known.parquet"
_FILES = ("ids.parquet", KNOWN, "index.json")
_KNOWN_SCHEMA = pa.schema(
    [pa.field("face_id", pa.string(), nullable=False), pa.field("person_id", pa.string(), nullable=False)]
)


def migration_folder(index: Path) -> Path:
    """Where the second index lies, if there is one."""
    return index / _FOLDER


def accept(index: Path, run: str) -> None:
    """Let the second index take the first one's place, with one of its groupings; the caller holds the lock.

    Raises
    ------
    IndexWriteError
        Something cannot be written. What was begun is finished by the next command that writes to the index.
    """
    files.write_json(migration_folder(index) / _ACCEPTED, {"run": run})
    finish(index)


def finish(index: Path) -> None:
    """Finish what `accept` began; nothing where it did not. The caller holds the index's lock."""
    folder = migration_folder(index)
    if not (folder / _ACCEPTED).is_file():
        return
    run = files.read_json(folder / _ACCEPTED)["run"]
    with files.writing(index):
        for name in (*_FOLDERS, *([f"clusterings/{run}"] if run else [])):
            if (folder / name).is_dir():
                shutil.rmtree(index / name, ignore_errors=True)
                (folder / name).replace(index / name)
        for name in _FILES:
            if (folder / name).is_file():
                (folder / name).replace(index / name)
    _remove(folder)


def write_known(index: Path, person_of: Mapping[str, str]) -> None:
    """Keep whom faces were known to be: ids of people, by face id."""
    columns = [list(person_of), list(person_of.values())]
    files.write_table(index / KNOWN, pa.table(columns, schema=_KNOWN_SCHEMA))


def read_known(index: Path) -> dict[str, str]:
    """Whom faces were known to be before the model changed; nobody where it never did."""
    if not (index / KNOWN).is_file():
        return {}
    table = files.read_table(index / KNOWN, _KNOWN_SCHEMA.names)
    return dict(zip(*(table[name].to_pylist() for name in _KNOWN_SCHEMA.names), strict=True))


def drop(index: Path) -> None:
    """Remove the second index, accepted or not."""
    with files.writing(index):
        _remove(migration_folder(index))


def _remove(folder: Path) -> None:
    """Remove it, the mark of acceptance last."""
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != _ACCEPTED:
                entry.unlink()
        shutil.rmtree(folder)
