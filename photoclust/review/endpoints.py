"""The HTTP interface: one typed function for each thing that can be asked or said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.responses import Response

from photoclust.review import uploads, work
from photoclust.review.interface import Endpoint
from photoclust.review.questions import QuestionsPage
from photoclust.review.service import Service, State
from photoclust.workflows.diff import PeopleDiff, diff
from photoclust.workflows.people.log import LogEntry
from photoclust.workflows.review import left_over as left
from photoclust.workflows.review import numbers as counting
from photoclust.workflows.review import people as showing
from photoclust.workflows.review import photos as picturing
from photoclust.workflows.review.request import Said
from photoclust.workflows.review.session import Told
from photoclust.workflows.status import IndexStatus

Offset = Annotated[int, Field(ge=0)]
Limit = Annotated[int, Field(ge=1, le=500)]
Share = Annotated[float, Field(ge=0, le=1)]

_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_NEVER = {"Cache-Control": "no-store"}
_FOR_AN_HOUR = {"Cache-Control": "private, max-age=3600"}


@dataclass(frozen=True)
class StepBack:
    """What is to be taken back: the moment at which it was said, and the question it answered, if any."""

    at: str
    question: str = ""


@dataclass(frozen=True)
class Suggested:
    """A name that is there already, whose it is, and how many faces they have."""

    name: str
    person: str
    faces: int
    cover: str


@dataclass(frozen=True)
class Map:
    """People on a plane."""

    points: list[counting.MapPoint]


# -- what there is ----------------------------------------------------------------------------------------


def get_state(service: Service) -> State:
    """Which revision is shown, what can be taken back, and how far the grouping is."""
    return service.state()


def get_status(service: Service) -> IndexStatus:
    """What the index holds."""
    return service.held()


def get_people(
    service: Service,
    offset: Offset = 0,
    limit: Limit = 100,
    search: str = "",
    order: showing.PeopleOrder = "size",
    named: bool | None = None,
) -> showing.PeoplePage:
    """People, some of them at a time."""
    view, revision = service.session.view, service.session.revision
    found = showing.chosen_people(view, search, order, named)
    some = [showing.card(view, place) for place in found[offset : offset + limit]]
    return showing.PeoplePage(revision, len(found), some)


def get_person(service: Service, person: str) -> showing.PersonPage:
    """A person: years, sub-groups, who is near and who is with them."""
    view, revision = service.session.view, service.session.revision
    place = view.place(person)
    return showing.person_page(view, place, revision, service.likeness().near(view, place))


def get_person_faces(
    service: Service,
    person: str,
    offset: Offset = 0,
    limit: Limit = 100,
    order: showing.FaceOrder = "confidence",
    year: int | None = None,
    group: int | None = None,
) -> showing.FacePage:
    """Faces of a person, some at a time."""
    view, revision = service.session.view, service.session.revision
    rows = view.rows_of(view.place(person))
    if year is not None:
        rows = rows[view.faces.years[rows] == year]
    if group is not None:
        rows = rows[view.label[rows] == group]
    likeness = service.likeness().order(rows) if order == "likeness" and len(rows) else None
    ordered = showing.in_order(view, rows, order, likeness)
    return showing.FacePage(revision, len(rows), showing.face_tiles(view, ordered[offset : offset + limit]))


def get_names(service: Service, search: str = "", limit: Limit = 8) -> list[Suggested]:
    """Names that are there already and hold some text."""
    view = service.session.view
    places = [p for p in showing.chosen_people(view, search) if view.people[p].name]
    begin = search.strip().casefold()
    places.sort(key=lambda p: not view.people[p].name.casefold().startswith(begin))
    return [
        Suggested(view.people[p].name, view.people[p].id, int(view.counts[p]), view.cover_of(p))
        for p in places[:limit]
    ]


def get_thumbnail(service: Service, face: str) -> Response:
    """The crop of a face: a JPEG."""
    view = service.session.view
    row = view.faces.row_of.get(face)
    if row is None and face in view.waiting:
        jpeg = picturing.waiting_thumbnail(service.store, view, face)
        return Response(jpeg, headers=_NEVER, media_type="image/jpeg")
    jpeg = service.thumbnails().jpeg(row) if row is not None else b""
    return Response(jpeg, 200 if jpeg else 404, _FOR_EVER, "image/jpeg")


def get_photos(
    service: Service,
    offset: Offset = 0,
    limit: Limit = 50,
    search: str = "",
    present: list[str] = [],  # noqa: B006  (read only)
    absent: list[str] = [],  # noqa: B006
) -> picturing.PhotosPage:
    """Photos in which all of some people are and none of others; of all photos without any."""
    view, revision = service.session.view, service.session.revision
    rows = picturing.found_photos(view, _places(service, present), _places(service, absent))
    rows = picturing.named_like(view, rows, search)
    some = [picturing.photo_card(view, row) for row in rows[offset : offset + limit].tolist()]
    return picturing.PhotosPage(revision, len(rows), some)


def _places(service: Service, people: list[str]) -> list[int]:
    return [service.session.view.place(person) for person in people]


def get_photo(service: Service, photo: str) -> picturing.PhotoCard:
    """A photo, and who is in it."""
    view = service.session.view
    return picturing.photo_card(view, picturing.photo_row(view, photo))


def get_picture(service: Service, photo: str, size: Literal["1280", "2560"] = "1280") -> Response:
    """The picture of a photo, upright: a JPEG."""
    view = service.session.view
    row = picturing.photo_row(view, photo)
    jpeg = picturing.picture(service.store, view, row, int(size))
    return Response(jpeg, headers=_FOR_AN_HOUR, media_type="image/jpeg")


def get_left_over(
    service: Service, offset: Offset = 0, limit: Limit = 20, least: Share = 0.0
) -> left.LeftOver:
    """Faces that are nobody's, in rows by who they may be."""
    return left.left_over(service.session.view, service.session.revision, offset, limit, least)


def get_numbers(service: Service) -> counting.Numbers:
    """The index in numbers."""
    return counting.numbers(service.session.view, service.session.revision, service.held())


def get_map(service: Service) -> Map:
    """People on a plane: the nearer, the more alike."""
    view = service.session.view
    return Map(counting.people_map(view, service.likeness().templates(view)))


async def get_questions(service: Service, limit: Limit = 20) -> QuestionsPage:
    """Questions whose answers put most faces right."""
    return await service.questions.page(limit)


# -- what is said -----------------------------------------------------------------------------------------


def post_decision(service: Service, body: Said, question: str = "") -> Told:
    """Say something about people: it is written down, and grouped by in the background."""
    told = service.session.say(body)
    if question:
        service.questions.answered.add(question)
    return told


def get_decisions(service: Service, offset: Offset = 0, limit: Limit = 100) -> list[LogEntry]:
    """What was said, the latest first."""
    return list(service.session.log[offset : offset + limit])


def post_undo(service: Service, body: StepBack) -> Told:
    """Take back what was said last."""
    told = service.session.take_back(body.at)
    service.questions.answered.discard(body.question)
    return told


def post_redo(service: Service, body: StepBack) -> Told:
    """Let what was taken back last hold again."""
    return service.session.take_back(body.at, redo=True)


# -- what takes a while -----------------------------------------------------------------------------------


def get_diff(service: Service, before: str = "previous", after: str = "current") -> PeopleDiff:
    """What became of people from one grouping to another."""
    return diff(service.store, (before, after))


async def get_explanation(service: Service, one: str, other: str) -> Any:
    """Why two faces or people are, or are not, one person."""
    return await service.beside(work.explained, service.folder, one, other)


ENDPOINTS = (
    Endpoint("GET", "/state", get_state),
    Endpoint("GET", "/status", get_status),
    Endpoint("GET", "/people", get_people),
    Endpoint("GET", "/people/{person}", get_person),
    Endpoint("GET", "/people/{person}/faces", get_person_faces),
    Endpoint("GET", "/names", get_names),
    Endpoint("GET", "/faces/{face}/thumbnail", get_thumbnail),
    Endpoint("GET", "/photos", get_photos),
    Endpoint("GET", "/photos/{photo}", get_photo),
    Endpoint("GET", "/photos/{photo}/picture", get_picture),
    Endpoint("GET", "/left-over", get_left_over),
    Endpoint("GET", "/numbers", get_numbers),
    Endpoint("GET", "/map", get_map),
    Endpoint("GET", "/questions", get_questions),
    Endpoint("GET", "/decisions", get_decisions),
    Endpoint("POST", "/decisions", post_decision),
    Endpoint("POST", "/undo", post_undo),
    Endpoint("POST", "/redo", post_redo),
    Endpoint("GET", "/diff", get_diff),
    Endpoint("GET", "/explanation", get_explanation, "photoclust.workflows.explain:Explanation"),
    *uploads.ENDPOINTS,
)
"""Everything that can be asked and said; OpenAPI at ``/api`` describes it."""
