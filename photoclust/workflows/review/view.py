"""The people of an index as they are shown: the grouping in force, and what was said since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.errors import UsageError
from photoclust.index.store import Clustering
from photoclust.people.decisions.line import Box
from photoclust.records import LOW_QUALITY, MEMBER, UNSURE
from photoclust.report.album import look_up
from photoclust.types import Rows
from photoclust.workflows.people.people_index import Known
from photoclust.workflows.review.stored import StoredFaces
from photoclust.workflows.snapshot.history import person_in_force

NOBODY = -1
STATUSES = (MEMBER, UNSURE, LOW_QUALITY, "not_a_face", "taken_back")
IS_MEMBER, IS_UNSURE, IS_POOR, IS_NO_FACE, IS_TAKEN_BACK = range(5)


@dataclass(frozen=True)
class ShownPerson:
    """A person as they are shown; see PERSON_SCHEMA."""

    id: str
    name: str
    number: int
    ignored: bool
    cover: str
    confidence: float | None = None
    nearest: str = ""
    nearest_chance: float | None = None


@dataclass(frozen=True)
class WaitingFace:
    """A face drawn by hand that has not been read from its photo yet, and what its person is called."""

    photo: str
    box: Box
    called: str


@dataclass(frozen=True)
class View:
    """Who is who. A later decision makes another view; this one stays.

    Attributes
    ----------
    faces
        The n faces.
    clustering
        The grouping in force.
    people
        Everybody who is shown or was; some may have no face.
    person
        int64, shape (n,): place in `people` of each face's person; `NOBODY`.
    status
        int64, shape (n,): place in `STATUSES`.
    confidence
        float32, shape (n,), in [0, 1]: probability that the membership is right.
    likeliest
        int64, shape (n,): of an unsure face, place in `people` of who it may be; `NOBODY`.
    chance
        float32, shape (n,), in [0, 1]: how likely that is.
    label
        int64, shape (n,): density cluster of each face, −1 for none.
    successors
        Whom an id means now that nobody has any longer.
    waiting
        Faces drawn by hand that are not among `faces` yet, by their ids.
    """

    faces: StoredFaces
    clustering: Clustering
    people: tuple[ShownPerson, ...]
    person: Rows
    status: Rows
    confidence: npt.NDArray[np.float32]
    likeliest: Rows
    chance: npt.NDArray[np.float32]
    label: Rows
    successors: Mapping[str, str] = field(default_factory=dict[str, str])
    waiting: Mapping[str, WaitingFace] = field(default_factory=dict[str, WaitingFace])

    @classmethod
    def of(cls, faces: StoredFaces, clustering: Clustering) -> View:
        """The grouping in force; faces that are not in it yet are nobody's."""
        own = look_up(clustering.assignments, "face_id", faces.table["face_id"])
        ids = clustering.people["person_id"]
        return cls(
            faces=faces,
            clustering=clustering,
            people=tuple(map(_shown, clustering.people.to_pylist())),
            person=_places(own["person_id"], ids),
            status=_places(pc.fill_null(own["status"], UNSURE), pa.chunked_array([pa.array(STATUSES)])),
            confidence=_floats(own["confidence"]),
            likeliest=_places(own["likeliest_person_id"], ids),
            chance=_floats(own["likeliest_chance"]),
            label=pc.fill_null(own["label"], -1).to_numpy().astype(np.int64),
        )

    @property
    def there(self) -> npt.NDArray[np.bool_]:
        """bool, shape (n,): those of the faces that are none that was left out."""
        return self.status < IS_NO_FACE

    # -- who there is -----------------------------------------------------------------------------------

    @cached_property
    def place_of(self) -> Mapping[str, int]:
        """Place in `people` of each id."""
        return {one.id: place for place, one in enumerate(self.people)}

    @cached_property
    def counts(self) -> Rows:
        """int64: faces of each of `people`."""
        return np.bincount(self.person[self.person >= 0], minlength=len(self.people))

    @cached_property
    def _order(self) -> tuple[Rows, Rows]:
        order = np.argsort(self.person, kind="stable")
        return order, np.searchsorted(self.person[order], np.arange(len(self.people) + 1))

    def rows_of(self, place: int) -> Rows:
        """Rows of the faces of a person, ascending."""
        order, begins = self._order
        return order[begins[place] : begins[place + 1]]

    def photo_count(self, place: int) -> int:
        """In how many photos a person is."""
        photos = self.faces.photo[self.rows_of(place)]
        return len(set(photos[photos >= 0].tolist()))

    @cached_property
    def ranked(self) -> list[int]:
        """Places of those who have a face: most faces first, and last those who are ignored."""
        there = [place for place, count in enumerate(self.counts.tolist()) if count]
        return sorted(there, key=lambda p: (self.people[p].ignored, -self.counts[p], self.people[p].id))

    @cached_property
    def called(self) -> list[str]:
        """What each of `people` is called."""
        rank = {place: number for number, place in enumerate(self.ranked, 1)}
        return [
            one.name or f"Person {one.number or rank.get(place, place + 1)}"
            for place, one in enumerate(self.people)
        ]

    def place(self, person: str) -> int:
        """Place in `people` of whom an id means, whatever it has become.

        Raises
        ------
        UsageError
            Nobody is that person now.
        """
        found = self.place_of.get(self.current(person))
        if found is None or not self.counts[found]:
            raise UsageError("That person is no longer there: their faces are with somebody else now.")
        return found

    def current(self, person: str) -> str:
        """The id of whom an id means, whatever it has become."""
        for _ in range(len(self.successors) + 1):  # a chain, and never a circle
            place = self.place_of.get(person)
            if (place is not None and self.counts[place]) or person not in self.successors:
                break
            person = self.successors[person]
        return person if person in self.place_of else person_in_force(self.clustering, person)

    def id_of(self, place: int) -> str:
        """Id of a person; ``""`` of nobody."""
        return self.people[place].id if place >= 0 else ""

    def cover_of(self, place: int) -> str:
        """Face that stands for a person: the one of the grouping or the user's, or their surest."""
        row = self.faces.row_of.get(self.people[place].cover, -1)
        if row >= 0 and self.person[row] == place:
            return self.people[place].cover
        rows = self.rows_of(place)
        return self.faces.ids[rows[np.argmax(self.confidence[rows])]] if len(rows) else ""

    # -- as the command line knows them -----------------------------------------------------------------

    @cached_property
    def known(self) -> Known:
        """The same people, for `photoclust.workflows.people`."""
        rows = {
            one.id: {"person_id": one.id, "name": one.name, "number": one.number or None}
            | {"ignored": one.ignored, "faces": int(self.counts[place])}
            for place, one in enumerate(self.people)
            if self.counts[place]
        }
        return Known(self.clustering, rows, _PersonOf(self), self._members)

    def _members(self, person: str) -> list[tuple[float, str]]:
        """How clear each member of a person is, and its id."""
        rows = self.rows_of(self.place_of[person])
        rows = rows[self.status[rows] == IS_MEMBER]
        clear = self.faces.quality[rows] * self.confidence[rows]
        return [(float(value), self.faces.ids[row]) for value, row in zip(clear, rows.tolist(), strict=True)]


class _PersonOf(Mapping[str, str]):
    """Person id of each face of a view, ``""`` where it is nobody's."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __getitem__(self, face: str) -> str:
        return self._view.id_of(int(self._view.person[self._view.faces.row_of[face]]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._view.faces.ids)

    def __len__(self) -> int:
        return len(self._view.faces)


def _shown(row: Mapping[str, Any]) -> ShownPerson:
    return ShownPerson(
        row["person_id"],
        row["name"],
        row["number"] or 0,
        bool(row["ignored"]),
        row["cover_face_id"],
        row["confidence"],
        row["nearest_person_id"] or "",
        row["nearest_chance_same"],
    )


def _places(values: Any, among: pa.ChunkedArray) -> Rows:
    found = pc.index_in(values, value_set=among)  # pyright: ignore[reportAttributeAccessIssue]
    return pc.fill_null(found, NOBODY).to_numpy().astype(np.int64)


def _floats(column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    return pc.fill_null(column, 0.0).to_numpy().astype(np.float32)
