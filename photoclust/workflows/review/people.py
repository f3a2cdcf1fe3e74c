"""What the pages show of people: cards of all of them, one of them, and faces in some order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from photoclust.types import Rows
from photoclust.workflows.review.view import STATUSES, View

PeopleOrder = Literal["size", "name", "named", "doubt"]
FaceOrder = Literal["confidence", "doubt", "time", "likeness"]
MOST_NEAR = 8


@dataclass(frozen=True)
class PersonCard:
    """A person as lists show them.

    Attributes
    ----------
    id
        Lasts from one grouping to the next.
    name, called
        ``""`` where nobody has named them, and what they are called in any case.
    faces, photos
        How many.
    cover
        Id of the face that stands for them.
    ignored
        Whether lists leave them out.
    confidence
        Share of the faces expected to be right, in [0, 1]; None where it is not known.
    """

    id: str
    name: str
    called: str
    faces: int
    photos: int
    cover: str
    ignored: bool
    confidence: float | None


@dataclass(frozen=True)
class PeoplePage:
    """Some of the people, and how many there are in all."""

    revision: str
    total: int
    people: list[PersonCard]


@dataclass(frozen=True)
class Count:
    """A year or a sub-group, and how many faces it has."""

    key: int
    faces: int


@dataclass(frozen=True)
class Companion:
    """Somebody else, how many photos they share, and how likely it is that they are the same person."""

    person: PersonCard
    photos: int = 0
    chance: float | None = None


@dataclass(frozen=True)
class PersonPage:
    """A person.

    Attributes
    ----------
    person
        Their card.
    years
        Faces by the year of their photo; 0 where that is not known.
    groups
        Faces by density cluster: sub-groups that look alike among themselves; −1 for none.
    together
        Who is in the same photos, most photos first.
    near
        Who looks most like them.
    """

    revision: str
    person: PersonCard
    years: list[Count]
    groups: list[Count]
    together: list[Companion]
    near: list[Companion]


@dataclass(frozen=True)
class FaceTile:
    """A face as grids show it.

    Attributes
    ----------
    confidence
        Probability, in [0, 1], that it is the person's.
    status
        ``member``, ``unsure`` or ``low_quality``.
    taken
        When the photo was taken, in ISO 8601; ``""`` where that is not known.
    photo
        ``photo_id``; ``""`` where the photo is no longer in the index.
    """

    id: str
    confidence: float
    status: str
    taken: str
    photo: str


@dataclass(frozen=True)
class FacePage:
    """Some of the faces, and how many there are in all."""

    revision: str
    total: int
    faces: list[FaceTile]


def card(view: View, place: int) -> PersonCard:
    """A person as lists show them."""
    one = view.people[place]
    return PersonCard(
        one.id,
        one.name,
        view.called[place],
        int(view.counts[place]),
        view.photo_count(place),
        view.cover_of(place),
        one.ignored,
        None if one.confidence is None else round(one.confidence, 4),
    )


def chosen_people(
    view: View, search: str = "", order: PeopleOrder = "size", named: bool | None = None
) -> list[int]:
    """Places of the people whose name holds some text, in an order.

    Parameters
    ----------
    view
        The people.
    search
        Part of what they are called, whatever the case.
    order
        ``size`` (most faces first), ``name``, ``named`` (those with a name first) or ``doubt`` (the least
        confident first).
    named
        Only those with a name, or only those without.
    """
    wanted, called = search.strip().casefold(), view.called
    found = [
        place
        for place in view.ranked
        if wanted in called[place].casefold() and named in (None, bool(view.people[place].name))
    ]
    if order == "name":
        found.sort(key=lambda p: (view.people[p].ignored, not view.people[p].name, called[p].casefold()))
    elif order == "named":
        found.sort(key=lambda p: (view.people[p].ignored, not view.people[p].name))
    elif order == "doubt":
        sure = [1.0 if one.confidence is None else one.confidence for one in view.people]
        found.sort(key=lambda p: (view.people[p].ignored, sure[p]))
    return found


def person_page(view: View, place: int, revision: str, near: list[tuple[int, float | None]]) -> PersonPage:
    """A person, and who is like them and with them."""
    rows = view.rows_of(place)
    return PersonPage(
        revision,
        card(view, place),
        _counted(view.faces.years[rows]),
        _counted(view.label[rows]),
        _together(view, place),
        [Companion(card(view, other), chance=chance) for other, chance in near],
    )


def _counted(keys: Rows) -> list[Count]:
    values, counts = np.unique(keys, return_counts=True)
    return [Count(int(key), int(count)) for key, count in zip(values, counts, strict=True)]


def _together(view: View, place: int) -> list[Companion]:
    """Who is in the same photos."""
    photos = np.unique(view.faces.photo[view.rows_of(place)])
    inside = np.isin(view.faces.photo, photos[photos >= 0]) & (view.person >= 0) & (view.person != place)
    pairs = np.unique(np.stack([view.person[inside], view.faces.photo[inside]]), axis=1)
    others, counts = np.unique(pairs[0], return_counts=True)
    best = np.argsort(-counts, kind="stable")[:MOST_NEAR]
    return [Companion(card(view, int(others[i])), int(counts[i])) for i in best]


def face_tiles(view: View, rows: Rows) -> list[FaceTile]:
    """Faces as grids show them."""
    photos, faces = view.faces.photos["photo_id"], view.faces
    return [
        FaceTile(
            faces.ids[row],
            round(float(view.confidence[row]), 4),
            STATUSES[view.status[row]],
            "" if np.isnat(faces.taken[row]) else str(faces.taken[row]),
            photos[int(faces.photo[row])].as_py() if faces.photo[row] >= 0 else "",
        )
        for row in rows.tolist()
    ]


def in_order(view: View, rows: Rows, order: FaceOrder, likeness: Rows | None = None) -> Rows:
    """Rows of faces in the order that is wanted; ties by id.

    Parameters
    ----------
    view, rows
        The faces.
    order
        ``confidence`` (the surest first), ``doubt`` (the least sure first), ``time`` or ``likeness``.
    likeness
        Places in `rows` by likeness, where that is the order.
    """
    if order == "likeness" and likeness is not None:
        return rows[likeness]
    if order == "time":
        taken = view.faces.taken[rows]
        return rows[np.lexsort((rows, np.where(np.isnat(taken), np.datetime64("9999", "ms"), taken)))]
    sure = view.confidence[rows]
    return rows[np.lexsort((rows, sure if order == "doubt" else -sure))]
