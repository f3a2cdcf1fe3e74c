"""Photos in which certain people are, and certain others are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.workflows.people.people_index import PeopleIndex


@dataclass(frozen=True)
class FoundPhoto:
    """A photo in which they are.

    Attributes
    ----------
    photo
        Path or URI.
    taken_at
        When it was taken, by the camera's clock; None where that is not known.
    confidence
        Least confidence, in [0, 1], that the face of one of those who were asked for is theirs.
    people
        What everybody in it is called, those who were asked for first.
    """

    photo: str
    taken_at: datetime | None
    confidence: float
    people: tuple[str, ...]


def find(store: IndexStore, present: Sequence[str], absent: Sequence[str] = ()) -> list[FoundPhoto]:
    """Photos in which all of some people are, and none of others, in the order of their paths.

    Parameters
    ----------
    store
        The index.
    present, absent
        People by name, id or number.

    Raises
    ------
    UsageError
        Nobody is asked for, or one of them is not in the index.
    IndexMissingError
        Nobody has grouped the faces yet.
    """
    if not present:
        raise UsageError("Say who is to be in the photos.")
    people = PeopleIndex(store)
    wanted = list(dict.fromkeys(people.person(one) for one in present))
    unwanted = {people.person(one) for one in absent}
    inside = _people_of_photos(store, people)
    photos = store.photos().select(["photo_id", "uri", "taken_at"]).to_pylist()
    found = [
        FoundPhoto(
            row["uri"],
            row["taken_at"],
            min(there[one] for one in wanted),
            tuple(people.called(one) for one in (*wanted, *sorted(there.keys() - {*wanted}))),
        )
        for row in photos
        if (there := inside.get(row["photo_id"], {}))
        and there.keys() >= {*wanted}
        and not unwanted & there.keys()
    ]
    return sorted(found, key=lambda one: one.photo)


def _people_of_photos(store: IndexStore, people: PeopleIndex) -> dict[str, dict[str, float]]:
    """Who is in each photo, and how sure that is of the surest of their faces."""
    table = store.faces([])
    photo_of = dict(zip(table["face_id"].to_pylist(), table["photo_id"].to_pylist(), strict=True))
    found: dict[str, dict[str, float]] = {}
    for row in people.assignments.select(["face_id", "person_id", "confidence"]).to_pylist():
        person, photo = row["person_id"], photo_of.get(row["face_id"], "")
        if person in people.people and photo:
            own = found.setdefault(photo, {})
            own[person] = max(own.get(person, 0.0), row["confidence"])
    return found
