"""What a page says below a face: how sure it is, or who a face that is nobody's may be."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from photoclust.records import LOW_QUALITY
from photoclust.report.album import look_up
from photoclust.report.facts import percent
from photoclust.report.names import visible

LEAST = 0.01  # chance below which a face is like nobody here


class Said(NamedTuple):
    """Words below a face, each empty where there is nothing to say: a chance in per cent, and of whom."""

    chance: str
    who: str


def said_of_members(rows: pa.Table) -> list[Said]:
    """How sure each face of a person is; `rows` of `photoclust.report.album.Album.face_rows`."""
    return [Said(percent(confidence), "") for confidence in rows["confidence"].to_pylist()]


def said_of_others(rows: pa.Table, people: pa.Table) -> list[Said]:
    """Who each face of nobody may be.

    Parameters
    ----------
    rows
        Of `photoclust.report.album.Album.face_rows`.
    people
        Of `photoclust.report.album.Ranked`, with a name for everybody.
    """
    names = look_up(people, "person_id", rows["likeliest_person_id"])["name"].to_pylist()
    columns = (rows[name].to_pylist() for name in ("status", "likeliest_person_id", "likeliest_chance"))
    faces = zip(names, *columns, strict=True)
    return [_guess(name, status, person, chance or 0) for name, status, person, chance in faces]


def _guess(name: str | None, status: str, person: str | None, chance: float) -> Said:
    if status == LOW_QUALITY or person is None:
        return Said("", "")  # not compared, or by an earlier photoclust that did not say
    if person == "" or chance < LEAST:
        return Said("", "like nobody here")
    return Said(percent(chance), visible(name)) if name else Said("", "")
