"""The two sides of a question about people: their faces, and the photos that show them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index.columns import in_order
from photoclust.index.store import Clustering, IndexStore
from photoclust.report.sides import ShownFace, Side

MOST_SHOWN = 8  # faces that stand for a person


def surest_faces(
    current: Clustering, people: Collection[str], without: Collection[str] = ()
) -> dict[str, list[str]]:
    """A few faces of each of some people: their cover, then the most confident.

    Parameters
    ----------
    current
        The grouping.
    people
        Ids.
    without
        Faces that are left out, if a person has others.
    """
    table = current.assignments.select(["face_id", "person_id", "confidence"])
    wanted = pc.field("person_id").isin(_texts(people))
    own = table.filter(wanted)
    own = own.sort_by([("confidence", "descending"), ("face_id", "ascending")])
    covers = {row["person_id"]: row["cover_face_id"] for row in current.people.filter(wanted).to_pylist()}
    faces: dict[str, list[str]] = {person: [covers[person]] for person in people if covers.get(person)}
    for person, face in zip(own["person_id"].to_pylist(), own["face_id"].to_pylist(), strict=True):
        faces.setdefault(person, []).append(face)
    return {person: _without(dict.fromkeys(found), without) for person, found in faces.items()}


def _texts(values: Collection[str]) -> pa.Array:
    return pa.array(list(values), pa.string())


def _without(faces: Iterable[str], without: Collection[str]) -> list[str]:
    every = list(faces)
    return ([face for face in every if face not in without] or every)[:MOST_SHOWN]


def uris_of(store: IndexStore, face_ids: Collection[str]) -> dict[str, str]:
    """Uri of the photo of each face; of a photo that lies in several places the first."""
    faces = store.faces([]).filter(pc.field("face_id").isin(_texts(face_ids)))
    photos = store.photos().select(["photo_id", "uri"])
    ours = _texts(set(faces["photo_id"].to_pylist()))
    photos = photos.filter(pc.field("photo_id").isin(ours)).sort_by("uri")
    uri: dict[str, str] = {}
    for photo, place in zip(photos["photo_id"].to_pylist(), photos["uri"].to_pylist(), strict=True):
        uri.setdefault(photo, place)
    pairs = zip(faces["face_id"].to_pylist(), faces["photo_id"].to_pylist(), strict=True)
    return {face: uri.get(photo, "") for face, photo in pairs}


def side(called: str, person: str, faces: Sequence[str], uris: Mapping[str, str]) -> Side:
    """A person, or faces in question, with the photos that show them."""
    return Side(called, person, tuple(ShownFace(face, uris.get(face, "")) for face in faces))


def thumbnails_of_faces(store: IndexStore, face_ids: Sequence[str]) -> dict[str, bytes]:
    """JPEG of each of some faces."""
    wanted = pa.chunked_array([pa.array(face_ids, pa.string())])
    return dict(zip(face_ids, in_order(store.column("thumbnail", wanted), wanted), strict=True))
