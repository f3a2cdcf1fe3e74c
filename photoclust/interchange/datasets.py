"""Faces and people as data sets describe them: the JSON of COCO and FiftyOne, which names photos by path."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from photoclust.interchange.regions import fractions

NOBODY = "unknown"
"""What a face is called that is nobody's."""

LANDMARKS = ("left_eye", "right_eye", "nose", "left_mouth_corner", "right_mouth_corner")
_VISIBLE = 2  # of a keypoint, in COCO's words


@dataclass(frozen=True)
class DatasetFace:
    """A face: its box and five landmarks in pixels of the upright photo, whose it is, and how good it is."""

    face_id: str
    box: tuple[float, float, float, float]
    landmarks: tuple[float, ...]
    person_id: str
    label: str
    status: str
    confidence: float
    quality: float


@dataclass(frozen=True)
class DatasetPhoto:
    """A photo, upright, and its faces."""

    uri: str
    width: int
    height: int
    faces: Sequence[DatasetFace]


def write_coco(photos: Sequence[DatasetPhoto], labels: Mapping[str, str], stream: BinaryIO) -> None:
    """Write faces as objects of the COCO format (https://cocodataset.org/#format-data).

    Each person is a category, numbered from 2 in the order given; 1 is for faces of nobody. Boxes are left,
    top, width and height in pixels of the upright photo, as far as they lie inside it.

    Parameters
    ----------
    photos
        In the order in which they are to stand.
    labels
        What each person is called, by id.
    stream
        Where to write.
    """
    number = {"": 1} | {person: place for place, person in enumerate(labels, 2)}
    about = {"supercategory": "face", "keypoints": LANDMARKS, "skeleton": []}
    categories = [{"id": 1, "name": NOBODY, "person_id": ""} | about]
    for person, label in labels.items():
        categories.append({"id": number[person], "name": label, "person_id": person} | about)
    stream.write(b'{"info": {"description": "faces, by photoclust"}, "licenses": [],\n"categories": ')
    _write_list(stream, categories)
    stream.write(b',\n"images": ')
    _write_list(stream, (_image(place, photo) for place, photo in enumerate(photos, 1)))
    stream.write(b',\n"annotations": ')
    _write_list(stream, _annotations(photos, number))
    stream.write(b"}\n")


def _image(number: int, photo: DatasetPhoto) -> dict[str, Any]:
    return {"id": number, "file_name": photo.uri, "width": photo.width, "height": photo.height}


def _annotations(photos: Sequence[DatasetPhoto], number: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    count = 0
    for place, photo in enumerate(photos, 1):
        for face in photo.faces:
            box = fractions(face.box, photo.width, photo.height)
            if box is None:
                continue
            count += 1
            x0, y0 = box[0] * photo.width, box[1] * photo.height
            w, h = box[2] * photo.width - x0, box[3] * photo.height - y0
            points = zip(face.landmarks[::2], face.landmarks[1::2], strict=True)
            yield {
                "id": count,
                "image_id": place,
                "category_id": number.get(face.person_id, 1),
                "bbox": [round(side, 3) for side in (x0, y0, w, h)],
                "area": round(w * h, 3),
                "iscrowd": 0,
                "keypoints": [value for x, y in points for value in (round(x, 3), round(y, 3), _VISIBLE)],
                "num_keypoints": len(LANDMARKS),
                "score": round(face.confidence, 4),
                **_said(face),
            }


def write_fiftyone(photos: Sequence[DatasetPhoto], stream: BinaryIO) -> None:
    """Write the labels of a ``FiftyOneImageDetectionDataset``, whose photos go by their absolute paths.

    Boxes are left, top, width and height in fractions of the upright photo.
    """
    stream.write(b'{"labels": {')
    separator = "\n"
    for photo in photos:
        detections = [found for face in photo.faces for found in _detection(photo, face)]
        line = f"{separator}{json.dumps(photo.uri)}: {json.dumps(detections, allow_nan=False)}"
        stream.write(line.encode())
        separator = ",\n"
    stream.write(b"\n}}\n")


def _detection(photo: DatasetPhoto, face: DatasetFace) -> Iterator[dict[str, Any]]:
    if box := fractions(face.box, photo.width, photo.height):
        x0, y0, x1, y1 = box
        yield {
            "label": face.label or NOBODY,
            "bounding_box": [round(side, 6) for side in (x0, y0, x1 - x0, y1 - y0)],
            "confidence": round(face.confidence, 4),
            "attributes": _said(face),
        }


def _said(face: DatasetFace) -> dict[str, Any]:
    # without its confidence, which readers take from a field of their own, and trip over a second one
    return {
        "face_id": face.face_id,
        "person_id": face.person_id,
        "status": face.status,
        "quality": round(face.quality, 4),
    }


def _write_list(stream: BinaryIO, rows: Iterable[Mapping[str, Any]]) -> None:
    stream.write(b"[")
    separator = "\n"
    for row in rows:
        stream.write(f"{separator}{json.dumps(row, allow_nan=False)}".encode())
        separator = ",\n"
    stream.write(b"\n]")
