"""Faces and people of an index as data sets: COCO, FiftyOne, WebDataset, Hugging Face."""

from __future__ import annotations

import io
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from photoclust.config import CropConfig
from photoclust.errors import OutputError, PhotoError
from photoclust.index.store import IndexStore
from photoclust.interchange.crops import crop_name, new_folder, write_metadata, write_private, write_shards
from photoclust.interchange.datasets import DatasetFace, DatasetPhoto, write_coco, write_fiftyone
from photoclust.models.cards import ARCFACE_112
from photoclust.records import MEMBER
from photoclust.report.album import Album, rank_people
from photoclust.workflows.context import CUT, StageProgress, silent
from photoclust.workflows.snapshot.known_photos import known_photos

COCO, HUGGINGFACE = "coco", "huggingface"

_CROP = CropConfig(size=112, margin=0, template=ARCFACE_112)
_JPEG_QUALITY = 95


@dataclass(frozen=True)
class CropsReport:
    """What was written.

    Attributes
    ----------
    output
        The folder.
    faces, people
        How many faces were cut, and of how many people.
    failed
        Photos, by uri, from which no face could be cut, and why.
    """

    output: Path
    faces: int
    people: int
    failed: dict[str, str] = field(default_factory=dict[str, str])


# -- of whole photos ------------------------------------------------------------------------------------


def write_dataset(album: Album, form: str, stream: BinaryIO) -> None:
    """Write all faces of an album as the JSON of ``coco`` or ``fiftyone``.

    Parameters
    ----------
    album
        With the columns ``box``, ``landmarks`` and ``quality`` of its faces.
    form
        Which.
    stream
        Where to.
    """
    rows = album.face_rows()
    labels = _labels(rows)
    photos = _photos(album, rows, labels)
    if form == COCO:
        write_coco(photos, labels, stream)
    else:
        write_fiftyone(photos, stream)


def _labels(rows: pa.Table) -> dict[str, str]:
    """What each person is called, those with most faces first."""
    people = rank_people(rows).people
    return dict(zip(people["person_id"].to_pylist(), people["name"].to_pylist(), strict=True))


def _photos(album: Album, rows: pa.Table, labels: Mapping[str, str]) -> list[DatasetPhoto]:
    sizes = {row["uri"]: row for row in album.photos.select(["uri", "width", "height"]).to_pylist()}
    boxes, landmarks = (album.faces[name].to_pylist() for name in ("box", "landmarks"))
    found: dict[str, list[DatasetFace]] = defaultdict(list)
    for row in rows.to_pylist():
        person = row["person_id"] if row["status"] == MEMBER and row["person_id"] in labels else ""
        place = row["row"]
        found[row["photo"]].append(
            DatasetFace(
                row["face_id"],
                tuple(boxes[place]),
                tuple(landmarks[place]),
                person,
                labels.get(person, ""),
                row["status"],
                row["confidence"],
                row["quality"],
            )
        )
    return [
        DatasetPhoto(uri, size["width"], size["height"], faces)
        for uri, faces in found.items()
        if (size := sizes[uri])["width"] and size["height"]
    ]


# -- of crops -------------------------------------------------------------------------------------------


def export_crops(
    store: IndexStore, album: Album, form: str, output: Path, progress: StageProgress = silent
) -> CropsReport:
    """Cut the face of each member of a person from its photo, and write them as a data set.

    Faces are turned, scaled and moved so that their landmarks are where ArcFace's template has them, in
    112 x 112 pixels. People who are ignored are left out. Photos that cannot be read, or whose picture is no
    longer the one that was indexed, are counted.

    Parameters
    ----------
    store
        The index.
    album
        With the columns ``box``, ``landmarks`` and ``quality`` of its faces.
    form
        ``webdataset`` or ``huggingface``.
    output
        A folder that is missing or empty.
    progress
        Told how many photos are done.

    Raises
    ------
    OutputError
        There is something at `output`, it cannot be written, or not one face could be cut.
    """
    rows = _members(album)
    failed: dict[str, str] = {}
    with (
        new_folder(output) as folder,
        tempfile.TemporaryDirectory(dir=folder.parent, prefix=".tmp-") as spare,
    ):
        crops = folder if form == HUGGINGFACE else Path(spare)
        cut = _cut(store, album, rows, crops, failed, progress)
        written = [row for row in rows if row["face_id"] in cut]
        if rows and not written:
            uri, reason = next(iter(failed.items()))
            raise OutputError(f"No face can be cut; {uri} for one: {reason}.")
        if form == HUGGINGFACE:
            write_metadata(folder, written)
        else:
            write_shards(crops, written, folder)
    return CropsReport(output, len(written), len({row["person_id"] for row in written}), failed)


def _members(album: Album) -> list[dict[str, Any]]:
    """What is said of each face that is cut, person by person, the most confident first."""
    ranked = rank_people(album.face_rows())
    labels = dict(zip(*(ranked.people[name].to_pylist() for name in ("person_id", "name")), strict=True))
    boxes = album.faces["box"].to_pylist()
    return [
        {
            "label": labels[row["person_id"]],
            "person_id": row["person_id"],
            "face_id": row["face_id"],
            "photo": row["photo"],
            "photo_id": row["photo_id"],
            "box": [round(side, 3) for side in boxes[row["row"]]],
            "confidence": round(row["confidence"], 4),
            "quality": round(row["quality"], 4),
        }
        for row in ranked.members.to_pylist()
        if not row["ignored"]
    ]


def _cut(
    store: IndexStore,
    album: Album,
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
    failed: dict[str, str],
    progress: StageProgress,
) -> set[str]:
    """Write the crops of faces, photo by photo; give the ids of those that were cut."""
    name_of = {row["face_id"]: crop_name(row) for row in rows}
    wanted: pc.Expression = pc.field("face_id").isin(pa.array(list(name_of), pa.string()))
    faces = album.faces.select(["face_id", "photo_id", "box", "landmarks"]).filter(wanted)
    of_faces: pc.Expression = pc.field("photo_id").isin(faces["photo_id"].combine_chunks())
    photos = known_photos(album.photos.filter(of_faces).to_pylist(), faces)
    cut: set[str] = set()
    with progress(CUT, len(photos)) as advance:
        for photo in photos:
            try:
                crops = photo.crops(store.settings.decode, _CROP)
            except PhotoError as error:
                failed[photo.refs[0].uri] = error.reason
            else:
                for face, crop in zip(photo.face_ids, crops, strict=True):
                    write_private(folder / name_of[face], _jpeg(crop))
                cut |= set(photo.face_ids)
            advance(1)
    return cut


def _jpeg(crop: npt.NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(crop).save(stream, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return stream.getvalue()
