"""The words of the house and their Arrow schemas.

A *photo* is a file, a *face* one detection in one photo, an *embedding* its unit vector, a *person* a
verified group of faces with an id that lasts. Rows travel between rooms as Arrow tables of these schemas.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.errors import PhotoError
from photoclust.photo_refs import PhotoRef

EMBEDDING_SIZE = 512  # of the default model

# photo status
OK = "ok"
NO_FACE = "no_face"
FAILED = "failed"
FORGOTTEN = "forgotten"  # it, or every face in it, was erased on request
MISSING = "missing"  # no longer there; out of the grouping, with all that is known of it kept

DRAWN_SCORE = 0.0
"""Detection score of a face that somebody drew by hand; the detector's own are above its threshold."""

# membership status of a face
MEMBER = "member"
UNSURE = "unsure"
LOW_QUALITY = "low_quality"

_MEMBER = re.compile(r"(.+?\.(?:tar|tar\.gz|tgz|parquet|tiff?))!/([^?]*)(\?.*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class PhotoIdentity:
    """Which picture a file holds.

    Attributes
    ----------
    photo_id
        Name of the picture, see `photoclust.photos.identity`.
    content_id
        Name of all bytes of the file, by which indexes of earlier versions know it.
    said
        What the file says of the picture, of columns of PHOTO_SCHEMA, as far as it can be read.
    """

    photo_id: str
    content_id: str
    said: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class DecodedPhoto:
    """A photo's pixels, turned upright.

    Attributes
    ----------
    pixels
        uint8, shape (height, width, 3), RGB, EXIF orientation applied.
    orientation
        EXIF orientation found in the file, 1 to 8 (1 where there is none or it is nonsense).
    taken_at
        EXIF capture time, naive local time of the camera; None where there is none.
    """

    pixels: npt.NDArray[np.uint8]
    orientation: int
    taken_at: datetime | None

    @property
    def width(self) -> int:
        """Width of the upright photo in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height of the upright photo in pixels."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True)
class Detections:
    """The faces of one photo, best first, as arrays of equal length n.

    Attributes
    ----------
    boxes
        float32, shape (n, 4): x0, y0, x1, y1 in pixels of the upright photo; may reach outside it.
    landmarks
        float32, shape (n, 5, 2): left eye, right eye, nose, left and right mouth corner, x and y in
        pixels of the upright photo ("left" as seen in the picture).
    scores
        float32, shape (n,): face probability from O-Net, in [0, 1].
    turns
        Quarter turns counter-clockwise that put the faces upright, 0 to 3.
    """

    boxes: npt.NDArray[np.float32]
    landmarks: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    turns: int = 0

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, row: int) -> Detections:
        """One of the faces."""
        one = slice(row, row + 1)
        return Detections(self.boxes[one], self.landmarks[one], self.scores[one], self.turns)

    @classmethod
    def none(cls) -> Detections:
        """No faces."""
        return cls(np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32))


PHOTO_SCHEMA = pa.schema(
    [
        pa.field(
            "photo_id", pa.string(), nullable=False
        ),  # of the picture, see photos.identity; "" unreadable
        pa.field("uri", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("orientation", pa.int8()),
        pa.field("taken_at", pa.timestamp("ms")),  # camera time, no zone
        pa.field("status", pa.string(), nullable=False),  # OK, NO_FACE, FAILED, FORGOTTEN or MISSING
        pa.field("former_status", pa.string()),  # of a MISSING photo the status it had; null of any other
        pa.field("left_out", pa.string()),  # of a MISSING one that is still there, why it is not taken
        pa.field("stage", pa.string()),  # where it failed
        pa.field("error", pa.string()),  # why it failed
        pa.field("attempts", pa.int32(), nullable=False),
    ]
)


def face_schema(dimension: int) -> pa.Schema:
    """Schema of faces whose embeddings have so many numbers."""
    return FACE_SCHEMA.set(
        FACE_SCHEMA.get_field_index("embedding"),
        pa.field("embedding", pa.list_(pa.float16(), dimension), nullable=False),
    )


FACE_SCHEMA = pa.schema(
    [
        pa.field("face_id", pa.string(), nullable=False),
        pa.field("photo_id", pa.string(), nullable=False),
        pa.field("box", pa.list_(pa.float32(), 4), nullable=False),
        pa.field("landmarks", pa.list_(pa.float32(), 10), nullable=False),
        pa.field("detection_score", pa.float32(), nullable=False),  # DRAWN_SCORE of one drawn by hand
        pa.field("sharpness", pa.float32(), nullable=False),
        pa.field("yaw", pa.float32(), nullable=False),
        pa.field("quality", pa.float32(), nullable=False),
        pa.field("embedding", pa.list_(pa.float16(), EMBEDDING_SIZE), nullable=False),
        pa.field("thumbnail", pa.binary(), nullable=False),  # JPEG
    ]
)

# Between the stages a row holds a photo and all its faces: crops on the way in, embeddings on the way out;
# and what the way cost: seconds in each stage, and what the operator should hear of, if anything.
STAGES = ("read", "decode", "detect", "embed")
_COST = [
    pa.field("seconds", pa.struct([(stage, pa.float32()) for stage in STAGES])),
    pa.field("gpu_seconds", pa.float32()),  # for which a GPU worked on it, in whichever stage; null without
    pa.field("note", pa.string()),
    pa.field("retries", pa.int32()),  # requests to an object store that had to be repeated
    pa.field("credentials_expired", pa.bool_()),  # so that no other photo of the store can be read either
]

_FACE_FIELDS = [field for field in FACE_SCHEMA if field.name != "embedding"]
FOUND_SCHEMA = pa.schema(
    [*PHOTO_SCHEMA, ("faces", pa.list_(pa.struct([*_FACE_FIELDS, ("crop", pa.binary())]))), *_COST]
)


def indexed_schema(dimension: int) -> pa.Schema:
    """Schema of photos with their faces, whose embeddings have so many numbers."""
    return pa.schema([*PHOTO_SCHEMA, ("faces", pa.list_(pa.struct(list(face_schema(dimension))))), *_COST])


INDEXED_SCHEMA = indexed_schema(EMBEDDING_SIZE)

ASSIGNMENT_SCHEMA = pa.schema(
    [
        pa.field("face_id", pa.string(), nullable=False),
        pa.field("label", pa.int32(), nullable=False),  # raw HDBSCAN integer, -1 noise
        pa.field("person_id", pa.string(), nullable=False),  # "" where the face is nobody's yet
        pa.field("status", pa.string(), nullable=False),  # MEMBER, UNSURE or LOW_QUALITY
        pa.field("confidence", pa.float32(), nullable=False),  # probability that the membership is right
        pa.field("burst", pa.int32()),  # near-identical faces share a number; null where there is no other
        # of an UNSURE face, see `photoclust.people.identity.likeliest`; null of others and where it is not
        # known
        pa.field("likeliest_person_id", pa.string()),  # "" where nobody is like it
        pa.field("likeliest_chance", pa.float32()),  # probability that it is them
    ]
)

PERSON_SCHEMA = pa.schema(
    [
        pa.field("person_id", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),  # "" where nobody has named them
        pa.field("faces", pa.int32(), nullable=False),
        pa.field("photos", pa.int32(), nullable=False),
        pa.field("cover_face_id", pa.string(), nullable=False),
        pa.field("ignored", pa.bool_()),  # the user does not want to see them; null is no
        pa.field("number", pa.int32()),  # of the id, in the order in which they were given: "Person 7"
        # what is known of them, see `photoclust.people.identity.facts.Facts`; null where nothing is
        pa.field("confidence", pa.float32()),  # share of the faces expected to be right
        pa.field("cohesion", pa.float32()),  # mean cosine similarity to the template of the others
        pa.field("weakest_face_id", pa.string()),
        pa.field("weakest_confidence", pa.float32()),
        pa.field("nearest_person_id", pa.string()),
        pa.field("nearest_evidence", pa.float32()),  # log-likelihood ratio of one person against two
        pa.field("nearest_chance_same", pa.float32()),  # probability that they are one person
    ]
)

RETIRED_SCHEMA = pa.schema(
    [
        pa.field("person_id", pa.string(), nullable=False),  # an id that is no longer in force
        pa.field("successor", pa.string(), nullable=False),  # who has most of the faces now; "" nobody
        pa.field("face_ids", pa.list_(pa.string()), nullable=False),  # that tell whom the id means
    ]
)

IDENTITY_SCHEMA = pa.schema(
    [
        pa.field("person_id", pa.string(), nullable=False),  # an id that was ever given
        pa.field("number", pa.int32(), nullable=False),  # the order in which ids were given
        pa.field("parted_from", pa.string(), nullable=False),  # who had the faces before; "" nobody
        pa.field("face_ids", pa.list_(pa.string()), nullable=False),  # that tell whom the id means
    ]
)


def face_embeddings(faces: pa.Table) -> npt.NDArray[np.float32]:
    """Embeddings of a face table, float32, shape (n, d), one unit vector a row."""
    column = faces.column("embedding").combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(faces), column.type.list_size).astype(np.float32)


def photos_and_faces(indexed: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Part a table of INDEXED_SCHEMA into one of PHOTO_SCHEMA and one of FACE_SCHEMA."""
    faces = indexed["faces"].combine_chunks().flatten()
    columns = [pa.concat_arrays([faces.field(name)]) for name in FACE_SCHEMA.names]
    schema = face_schema(faces.field("embedding").type.list_size)
    return indexed.select(PHOTO_SCHEMA.names), pa.Table.from_arrays(columns, schema=schema)


def stage_seconds(indexed: pa.Table) -> dict[str, float]:
    """Seconds that the processes spent in each of STAGES on the photos of a table of INDEXED_SCHEMA.

    Where GPUs worked on them, also their seconds, as ``gpu``.
    """
    seconds = indexed["seconds"].combine_chunks()
    spent = {stage: float(seconds.field(stage).sum().as_py() or 0.0) for stage in STAGES}
    gpu = float(indexed["gpu_seconds"].combine_chunks().sum().as_py() or 0.0)
    return spent | {"gpu": gpu} if gpu else spent


def failed_row(ref: PhotoRef, tried: int, error: PhotoError, photo_id: str = "") -> dict[str, Any]:
    """Row of a photo that cannot be used: what, where, why."""
    return {
        "photo_id": photo_id,
        **ref.row(),
        "status": FAILED,
        "stage": error.stage,
        "error": error.reason,
        "attempts": tried + 1,
    }


def printable(text: str) -> str:
    """Keep terminal escapes and line breaks, in file names say, from being acted on."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def local_path(uri: str) -> str:
    """Path of the local file that a uri names; a name that is not UTF-8 is a ``file://`` URI (RFC 8089)."""
    if uri.startswith("file://"):
        return os.fsdecode(unquote_to_bytes(uri.removeprefix("file://")))
    return uri


def member_uri(container: str, name: str) -> str:
    """Uri of a member of the archive or table at the uri `container`.

    What could be taken for the end of the name is escaped in it. The options of an object's URI stay last.
    """
    place, question, options = container.partition("?") if "://" in container else (container, "", "")
    escaped = name.replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    return f"{place}!/{escaped}{question}{options}"


def member_name(uri: str) -> str:
    """Name of a member inside its archive or table, as `member_uri` was given it."""
    match = _MEMBER.fullmatch(uri)
    return unquote(match[2], errors="surrogateescape") if match else ""


def container_of(uri: str) -> str | None:
    """Uri of the archive, table or TIFF that a photo lies in; None for a file or an object of its own."""
    match = _MEMBER.fullmatch(uri)
    return match[1] + (match[3] or "") if match else None


def page_of(uri: str) -> tuple[str, str] | None:
    """Uri of the TIFF file of which a photo is a further page, and its number; None for any other photo."""
    container = container_of(uri)
    is_page = container is not None and container.lower().endswith((".tif", ".tiff"))
    return (container, member_name(uri)) if container is not None and is_page else None
