"""Names and face regions of an index, written as XMP for other programs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photoclust.errors import OutputError, UsageError
from photoclust.index.store import IndexStore
from photoclust.interchange import exiftool
from photoclust.interchange.merging import PeopleInPhoto, merged
from photoclust.interchange.regions import Region, fractions, stored
from photoclust.interchange.sidecars import NOTHING, REMOVED, UNCHANGED, WRITTEN, Sidecars
from photoclust.interchange.xmp import PacketError, xml_text
from photoclust.photos.sources.kinds import RAW_EXTENSIONS
from photoclust.records import MEMBER, container_of, local_path
from photoclust.workflows.people.people_index import PeopleIndex


@dataclass(frozen=True)
class XmpPlace:
    """Where XMP goes: one of three.

    Attributes
    ----------
    folder
        A folder of sidecars, each below it at the whole path of its photo.
    beside_photos
        Sidecars beside the photos.
    embed
        Into the photos themselves, by exiftool.
    by_stem
        Call new sidecars ``photo.xmp`` and not ``photo.jpg.xmp``.
    """

    folder: Path | None = None
    beside_photos: bool = False
    embed: bool = False
    by_stem: bool = False

    def __post_init__(self) -> None:
        if [bool(self.folder), self.beside_photos, self.embed].count(True) != 1:
            raise UsageError(
                "Say where the XMP goes, once.",
                python="Give a folder, or beside_photos=True, or embed=True.",
                cli="Give --output DIR, --beside-photos or --embed.",
            )


@dataclass(frozen=True)
class XmpReport:
    """What was written.

    Attributes
    ----------
    people, faces, photos
        How many people with a name there are, how many faces of theirs, and in how many photos.
    written, removed, unchanged
        Sidecars, or photos, that were written; that said nothing else and were removed; that said it already.
    differing
        Faces that another program has given another name, which stays.
    failed
        Photos, by uri, for which nothing could be written, and why.
    """

    people: int = 0
    faces: int = 0
    photos: int = 0
    written: int = 0
    removed: int = 0
    unchanged: int = 0
    differing: int = 0
    failed: dict[str, str] = field(default_factory=dict[str, str])


def export_xmp(store: IndexStore, place: XmpPlace, keywords: bool = False) -> XmpReport:
    """Write who is in which photo, and where, as XMP; what is not ours in it stays.

    Only people with a name are written, and not those who are ignored. What an earlier export wrote and holds
    no more is taken out. A photo whose XMP cannot be used is left alone and counted.

    Parameters
    ----------
    store
        The index.
    place
        Where it goes.
    keywords
        Make keywords of the names as well.

    Raises
    ------
    IndexMissingError
        The index has no people yet.
    OutputError
        There is no exiftool to write into photos with, or the folder is a file.
    """
    if place.embed:
        exiftool.require_exiftool()
    if place.folder and place.folder.exists() and not place.folder.is_dir():
        raise OutputError(f"{place.folder} is no folder; name one to write the sidecars to.")
    report = _Counted()
    photos = list(_photos(store, report, keywords))
    if place.embed:
        _embed(photos, report)
    else:
        _write_sidecars(photos, place, report)
    return XmpReport(**vars(report))


@dataclass
class _Counted:
    """What has been written so far; see `XmpReport`."""

    people: int = 0
    faces: int = 0
    photos: int = 0
    written: int = 0
    removed: int = 0
    unchanged: int = 0
    differing: int = 0
    failed: dict[str, str] = field(default_factory=dict[str, str])

    def count(self, what: str, differing: int) -> None:
        """Count what became of one sidecar or photo."""
        self.written += what == WRITTEN
        self.removed += what == REMOVED
        self.unchanged += what == UNCHANGED
        self.differing += differing


_Face = tuple[str, list[float]]  # name, and box in pixels of the upright photo


@dataclass(frozen=True)
class _Photo:
    uri: str
    path: Path
    people: PeopleInPhoto


def _photos(store: IndexStore, report: _Counted, keywords: bool) -> Iterator[_Photo]:
    """Every photo of this machine, with the people in it; others are reported where somebody is in them."""
    named = _named_faces(store, report)
    columns = ["photo_id", "uri", "width", "height", "orientation"]
    for row in store.photos().select(columns).to_pylist():
        uri, faces = row["uri"], named.get(row["photo_id"], [])
        path = Path(local_path(uri))
        if not path.is_absolute() or container_of(uri):
            if faces:
                report.failed[uri] = "it is no file of its own on this machine"
            continue
        people = _people_in(row, faces, keywords)
        report.faces += len(people.regions)
        report.photos += bool(people.regions)
        yield _Photo(uri, path, people)


def _named_faces(store: IndexStore, report: _Counted) -> dict[str, list[_Face]]:
    """Name and box of each face of somebody with a name, by photo."""
    people = PeopleIndex(store)
    names = {
        person: xml_text(row["name"])
        for person, row in people.people.items()
        if row["name"] and not row["ignored"]
    }
    report.people = len(names)
    assigned = people.assignments.select(["face_id", "person_id", "status"]).to_pylist()
    name_of = {
        row["face_id"]: names[row["person_id"]]
        for row in assigned
        if row["status"] == MEMBER and row["person_id"] in names
    }
    found: dict[str, list[_Face]] = {}
    for face in store.faces(["box"]).to_pylist():
        if face["face_id"] in name_of:
            found.setdefault(face["photo_id"], []).append((name_of[face["face_id"]], face["box"]))
    return found


def _people_in(row: dict[str, Any], faces: Sequence[_Face], keywords: bool) -> PeopleInPhoto:
    """People of a row of PHOTO_SCHEMA; boxes are of the upright photo, regions of the photo as stored."""
    width, height, orientation = row["width"] or 0, row["height"] or 0, row["orientation"] or 1
    if not (width and height):
        return PeopleInPhoto((), 0, 0)
    boxes = ((name, fractions(box, width, height)) for name, box in faces)
    regions = tuple(Region(name, stored(box, orientation)) for name, box in boxes if box)
    size = (height, width) if orientation >= 5 else (width, height)
    return PeopleInPhoto(regions, *size, keywords)


# -- sidecars -------------------------------------------------------------------------------------------


def _write_sidecars(photos: Sequence[_Photo], place: XmpPlace, report: _Counted) -> None:
    folder = place.folder.absolute() if place.folder else None
    sidecars = Sidecars.of((photo.path for photo in photos), folder, place.by_stem)
    for photo in photos:
        try:
            outcome = sidecars.update(photo.path, photo.people)
        except PacketError as error:
            report.failed[photo.uri] = f"its sidecar is left alone: {error}"
        except OSError as error:
            report.failed[photo.uri] = (error.strerror or str(error)).lower()
        else:
            report.count(outcome.what, outcome.differing)


# -- in the photos themselves ---------------------------------------------------------------------------


def _embed(photos: Sequence[_Photo], report: _Counted) -> None:
    able: dict[Path, _Photo] = {}
    for photo in photos:
        reason = _not_to_be_written(photo)
        if not reason:
            able.setdefault(photo.path.resolve(), photo)
        elif photo.people.regions:
            report.failed[photo.uri] = reason
    every = list(able.items())
    for start in range(0, len(every), exiftool.AT_ONCE):
        _embed_some(dict(every[start : start + exiftool.AT_ONCE]), report)


def _not_to_be_written(photo: _Photo) -> str:
    """Why a photo cannot be written into; ``""`` where nothing speaks against it."""
    if photo.path.suffix.lower() in RAW_EXTENSIONS:
        return "RAW files are not written into; write sidecars for them"
    if not photo.path.is_file():
        return "the photo is not there"
    if not _can_be_told(os.fspath(photo.path.resolve())):
        return "its name is one that exiftool cannot be told"
    return "" if os.access(photo.path, os.W_OK) else "permission denied"


def _can_be_told(name: str) -> bool:
    """Whether a name fits in a line of UTF-8."""
    return not {"\n", "\r"} & {*name} and not any("\ud800" <= letter <= "\udfff" for letter in name)


def _embed_some(photos: dict[Path, _Photo], report: _Counted) -> None:
    before = exiftool.read_packets(list(photos))
    changes: dict[Path, bytes] = {}
    for path, photo in photos.items():
        try:
            change = merged(before.get(path), photo.people)
        except PacketError as error:
            report.failed[photo.uri] = f"its XMP is left alone: {error}"
            continue
        if change.packet is not None:
            changes[path] = change.packet
        is_there = change.packet is None and bool(photo.people.regions)
        report.count(UNCHANGED if is_there else NOTHING, change.differing)
    failed = _written(changes, photos) if changes else {}
    report.failed |= {photos[path].uri: reason for path, reason in failed.items()}
    report.written += len(changes) - len(failed)


def _written(changes: dict[Path, bytes], photos: dict[Path, _Photo]) -> dict[Path, str]:
    """Write packets into photos and read them back; give those that could not be written, and why."""
    failed = exiftool.write_packets(changes)
    there = exiftool.read_packets(list(changes))
    for path in changes.keys() - failed.keys():
        try:
            is_there = merged(there.get(path), photos[path].people).packet is None
        except PacketError:
            is_there = False
        if not is_there:
            failed[path] = "exiftool did not write it"
    return failed
