"""The faces of a training run, as they are kept with it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from photoclust.learn.faces import SIDES
from photoclust.types import Rows


@dataclass(frozen=True)
class RunFaces:
    """The faces of a run.

    Attributes
    ----------
    face_ids, photos, people
        Id, photo and person of each.
    side
        int64, shape (n,): see `photoclust.learn.faces`.
    """

    face_ids: list[str]
    photos: list[str]
    people: list[str]
    side: Rows


def as_parquet(faces: RunFaces) -> bytes:
    """A row for each face."""
    table = pa.table(
        {
            "face_id": pa.array(faces.face_ids, pa.string()),
            "photo": pa.array(faces.photos, pa.string()),
            "person": pa.array(faces.people, pa.string()),
            "side": pa.array(faces.side, pa.int8()),
        }
    )
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


def split_csv(faces: RunFaces) -> str:
    """A line for each person, side by side, for people to read."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("side", "person", "photos"))
    people, first, count = np.unique(np.array(faces.people), return_index=True, return_counts=True)
    sides = faces.side[first]
    for place in np.lexsort((people, sides)):
        writer.writerow((SIDES[sides[place]], _cell(str(people[place])), int(count[place])))
    return text.getvalue()


def _cell(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name


def side_counts(faces: RunFaces) -> list[tuple[str, int, int]]:
    """Name, people and faces of each side."""
    people = np.array(faces.people)
    return [
        (name, len(np.unique(people[faces.side == number])), int((faces.side == number).sum()))
        for number, name in enumerate(SIDES)
    ]


def read_faces(file: Path) -> RunFaces:
    """Read what `as_parquet` wrote."""
    table = pq.read_table(file)
    face_ids, photos, people = (table[name].to_pylist() for name in ("face_id", "photo", "person"))
    return RunFaces(face_ids, photos, people, table["side"].to_numpy().astype(np.int64))
