"""Crops of faces as data sets for learning: shards of WebDataset, and Hugging Face's folders of images.

::

    OUTPUT/                     WebDataset
      people-000000.tar         FACE_ID.jpg, FACE_ID.json and FACE_ID.cls for each face
      people.json               the number of each person, and how many faces they have

    OUTPUT/                     Hugging Face
      metadata.jsonl            a row for each face: file_name, label, person_id, photo, box ...
      PERSON_ID/FACE_ID.jpg

Faces of one person follow one another. Everything is readable by its owner alone.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from photoclust.errors import OutputError

SHARD_FACES = 1000
"""Faces in a shard, of some 10 kB each."""

_FILE_MODE = 0o600


@contextmanager
def new_folder(output: Path) -> Generator[Path]:
    """Give a folder to fill that becomes `output`, whole or not at all.

    Raises
    ------
    OutputError
        There is something at `output`, or it cannot be written.
    """
    if output.is_symlink() or (output.exists() and not (output.is_dir() and not any(output.iterdir()))):
        raise OutputError(f"{output} exists already; choose a new folder.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".tmp-", dir=output.parent))
        try:
            yield folder
            if output.exists():
                output.rmdir()
            folder.rename(output)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error.strerror or error}.") from error


def write_private(file: Path, content: bytes) -> None:
    """Write a new file, and the folder it is in, for their owner alone."""
    file.parent.mkdir(0o700, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb") as stream:
        stream.write(content)


def write_metadata(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Describe the crops below a folder as Hugging Face's ``imagefolder`` reads it.

    Parameters
    ----------
    folder
        With ``PERSON_ID/FACE_ID.jpg`` in it.
    rows
        What is said of each face, with ``person_id`` and ``face_id``.
    """
    lines = [json.dumps({"file_name": crop_name(row), **row}, allow_nan=False) for row in rows]
    write_private(folder / "metadata.jsonl", "".join(f"{line}\n" for line in lines).encode())


def write_shards(crops: Path, rows: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Pack the crops below a folder into shards; parameters as in `write_metadata`.

    The numbers of people follow their order in `rows`.
    """
    numbers = {person: place for place, person in enumerate(dict.fromkeys(row["person_id"] for row in rows))}
    for start in range(0, len(rows), SHARD_FACES):
        file = folder / f"people-{start // SHARD_FACES:06}.tar"
        write_private(file, b"")
        with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as shard:
            for row in rows[start : start + SHARD_FACES]:
                jpeg = (crops / crop_name(row)).read_bytes()
                said = json.dumps(dict(row), allow_nan=False).encode()
                parts = ((".jpg", jpeg), (".json", said), (".cls", str(numbers[row["person_id"]]).encode()))
                for suffix, content in parts:
                    _add(shard, f"{row['face_id']}{suffix}", content)
    people = [_person(number, person, rows) for person, number in numbers.items()]
    write_private(folder / "people.json", f"{json.dumps(people, indent=1)}\n".encode())


def _person(number: int, person: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own = [row for row in rows if row["person_id"] == person]
    return {"number": number, "person_id": person, "label": own[0]["label"], "faces": len(own)}


def _add(shard: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # of nobody, at no time: the same faces make the same bytes
    member.size, member.mode = len(content), _FILE_MODE
    shard.addfile(member, io.BytesIO(content))


def crop_name(row: Mapping[str, Any]) -> str:
    """Where the crop of a face lies."""
    return f"{row['person_id']}/{row['face_id']}.jpg"
