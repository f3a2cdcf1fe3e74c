"""Which faces there are, as far as a user says so: turned into decisions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow.compute as pc

from photoclust.errors import UsageError
from photoclust.index.erasure.keep_out import SAME_PLACE, overlap
from photoclust.index.erasure.scrub import among
from photoclust.index.store import IndexStore
from photoclust.people.decisions.line import (
    DRAW,
    LEAST_SIDE,
    NAME,
    NOT_A_FACE,
    SAME,
    UNDONE,
    Box,
    Decision,
    place_value,
)
from photoclust.people.decisions.which_faces import which_faces
from photoclust.photos.sources.files import names_of
from photoclust.records import NO_FACE, OK, printable
from photoclust.workflows.people.correct import checked_name, in_pieces, said
from photoclust.workflows.people.people_index import PERSON_NUMBER, PeopleIndex


@dataclass(frozen=True)
class DrawnOn:
    """A photo in which somebody draws a face.

    Attributes
    ----------
    photo_id
        Its id.
    width, height
        Of the upright photo, in pixels; 0 where that is not known.
    boxes
        x0, y0, x1, y1 of what is in it already, by the ids of these faces.
    """

    photo_id: str
    width: int
    height: int
    boxes: dict[str, Sequence[float]]


@dataclass(frozen=True)
class LeftOutFace:
    """A finding that the user said is no face: its id, the path of its photo, and its box there in pixels."""

    face_id: str
    photo: str
    box: Box


def not_a_face(people_index: PeopleIndex, faces: Sequence[str], undo: bool = False) -> list[Decision]:
    """Say of findings that they are no faces, or with `undo` that they are.

    Parameters
    ----------
    people_index
        The people.
    faces
        Ids of faces, or the beginnings of them.
    undo
        Take such faces in again.

    Raises
    ------
    UsageError
        There is no such face, or with `undo` none that was said to be no face.
    """
    meant = left_out(people_index, faces) if undo else [people_index.face(one) for one in faces]
    value = UNDONE if undo else ""
    return [replace(line, value=value) for line in in_pieces(NOT_A_FACE, "", meant, ())]


def left_out(people_index: PeopleIndex, faces: Sequence[str]) -> list[str]:
    """Ids of findings that were said to be no faces.

    Raises
    ------
    UsageError
        There is none of such an id, or more than one.
    """
    known = which_faces(people_index.decisions).not_faces
    found = [sorted(face for face in known if text and face.startswith(text)) for text in faces]
    for text, own in zip(faces, found, strict=True):
        if not own:
            raise UsageError(f"Nobody has said of a face {text[:80]!r} that it is none.")
        if len(own) > 1:
            raise UsageError(f"{text[:80]!r} could be {len(own)} of them; give more of the id.")
    return [own[0] for own in found]


def list_left_out(store: IndexStore, people_index: PeopleIndex) -> list[LeftOutFace]:
    """Findings that were said to be no faces, by photo."""
    known = which_faces(people_index.decisions).not_faces
    photos = store.photos()
    uri = {row["photo_id"]: row["uri"] for row in photos.select(["photo_id", "uri"]).to_pylist()[::-1]}
    rows = store.faces(["box"], photos, left_out=True).filter(among("face_id", known)).to_pylist()
    found = [LeftOutFace(row["face_id"], uri[row["photo_id"]], tuple(row["box"])) for row in rows]
    return sorted(found, key=lambda one: (one.photo, one.box))


def drawn_on(store: IndexStore, text: str) -> DrawnOn:
    """The photo that a path, a URI or an id means.

    Raises
    ------
    UsageError
        It is not in the index, or could not be read when it was indexed.
    """
    photos = store.photos()
    named = among("uri", names_of(text)) | among("photo_id", {printable(text)}) & (pc.field("photo_id") != "")
    found = photos.filter(named)
    rows: list[dict[str, Any]] = found.to_pylist()
    if not rows:
        raise UsageError(
            f"The photo {text[:400]!r} is not in {store.called}; give its path as it was indexed."
        )
    row = rows[0]
    if row["status"] not in (OK, NO_FACE):
        raise UsageError(f"{text[:400]!r} could not be read when it was indexed, or was forgotten.")
    same = photos.filter(pc.field("photo_id") == row["photo_id"])
    boxes = {one["face_id"]: one["box"] for one in store.faces(["box"], same).to_pylist()}
    return DrawnOn(row["photo_id"], row["width"] or 0, row["height"] or 0, boxes)


def drawn_on_all(store: IndexStore, photo_ids: Collection[str]) -> dict[str, DrawnOn]:
    """Photos of some ids, with what is in them already: findings that are no faces too."""
    photos = store.photos().filter(among("photo_id", photo_ids) & pc.field("status").isin([OK, NO_FACE]))
    places = {
        row["photo_id"]: DrawnOn(row["photo_id"], row["width"], row["height"], {})
        for row in photos.to_pylist()
        if row["width"] and row["height"]
    }
    for face in store.faces(["box"], photos, left_out=True).to_pylist():
        if face["photo_id"] in places:
            places[face["photo_id"]].boxes[face["face_id"]] = face["box"]
    return places


def draw(people_index: PeopleIndex, photo: DrawnOn, box: Sequence[float], name: str = "") -> list[Decision]:
    """Draw a face that was not found.

    Parameters
    ----------
    people_index
        The people.
    photo
        Where.
    box
        x0, y0, x1, y1 in pixels of the upright photo; what lies outside of it is cut off.
    name
        Who it is: the name, number or id of somebody who is there, or a new name; ``""`` says nothing.

    Raises
    ------
    UsageError
        The box is too small, a face is there already, or nobody can be called so.
    """
    from photoclust.stages import face_id  # it knows how to detect, which few of those who correct need

    inside = _inside(photo, box)
    face = face_id(photo.photo_id, np.array(inside, np.float32))
    _require_free(people_index, photo, inside, face)
    lines = [replace(said(DRAW, "", (face,)), value=place_value(photo.photo_id, inside))]
    return [*lines, *_named(people_index, face, name.strip())]


def _inside(photo: DrawnOn, box: Sequence[float]) -> Box:
    if not np.isfinite(box).all():
        raise UsageError("The sides of a box are numbers of pixels.")
    x0, y0, x1, y1 = (round(side) for side in box)
    if photo.width and photo.height:
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, photo.width), min(y1, photo.height)
    if min(x1 - x0, y1 - y0) < LEAST_SIDE:
        size = f", which is {photo.width} x {photo.height} pixels when upright" if photo.width else ""
        raise UsageError(
            f"The box shows {max(x1 - x0, 0)} x {max(y1 - y0, 0)} pixels of the photo{size}; a face needs "
            f"{LEAST_SIDE} each way."
        )
    return float(x0), float(y0), float(x1), float(y1)


def _require_free(people_index: PeopleIndex, photo: DrawnOn, box: Box, face: str) -> None:
    """Make sure that no other face is at a place."""
    which = which_faces(people_index.decisions)
    if face in which.not_faces:
        raise UsageError(
            f"You said of the face {face[:8]} in that place that it is none.",
            python="Take that back with correct.not_a_face(FACE, undo=True).",
            cli=f"`photoclust people not-a-face --undo {face[:8]}` takes that back.",
        )
    drawn = (one for one in which.drawn.values() if one.face_id not in which.not_faces)
    waiting = {one.face_id: one.box for one in drawn if one.photo_id == photo.photo_id}
    there: dict[str, Sequence[float]] = {**waiting, **photo.boxes}
    near = [one for one, other in there.items() if overlap(list(other), list(box)) > SAME_PLACE]
    if near:
        raise UsageError(
            f"There is a face in that place already: {near[0][:8]} ({people_index.called_of(near[0])})."
        )


def _named(people_index: PeopleIndex, face: str, name: str) -> list[Decision]:
    """Decisions that say whose a drawn face is."""
    if not name:
        return []
    known: Collection[str] = [one for one, row in people_index.people.items() if row["name"] == name]
    if known or PERSON_NUMBER.fullmatch(name) or name in people_index.people:
        person = people_index.person(name)
        return [said(SAME, person, (face,), people_index.anchors(person))]
    return [said(NAME, "", (face,), value=checked_name(name))]
