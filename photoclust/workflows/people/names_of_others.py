"""Names that other programs gave, matched to our faces."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.interchange.claims import PhotoClaims, Shape
from photoclust.interchange.gathering import Readers, gather
from photoclust.interchange.matching import Face, Matched, matched
from photoclust.interchange.regions import Box, fractions
from photoclust.photos.sources.kinds import is_photo
from photoclust.photos.xmp import read_xmp
from photoclust.records import container_of, local_path
from photoclust.workflows.people.people_index import PeopleIndex


@dataclass(frozen=True)
class NameWithoutFace:
    """A name that goes to no face.

    Attributes
    ----------
    photo
        Path of the photo.
    name
        Who.
    box
        Left, top, right and bottom in fractions of the upright photo; None where no place is said.
    photo_id
        Of the photo; ``""`` where no place is said.
    """

    photo: str
    name: str
    box: Box | None = None
    photo_id: str = ""


@dataclass
class NamesFound:
    """What other programs say, held against an index.

    Attributes
    ----------
    files
        How many files say something.
    photos
        How many photos of the index they speak of.
    names
        Name of each face that got one, by the id of the face.
    without_face
        Rectangles without a face of ours.
    contradicting
        Rectangles on a face to which an earlier file gives another name.
    unused
        Names without a place for which no face, or more than one, is left.
    other_shape
        Names in rectangles drawn on a picture of another shape.
    not_indexed
        Photos that are not in the index, or that several of its photos could be.
    problems
        Files that could not be used, and why.
    """

    files: int = 0
    photos: int = 0
    names: dict[str, str] = field(default_factory=dict[str, str])
    without_face: list[NameWithoutFace] = field(default_factory=list[NameWithoutFace])
    contradicting: list[NameWithoutFace] = field(default_factory=list[NameWithoutFace])
    unused: list[NameWithoutFace] = field(default_factory=list[NameWithoutFace])
    other_shape: list[NameWithoutFace] = field(default_factory=list[NameWithoutFace])
    not_indexed: list[str] = field(default_factory=list[str])
    problems: dict[str, str] = field(default_factory=dict[str, str])


def find_names(store: IndexStore, people: PeopleIndex, paths: Sequence[str]) -> NamesFound:
    """Read files and folders of other programs, and match the names in them to faces.

    Raises
    ------
    UsageError
        A path is not there, or no place on this machine.
    """
    gathered = gather([_local(path) for path in paths], Readers(is_photo, read_xmp))
    found = NamesFound(files=gathered.files, problems=gathered.problems)
    photos = _IndexedPhotos(store)
    said: dict[str, list[PhotoClaims]] = defaultdict(list)
    for one in gathered.said:
        meant = photos.meant(one)
        for photo_id in meant:
            said[photo_id].append(one)
        if not meant:
            found.not_indexed.append(str(one.photo))
    faces = _faces(store, people, photos)
    found.photos = len(said)
    for photo_id, claims in sorted(said.items(), key=lambda one: photos.uris[one[0]]):
        one = matched(claims, faces.get(photo_id, {}), photos.shapes[photo_id])
        _add(found, photos.uris[photo_id], photo_id, one)
    return found


def _local(path: str) -> Path:
    if "://" in path:
        raise UsageError(f"{path} is no place on this machine; copy the files here first.")
    if not os.path.exists(path):  # noqa: PTH110  # a name with a zero byte is an error to pathlib alone
        raise UsageError(f"There is no {path}.")
    return Path(os.path.abspath(path))  # noqa: PTH100  # links stay as they were indexed


def _add(found: NamesFound, photo: str, photo_id: str, one: Matched) -> None:
    found.names |= one.names
    found.without_face += [
        NameWithoutFace(photo, region.name, region.box, photo_id) for region in one.without_face
    ]
    found.contradicting += [NameWithoutFace(photo, region.name, region.box) for region in one.contradicting]
    found.unused += [NameWithoutFace(photo, name) for name in one.unused]
    found.other_shape += [NameWithoutFace(photo, name) for name in one.other_shape]


def _faces(store: IndexStore, people: PeopleIndex, photos: _IndexedPhotos) -> dict[str, dict[str, Face]]:
    """Faces by id, by photo."""
    faces: dict[str, dict[str, Face]] = defaultdict(dict)
    table = store.faces(["box"])
    rows = zip(*(table[name].to_pylist() for name in ("face_id", "photo_id", "box")), strict=True)
    for face_id, photo_id, box in rows:
        shape = photos.shapes.get(photo_id)
        inside = fractions(box, shape.width, shape.height) if shape and shape.width and shape.height else None
        if inside:
            name = people.names.get(people.person_of.get(face_id, ""), "")
            faces[photo_id][face_id] = Face(inside, name)
    return faces


class _IndexedPhotos:
    """Photos of an index, found by what a file of another program calls them.

    One at just that path is meant, or else the one whose path has most folders in common with it, counted
    from the end: collections are moved, and sidecars may lie in a folder of their own. Where a file says who
    is in a photo but not where, which nothing else would contradict, one folder at least must be the same.
    """

    def __init__(self, store: IndexStore) -> None:
        self.uris: dict[str, str] = {}
        self.shapes: dict[str, Shape] = {}
        self._by_path: dict[tuple[bool, str], set[str]] = defaultdict(set)  # with True, without extension
        self._by_name: dict[tuple[bool, str], list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        columns = ["photo_id", "uri", "width", "height", "orientation"]
        for row in store.photos().select(columns).to_pylist():
            if row["photo_id"]:
                self._add(row["photo_id"], row["uri"])
                size = row["width"] or 0, row["height"] or 0
                self.shapes.setdefault(row["photo_id"], Shape(*size, row["orientation"] or 1))

    def _add(self, photo_id: str, uri: str) -> None:
        self.uris.setdefault(photo_id, uri)
        if container_of(uri):
            return
        path = Path(local_path(uri))
        folders = path.parts[:-1][::-1]
        for by_stem, name in ((False, path.name), (True, path.stem)):
            self._by_path[by_stem, str(path.with_name(name))].add(photo_id)
            self._by_name[by_stem, name].append((folders, photo_id))

    def meant(self, said: PhotoClaims) -> set[str]:
        """Ids of the photos that a file speaks of: more than one where photos share a sidecar."""
        path = Path(os.path.normpath(said.photo))
        if exact := self._by_path.get((said.by_stem, str(path))):
            return exact
        folders = path.parts[:-1][::-1]
        alike = self._by_name.get((said.by_stem, path.name), ())
        shared = [(_common(folders, other), photo) for other, photo in alike]
        most = max((count for count, _ in shared), default=0)
        meant = {photo for count, photo in shared if count == most}
        needs_a_folder = all(claim.box is None for claim in said.claims)
        return meant if len(meant) == 1 and most >= needs_a_folder else set()


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many folders two paths share, from the last on."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
