"""What faces have become whose photo was cropped, turned, compressed anew or retouched.

::

INDEX/successors/part-*.parquet      face_id, successor

Written before the photos they come from: a successor that is not in the index counts for nothing. An id is
followed to the faces that are in the index now, over as many steps as there are.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa

from photoclust.index import files

FOLDER = "successors"
_SCHEMA = pa.schema(
    [pa.field("face_id", pa.string(), nullable=False), pa.field("successor", pa.string(), nullable=False)]
)

Pairs = list[tuple[str, str]]


def add_successors(folder: Path, pairs: Pairs) -> None:
    """Keep pairs of a face and the face it is now, in the index at `folder`."""
    if not pairs:
        return
    rows = [{"face_id": face, "successor": successor} for face, successor in pairs]
    files.make_folder(folder / FOLDER)
    path = folder / FOLDER / f"part-{uuid.uuid4().hex}.parquet"
    files.write_table(path, pa.Table.from_pylist(rows, schema=_SCHEMA))


def read_successors(folder: Path) -> dict[str, list[str]]:
    """Read what each face has become, one step."""
    found: dict[str, list[str]] = {}
    for part in sorted((folder / FOLDER).glob("part-*.parquet")):
        for row in files.read_table(part).to_pylist():
            if row["face_id"] and row["successor"]:
                found.setdefault(row["face_id"], []).append(row["successor"])
    return found


def related(faces: Iterable[str], successors: Mapping[str, list[str]]) -> set[str]:
    """Some faces with all they have become and all they were before."""
    either: dict[str, list[str]] = {}
    for face, following in successors.items():
        for other in following:
            either.setdefault(face, []).append(other)
            either.setdefault(other, []).append(face)
    return {one for face in faces for one in reached(face, either)}


class Followed:
    """Follows ids of faces to those that are in the index.

    Parameters
    ----------
    successors
        From `read_successors`.
    there
        Ids of the faces that are in the index.
    """

    def __init__(self, successors: Mapping[str, list[str]], there: Iterable[str]) -> None:
        self._successors, self._there = successors, frozenset(there)

    def __call__(self, face: str) -> list[str]:
        """Faces that a face is now; itself where there is none."""
        if face not in self._successors:
            return [face]
        return [one for one in reached(face, self._successors) if one in self._there] or [face]


def reached(face: str, links: Mapping[str, list[str]]) -> list[str]:
    """A face and all that links lead to from it."""
    reached, waiting = dict.fromkeys([face]), [face]
    while waiting:
        for other in links.get(waiting.pop(), ()):
            if other not in reached:
                reached[other] = None
                waiting.append(other)
    return list(reached)
