"""Faces drawn by hand that are not in the index yet, and the photos that they are read from.

A decision says where such a face is. Its pixels are read when faces are grouped: then it gets landmarks, a
crop and an embedding, and is a face like any other from there on. It is known by its detection score
(`photoclust.records.DRAWN_SCORE`), and counts while the decision holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from photoclust.index.erasure.keep_out import SAME_PLACE, overlap
from photoclust.index.erasure.scrub import among
from photoclust.index.store import IndexStore
from photoclust.people.decisions.which_faces import DrawnFace
from photoclust.records import DRAWN_SCORE, MISSING, NO_FACE, OK, printable
from photoclust.workflows.context import INDEX, StageProgress, silent

Row = dict[str, Any]


def draw_faces(store: IndexStore, progress: StageProgress = silent) -> tuple[str, ...]:
    """Add the faces to an index that were drawn by hand and are not there yet; the caller holds its lock.

    A drawing where the detector has found a face, as in another index of the same photo, is that face.

    Returns
    -------
    A sentence for each face whose photo is not there, or is not what it was.
    """
    said = store.which_faces()
    wanted = [one for one in said.drawn.values() if one.face_id not in said.not_faces]
    if not wanted:
        return ()
    photos = {one.photo_id for one in wanted}
    stored = store.faces_of_photos(photos, ["face_id", "photo_id", "box", "detection_score"])
    places = _places(store, photos)
    waiting = _waiting(store, wanted, set(stored["face_id"].to_pylist()), places)
    found = stored.filter((pc.field("detection_score") != DRAWN_SCORE) & ~among("face_id", said.not_faces))
    waiting = _take_found(store, waiting, found.to_pylist())
    here = defaultdict[str, list[DrawnFace]](list)
    problems: list[str] = []
    for one in waiting:
        if one.photo_id in places:
            here[one.photo_id].append(one)
        else:
            problems.append(one.not_applied(_what_became(store, one.photo_id)))
    return (*problems, *_drawn(store, here, places, progress))


def _places(store: IndexStore, photos: Iterable[str]) -> dict[str, list[Row]]:
    """Rows of PHOTO_SCHEMA of some photos that are there, by ``photo_id``."""
    places: defaultdict[str, list[Row]] = defaultdict(list)
    usable = pc.field("status").isin([OK, NO_FACE])
    for row in store.photos().filter(among("photo_id", photos) & usable).to_pylist():
        places[row["photo_id"]].append(row)
    return dict(places)


def _waiting(
    store: IndexStore, wanted: Sequence[DrawnFace], stored: set[str], places: Mapping[str, Any]
) -> list[DrawnFace]:
    """Those of some drawn faces that are in the index neither themselves nor as what they have become."""
    missing = [one for one in wanted if one.face_id not in stored or one.photo_id not in places]
    now = store.followed() if missing else None
    return [one for one in missing if now is None or now(one.face_id) == [one.face_id]]


def _take_found(store: IndexStore, waiting: Sequence[DrawnFace], found: Sequence[Row]) -> list[DrawnFace]:
    """Let drawings be the faces that were found in their places; gives those where none was."""
    pairs: list[tuple[str, str]] = []
    left: list[DrawnFace] = []
    for one in waiting:
        near = [row for row in found if row["photo_id"] == one.photo_id]
        near = [row for row in near if overlap(row["box"], list(one.box)) > SAME_PLACE]
        if near:
            best = max(near, key=lambda row: overlap(row["box"], list(one.box)))
            pairs.append((one.face_id, best["face_id"]))
        else:
            left.append(one)
    store.add_successors(pairs)
    return left


def _what_became(store: IndexStore, photo: str) -> str:
    """Why a photo is not there."""
    uri = ""
    for rows in store.parts.read_photos():
        named = rows.filter(pc.field("photo_id") == photo)
        uri = named["uri"][-1].as_py() if len(named) else uri
    if not uri:
        return "its photo is not in this index"
    now = store.known_photos().filter(pc.field("uri") == uri).to_pylist()[0]
    shown = printable(uri)
    if now["photo_id"] != photo:
        return f"the picture in {shown} is another one since"
    return f"{shown} is no longer there" if now["status"] == MISSING else f"{shown} is not used any more"


def _drawn(
    store: IndexStore,
    faces: Mapping[str, Sequence[DrawnFace]],
    places: Mapping[str, Sequence[Row]],
    progress: StageProgress,
) -> list[str]:
    """Add faces, by photo; gives a sentence for each that could not be added."""
    if not faces:
        return []
    from photoclust.workflows.snapshot.drawer import Drawer  # most groupings read no photo

    with progress(INDEX, len(faces)) as advance, Drawer(store, places) as drawer:
        for photo in sorted(faces):
            drawer.add(faces[photo])
            advance(1)
    return drawer.problems
