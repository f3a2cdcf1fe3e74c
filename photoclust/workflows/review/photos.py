"""What the pages show of photos: which there are, who is in them, and the picture itself."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.photo_refs import PhotoRef
from photoclust.records import Detections
from photoclust.report.names import file_name, visible
from photoclust.types import Rows
from photoclust.workflows.people.which_faces import DrawnOn
from photoclust.workflows.review.view import IS_NO_FACE, STATUSES, View, WaitingFace

SIZES = (1280, 2560)
"""Longest sides, in pixels, in which a picture can be had."""

_JPEG_QUALITY = 88
_LONGEST = 400  # characters of a path that are shown


@dataclass(frozen=True)
class BoxedFace:
    """A face in a photo.

    Attributes
    ----------
    box
        x0, y0, x1, y1 in pixels of the upright photo.
    person, called
        Whose it is; ``""`` nobody's.
    status
        ``member``, ``unsure``, ``low_quality``, ``not_a_face``, or ``waiting`` of a face that was drawn by
        hand and not read from the photo yet.
    likeliest, likeliest_called, chance
        Of an unsure face, who it may be, and how likely that is, in [0, 1].
    drawn
        Whether somebody drew it by hand.
    """

    id: str
    box: tuple[float, float, float, float]
    person: str
    called: str
    confidence: float
    status: str
    likeliest: str = ""
    likeliest_called: str = ""
    chance: float = 0.0
    drawn: bool = False


@dataclass(frozen=True)
class PhotoCard:
    """A photo: its ``photo_id``, the name of its file, where it lies, when it was taken, who is in it.

    Attributes
    ----------
    width, height
        Of the upright photo, in pixels; 0 where that is not known.
    faces
        From left to right.
    no_faces
        Findings that were said to be none.
    """

    id: str
    name: str
    place: str
    taken: str
    width: int
    height: int
    faces: list[BoxedFace]
    no_faces: list[BoxedFace]


@dataclass(frozen=True)
class PhotosPage:
    """Some of the photos, and how many there are in all."""

    revision: str
    total: int
    photos: list[PhotoCard]


def photo_row(view: View, photo_id: str) -> int:
    """Row of the photo of an id.

    Raises
    ------
    UsageError
        There is none.
    """
    found = view.faces.photo_row_of.get(photo_id)
    if found is None:
        raise UsageError("There is no such photo in this index.")
    return found


def photo_card(view: View, row: int) -> PhotoCard:
    """A photo and who is in it."""
    stored = view.faces.photos.slice(row, 1).to_pylist()[0]
    rows = view.faces.rows_in(row)
    faces = [_boxed(view, face) for face in rows[view.there[rows]].tolist()]
    faces += [_waiting(face, one) for face, one in view.waiting.items() if one.photo == stored["photo_id"]]
    return PhotoCard(
        stored["photo_id"],
        visible(file_name(stored["uri"])),
        visible(stored["uri"], _LONGEST),
        stored["taken_at"].isoformat(sep=" ") if stored["taken_at"] else "",
        stored["width"] or 0,
        stored["height"] or 0,
        sorted(faces, key=lambda face: face.box[0]),
        [_boxed(view, face) for face in rows[view.status[rows] == IS_NO_FACE].tolist()],
    )


def _waiting(face: str, one: WaitingFace) -> BoxedFace:
    return BoxedFace(face, one.box, "", one.called, 0.0, "waiting", drawn=True)


def _boxed(view: View, row: int) -> BoxedFace:
    place, likeliest = int(view.person[row]), int(view.likeliest[row])
    x0, y0, x1, y1 = (round(float(side), 1) for side in view.faces.boxes[row])
    return BoxedFace(
        view.faces.ids[row],
        (x0, y0, x1, y1),
        view.id_of(place),
        view.called[place] if place >= 0 else "",
        round(float(view.confidence[row]), 4),
        STATUSES[view.status[row]],
        view.id_of(likeliest) if place < 0 else "",
        view.called[likeliest] if place < 0 <= likeliest else "",
        round(float(view.chance[row]), 4) if place < 0 <= likeliest else 0.0,
        bool(view.faces.drawn[row]),
    )


def found_photos(view: View, present: list[int], absent: list[int]) -> Rows:
    """Rows of the photos in which all of some people are and none of others; of all photos without any."""
    chosen = np.ones(len(view.faces.photos), bool)
    for place in present:
        chosen &= _shows(view, place)
    for place in absent:
        chosen &= ~_shows(view, place)
    return np.flatnonzero(chosen)


def _shows(view: View, place: int) -> npt.NDArray[np.bool_]:
    """bool, shape (photos,): whether a person is in each."""
    photos = view.faces.photo[view.rows_of(place)]
    shows = np.zeros(len(view.faces.photos), bool)
    shows[photos[photos >= 0]] = True
    return shows


def named_like(view: View, rows: Rows, search: str) -> Rows:
    """Those of some photos whose path holds a text, whatever the case."""
    wanted = search.strip().casefold()
    if not wanted:
        return rows
    uris = view.faces.photos["uri"].to_pylist()
    return np.array([row for row in rows.tolist() if wanted in uris[row].casefold()], np.int64)


def picture(store: IndexStore, view: View, row: int, longest: int) -> bytes:
    """A photo as a JPEG, upright and at most so many pixels long.

    Only a picture that is in the index is shown: where another lies in its place, it is refused.

    Raises
    ------
    PhotoError
        It has moved, has vanished, cannot be read, or is another picture now.
    """
    from PIL import Image  # pages without a photo do without

    image = Image.fromarray(_pixels(store, view, row))
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=_JPEG_QUALITY)
    return jpeg.getvalue()


def waiting_thumbnail(store: IndexStore, view: View, face: str) -> bytes:
    """The crop of a face that was drawn and is not in the index yet: a JPEG.

    Raises
    ------
    UsageError
        There is no such face.
    PhotoError
        See `picture`.
    """
    from photoclust.faces.align import thumbnails

    one = view.waiting.get(face)
    if one is None:
        raise UsageError("There is no such face in this index.")
    pixels, box = _pixels(store, view, photo_row(view, one.photo)), np.array([one.box], np.float32)
    return thumbnails(pixels, replace(Detections.none(), boxes=box))[0]


def _pixels(store: IndexStore, view: View, row: int) -> npt.NDArray[np.uint8]:
    from photoclust.workflows.snapshot.known_photos import pixels_of

    stored = view.faces.photos.slice(row, 1).to_pylist()[0]
    return pixels_of(stored["photo_id"], [PhotoRef.of_row(stored)], store.settings.decode)


def place_to_draw(view: View, photo_id: str) -> DrawnOn:
    """A photo in which somebody draws a face."""
    row = photo_row(view, photo_id)
    card = photo_card(view, row)
    return DrawnOn(photo_id, card.width, card.height, {face.id: face.box for face in card.faces})
