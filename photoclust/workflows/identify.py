"""Who the people in photos are, of the people of an index; or nobody of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from photoclust.errors import IndexMissingError, ProbeError, UsageError
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.calibration.pairs import PairCalibration, Templates, pair_calibration_of, templates
from photoclust.people.identity.gallery import Gallery, gallery_of
from photoclust.photos.sources.references import find_photos
from photoclust.records import MEMBER, face_embeddings
from photoclust.workflows.people.people_index import PeopleIndex
from photoclust.workflows.snapshot.probes import ProbePhoto, Prober

_BLOCK = 65_536  # faces centred at once: 130 MB


@dataclass(frozen=True)
class IdentifyOptions:
    """What may be said about an identification.

    Parameters
    ----------
    most
        Candidates named of each face.
    prior
        Probability, in (0, 1), that a face is somebody of the index before it was looked at.
    min_probability
        Least probability, in (0, 1), of somebody who is named; below, it is nobody known.
    face
        Number of the face that is meant in each photo, from 1, best first; None for all.
    """

    most: int = 3
    prior: float = 0.5
    min_probability: float = 0.5
    face: int | None = None

    def __post_init__(self) -> None:
        if self.most < 1:
            raise UsageError(f"At least one candidate must be wanted, not {self.most}.")
        for name, value in (("prior", self.prior), ("least", self.min_probability)):
            if not 0 < value < 1:
                raise UsageError(f"The {name} probability must lie between 0 and 1, not be {value:g}.")


@dataclass(frozen=True)
class PersonMatch:
    """Somebody whom a face may be.

    Attributes
    ----------
    person_id, name, called
        Their id, their name or ``""``, and what they are called in any case.
    probability, probability_low, probability_high
        That it is them, and the 95 % interval.
    distance
        Score-normalised cosine distance to the mean of their faces.
    faces
        How many faces of theirs are in the index.
    photos
        Path or URI of the photos that they are in.
    """

    person_id: str
    name: str
    called: str
    probability: float
    probability_low: float
    probability_high: float
    distance: float
    faces: int
    photos: tuple[str, ...]


@dataclass(frozen=True)
class IdentifiedFace:
    """Whom a face of a probe shows.

    Attributes
    ----------
    number
        Its number in the photo, from 1, best first.
    box
        x0, y0, x1, y1 in pixels of the upright photo.
    known
        The likeliest person is likely enough.
    nobody
        Probability that it is nobody of the index.
    candidates
        The likeliest first.
    """

    number: int
    box: tuple[float, ...]
    known: bool
    nobody: float
    candidates: tuple[PersonMatch, ...]


@dataclass(frozen=True)
class IdentifiedPhoto:
    """A probe.

    Attributes
    ----------
    photo
        Path or URI.
    faces
        Its faces; none where there is a problem.
    problem
        Why it cannot be used, ``""`` where it can.
    in_index
        The picture is in the index, so that its faces are compared with people they belong to.
    """

    photo: str
    faces: tuple[IdentifiedFace, ...]
    problem: str = ""
    in_index: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class Identifier:
    """Answers who a face is; made once for any number of probes.

    Parameters
    ----------
    store
        The index. It is read once, and only read: a run that is writing to it is not waited for.

    Raises
    ------
    IndexMissingError
        Nobody has grouped the faces yet, or there are no people.
    UsageError
        The model of the index was not calibrated.
    """

    def __init__(self, store: IndexStore) -> None:
        self.store, self.people = store, PeopleIndex(store)
        if not self.people.people:
            raise IndexMissingError(f"{store.called} holds no people, so that nobody can be found there.")
        self.calibration, self.known = _calibrated(store.settings.embed.model)
        self.prober = Prober(store.settings)
        self._photos = dict(
            zip(*(store.photos()[name].to_pylist() for name in ("photo_id", "uri")), strict=True)
        )
        self._load()

    def _load(self) -> None:
        own = self.people.assignments.select(["face_id", "person_id", "status"]).to_pylist()
        person_of = {row["face_id"]: row["person_id"] for row in own if row["status"] == MEMBER}
        table = self.store.faces(["embedding"])
        person = [person_of.get(face, "") for face in table["face_id"].to_pylist()]
        rows = np.flatnonzero([one in self.people.people for one in person])
        self.person_ids, codes = np.unique(np.array(person, object)[rows].astype(str), return_inverse=True)
        blocks = (
            (
                self.calibration.centred(face_embeddings(table.take(rows[i : i + _BLOCK]))),
                codes[i : i + _BLOCK],
            )
            for i in range(0, len(rows), _BLOCK)
        )
        self.gallery: Gallery = gallery_of(blocks, len(self.person_ids), self.calibration, self.known)
        self._photo_ids = table["photo_id"].take(rows[np.argsort(codes, kind="stable")]).combine_chunks()
        self._ends = np.cumsum(self.gallery.faces)

    def photos(self, paths: Sequence[str], options: IdentifyOptions) -> Iterator[IdentifiedPhoto]:
        """Each photo under some paths, as it is done.

        Raises
        ------
        UsageError
            A path does not exist.
        NoPhotosError
            There are no photos.
        """
        for photo in self.prober.photos(find_photos(paths)):
            yield self.photo(photo, options)

    def photo(self, photo: ProbePhoto, options: IdentifyOptions) -> IdentifiedPhoto:
        """Say whom the faces of a photo show."""
        if photo.problem:
            return IdentifiedPhoto(photo.ref.uri, (), photo.problem)
        try:
            chosen = photo.chosen(options.face)
        except UsageError as error:
            return IdentifiedPhoto(photo.ref.uri, (), str(error))
        centred = self.calibration.centred(photo.embeddings)
        probes = templates(self.calibration, centred, np.zeros(len(centred), np.int64))
        boxes = photo.faces["box"].to_pylist()
        faces = tuple(self._face(i, boxes[i], _only(probes, i), options) for i in chosen)
        return IdentifiedPhoto(photo.ref.uri, faces, "", photo.row["photo_id"] in self._photos)

    def _face(
        self, place: int, box: Sequence[float], probe: Templates, options: IdentifyOptions
    ) -> IdentifiedFace:
        found = self.gallery.identify(probe, options.prior, options.most)
        matches = tuple(
            PersonMatch(
                person_id=str(self.person_ids[one.row]),
                name=self.people.names[self.person_ids[one.row]],
                called=self.people.called(str(self.person_ids[one.row])),
                probability=one.probability,
                probability_low=one.probability_low,
                probability_high=one.probability_high,
                distance=one.distance,
                faces=int(self.gallery.faces[one.row]),
                photos=self._uris(one.row),
            )
            for one in found.candidates
        )
        known = bool(matches) and matches[0].probability >= options.min_probability
        return IdentifiedFace(place + 1, tuple(round(x, 1) for x in box), known, found.nobody, matches)

    def _uris(self, row: int) -> tuple[str, ...]:
        end, count = int(self._ends[row]), int(self.gallery.faces[row])
        own = self._photo_ids.slice(end - count, count).to_pylist()
        return tuple(sorted({self._photos[photo] for photo in own if photo in self._photos}))


def identify(
    store: IndexStore, paths: Sequence[str], options: IdentifyOptions | None = None
) -> Iterator[IdentifiedPhoto]:
    """Say who the people in photos are, of the people of an index, photo by photo.

    Parameters
    ----------
    store
        The index.
    paths
        Photos, folders and so on; see `photoclust.photos.sources.references.find_photos`.
    options
        How many candidates, and how likely they must be.

    Raises
    ------
    IndexMissingError, UsageError
        See `Identifier`, and `Identifier.photos`.
    ProbeError
        At the end, where no face was found in any photo.
    """
    identifier, options = Identifier(store), options or IdentifyOptions()
    problem, any_face = "", False
    for photo in identifier.photos(paths, options):
        problem, any_face = problem or photo.problem, any_face or bool(photo.faces)
        yield photo
    if not any_face:
        raise ProbeError(problem)


def _calibrated(model: str) -> tuple[Calibration, PairCalibration]:
    known = pair_calibration_of(model)
    if known is None:
        raise UsageError(
            f"{model} was not calibrated, so that nothing can be said of how likely it is that somebody is "
            "found; use an index of casia-webface."
        )
    return calibration_of(model), known


def _only(probes: Templates, place: int) -> Templates:
    return Templates(probes.vectors[place : place + 1], probes.hubness[place : place + 1])
