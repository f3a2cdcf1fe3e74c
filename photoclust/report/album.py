"""One album: an index and its clustering joined, a light row for each face.

Vectors and thumbnails, the heavy part, stay where they are: a row only says where to find them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.records import MEMBER, UNSURE


@dataclass(frozen=True)
class Album:
    """Everything a report may speak of.

    Attributes
    ----------
    photos
        PHOTO_SCHEMA, the row in force of each file. Files of the same picture share a ``photo_id``.
    faces
        FACE_SCHEMA, or some of its columns, ``quality`` among them. The review page needs ``thumbnail``;
        exports need ``box`` and ``detection_score``, and ``embedding`` where vectors are asked for.
    assignments
        ASSIGNMENT_SCHEMA. A face that is not in it yet counts as unsure.
    people
        PERSON_SCHEMA.
    """

    photos: pa.Table
    faces: pa.Table
    assignments: pa.Table
    people: pa.Table

    def face_rows(self) -> pa.Table:
        """Join the four tables, without the vectors and thumbnails.

        Returns
        -------
        pa.Table
            A row for each face whose photo is in the album, ordered by photo and ``face_id``: ``row``
            (int64, its place in `faces`), ``face_id``, ``photo_id``, ``photo`` (the first in order of the
            names its photo has), ``taken_at``, ``person_id``, ``person_name``, ``person_number``,
            ``ignored``, ``confidence``, ``status``, ``quality``, ``burst`` (see `together` in
            `photoclust.report.bursts`; null where nothing is near-identical), ``likeliest_person_id`` and
            ``likeliest_chance``.
        """
        photos = self.photos.select(["photo_id", "uri", "taken_at"]).sort_by("uri")
        photo = look_up(photos, "photo_id", self.faces["photo_id"])
        assignment = look_up(self.assignments, "face_id", self.faces["face_id"])
        person = look_up(self.people, "person_id", assignment["person_id"])
        rows = pa.table(
            {
                "row": pa.array(np.arange(len(self.faces))),
                "face_id": self.faces["face_id"],
                "photo_id": self.faces["photo_id"],
                "photo": photo["uri"],
                "taken_at": photo["taken_at"],
                "person_id": pc.fill_null(assignment["person_id"], ""),
                "person_name": pc.fill_null(person["name"], ""),
                "person_number": person["number"],
                "ignored": pc.fill_null(person["ignored"], False),
                "confidence": pc.fill_null(assignment["confidence"], 0.0),
                "status": pc.fill_null(assignment["status"], UNSURE),
                "quality": self.faces["quality"],
                "burst": assignment["burst"],
                "likeliest_person_id": assignment["likeliest_person_id"],
                "likeliest_chance": assignment["likeliest_chance"],
            }
        )
        rows = rows.filter(pc.field("photo").is_valid())
        return rows.sort_by([("photo", "ascending"), ("face_id", "ascending")])


def look_up(table: pa.Table, key: str, wanted: pa.ChunkedArray) -> pa.Table:
    """Take the first row of `table` for each of the `wanted` keys; nulls where there is none."""
    return table.take(index_in(wanted, table[key]))


def index_in(wanted: pa.ChunkedArray, keys: pa.ChunkedArray) -> pa.ChunkedArray:
    """Say where in `keys` each of `wanted` first stands; null where it does not."""
    return pc.index_in(wanted, value_set=keys)  # pyright: ignore[reportAttributeAccessIssue]


@dataclass(frozen=True)
class Ranked:
    """The people of an album, most faces first, and last those whom the user ignores.

    Attributes
    ----------
    people
        ``person_id``, ``name`` ("Person 7" by the number of the id, where nobody has named them), ``faces``,
        ``photos``, ``first`` and ``last`` (capture times, null where unknown), ``ignored``; ties by
        ``person_id``.
    members
        `Album.face_rows` of their faces: in the order of `people`, then the most confident first.
    """

    people: pa.Table
    members: pa.Table


def rank_people(rows: pa.Table) -> Ranked:
    """Order people by their number of faces, and their faces by confidence.

    Parameters
    ----------
    rows
        As `Album.face_rows` makes them. Only members count.
    """
    members = rows.filter((pc.field("status") == MEMBER) & (pc.field("person_id") != ""))
    counted = members.group_by("person_id").aggregate(
        [
            ("person_name", "max"),
            ("face_id", "count"),
            ("photo_id", "count_distinct"),
            ("taken_at", "min"),
            ("taken_at", "max"),
            ("ignored", "max"),
            ("person_number", "max"),
        ]
    )
    columns = ["person_id", "name", "faces", "photos", "first", "last", "ignored", "number"]
    order = [("ignored", "ascending"), ("faces", "descending"), ("person_id", "ascending")]
    people = counted.rename_columns(columns).sort_by(order)
    return Ranked(_named(people), _in_order(members, people, "descending"))


def doubtful_first(ranked: Ranked) -> pa.Table:
    """`Ranked.members` with the least confident of each person first."""
    return _in_order(ranked.members, ranked.people, "ascending")


def _named(people: pa.Table) -> pa.Table:
    """Call those without a name by their number; in an index of an earlier version by their place."""
    said = zip(people["name"].to_pylist(), people["number"].to_pylist(), strict=True)
    names = [name or f"Person {number or place}" for place, (name, number) in enumerate(said, 1)]
    return people.set_column(1, "name", pa.array(names, pa.string())).drop_columns(["number"])


def _in_order(members: pa.Table, people: pa.Table, confidence: str) -> pa.Table:
    rank = index_in(members["person_id"], people["person_id"])
    order = [("rank", "ascending"), ("confidence", confidence), ("face_id", "ascending")]
    return members.append_column("rank", rank).sort_by(order).drop_columns(["rank"])
