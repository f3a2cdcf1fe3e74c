"""The counts of a stored clustering, set right after rows have gone from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from photoclust.index import files
from photoclust.records import LOW_QUALITY, MEMBER, UNSURE

Row = dict[str, Any]


def recount(folder: Path, photo_of: Mapping[str, str]) -> list[Path]:
    """Set the counts and covers of a stored clustering right.

    Parameters
    ----------
    folder
        Where it lies.
    photo_of
        Photo of each face.

    Returns
    -------
    Files that were rewritten.
    """
    written: list[Path] = []
    assignments = files.read_table(folder / "assignments.parquet")
    people = files.read_table(folder / "people.parquet")
    members: dict[str, list[Row]] = {}
    for row in assignments.select(["face_id", "person_id", "confidence", "status"]).to_pylist():
        if row["person_id"] and row["status"] == MEMBER:
            members.setdefault(row["person_id"], []).append(row)
    rows = [
        _counted(row, members[row["person_id"]], photo_of)
        for row in people.to_pylist()
        if row["person_id"] in members
    ]
    forgotten = _without_unknown(assignments, set(members))
    if not forgotten.equals(assignments):
        files.write_table(folder / "assignments.parquet", forgotten)
        written.append(folder / "assignments.parquet")
    counted = pa.Table.from_pylist(rows, schema=people.schema)
    if not counted.equals(people):
        files.write_table(folder / "people.parquet", counted)
        written.append(folder / "people.parquet")
    run = files.read_json(folder / "run.json")
    status = Counter(assignments["status"].to_pylist())
    counts = {"faces": len(assignments), "people": len(counted), "in_people": status[MEMBER]}
    counts |= {name: status[name] for name in (UNSURE, LOW_QUALITY)}
    new = run | counts
    new.pop("decisions", None)  # some of them may have gone, too
    if new != run:
        files.write_json(folder / "run.json", new)
        written.append(folder / "run.json")
    return written


def _without_unknown(assignments: pa.Table, people: set[str]) -> pa.Table:
    """No face is likely to be somebody who is gone."""
    if "likeliest_person_id" not in assignments.column_names:
        return assignments  # of an earlier photoclust
    named = assignments["likeliest_person_id"].to_pylist()
    gone = [person is not None and person not in people for person in named]
    for name, nobody in (("likeliest_person_id", ""), ("likeliest_chance", 0)):
        place, values = assignments.schema.get_field_index(name), assignments[name].to_pylist()
        left = [nobody if away else value for away, value in zip(gone, values, strict=True)]
        field = assignments.schema.field(place)
        assignments = assignments.set_column(place, field, pa.array(left, field.type))
    return assignments


def _counted(person: Row, members: list[Row], photo_of: Mapping[str, str]) -> Row:
    if person["faces"] == len(members):
        return person
    best = max(members, key=lambda row: (row["confidence"], row["face_id"]))
    photos = len({photo_of.get(row["face_id"], row["face_id"]) for row in members})
    cover = person["cover_face_id"] or best["face_id"]
    return person | {"faces": len(members), "photos": photos, "cover_face_id": cover}
