"""What is asked about photos that come with the request, and whom they are to make known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Base64Bytes, Field

from photoclust.errors import UsageError
from photoclust.review import work
from photoclust.review.interface import Endpoint
from photoclust.review.service import Service

Photo = Annotated[Base64Bytes, Field(max_length=40_000_000)]


@dataclass(frozen=True)
class TwoPhotos:
    """Two photos, base64."""

    one: Photo
    other: Photo
    false_match_rate: float = 1e-3


@dataclass(frozen=True)
class OnePhoto:
    """A photo, base64."""

    photo: Photo
    most: int = 3


@dataclass(frozen=True)
class Enrolment:
    """Somebody's name and photos of them, base64; see `photoclust.workflows.enroll.enroll`."""

    name: str
    photos: Annotated[list[Photo], Field(min_length=1, max_length=8)]
    face: Annotated[int, Field(ge=1)] | None = None
    join_named: bool = False


async def post_verify(service: Service, body: TwoPhotos) -> Any:
    """Say whether two photos show the same person; they are not kept."""
    from photoclust.workflows.verify import VerifyOptions

    options = VerifyOptions(body.false_match_rate, model=service.store.settings.embed.model)
    photos = _required(body.one), _required(body.other)
    return await service.beside(work.verified, photos, options, keep=True)


async def post_identify(service: Service, body: OnePhoto) -> Any:
    """Say who the people in a photo are; it is not kept."""
    from photoclust.workflows.identify import IdentifyOptions

    options = IdentifyOptions(most=body.most)
    photo = _required(body.photo)
    return await service.beside(work.identified, service.folder, photo, options, keep=True)


async def post_enroll(service: Service, body: Enrolment) -> Any:
    """Put a person into the index by name; their photos are kept in the folder that the server was told."""
    if service.enrolled_photos is None:
        raise UsageError(
            "Photos of whoever is enrolled must be kept, and this server was not told where: it needs "
            "--keep-enrolled FOLDER."
        )
    photos = tuple(map(_required, body.photos))
    place = str(service.enrolled_photos)
    said = body.name, body.face, body.join_named
    return await service.beside(work.enrolled, service.folder, photos, place, said, keep=True)


def _required(photo: bytes) -> bytes:
    if not photo:
        raise UsageError("The photo is empty.")
    return photo


ENDPOINTS = (
    Endpoint("POST", "/verify", post_verify, "photoclust.workflows.verify:Verification"),
    Endpoint("POST", "/identify", post_identify, "photoclust.workflows.identify:IdentifiedPhoto"),
    Endpoint("POST", "/enroll", post_enroll, "photoclust.workflows.enroll:Enrolled"),
)
"""Their requests may be as long as photos are; see `photoclust.review.guard`."""
