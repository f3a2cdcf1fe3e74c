"""Which part of faces belongs to which part of photos.

A part of photos names its part of faces, and the digest of its content, in its Parquet metadata: rows of
photos never count with other faces than those they were written with. In an index of an earlier photoclust
the two have one name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from photoclust.index.sealed import SealError, metadata_of

_FACES, _DIGEST = b"photoclust.faces", b"photoclust.faces_digest"


@dataclass(frozen=True)
class FacesPart:
    """The part of faces that a part of photos stands for; `digest` is empty where it is not known."""

    path: Path
    digest: str = ""


def marked(photos: pa.Table, faces: FacesPart) -> pa.Table:
    """Rows of photos that say where their faces are."""
    said = {_FACES: faces.path.name.encode(), _DIGEST: faces.digest.encode()}
    return photos.replace_schema_metadata((photos.schema.metadata or {}) | said)


def faces_said(mark: Path, metadata: dict[bytes, bytes] | None) -> FacesPart:
    """Part of faces that the part of photos at `mark` names in its metadata."""
    said = metadata or {}
    name = Path(said.get(_FACES, b"").decode("utf-8", "replace")).name  # no way out of the folder
    return FacesPart(mark.parent.parent / "faces" / (name or mark.name), said.get(_DIGEST, b"").decode())


def faces_of(mark: Path) -> FacesPart:
    """Part of faces that the part of photos at `mark` stands for."""
    return faces_said(mark, metadata_of(mark))


def marks_of(faces: Path) -> list[Path]:
    """Parts of photos that stand for a part of faces."""
    found: list[Path] = []
    for mark in sorted((faces.parent.parent / "photos").glob("part-*.parquet")):
        try:
            said = faces_of(mark).path
        except (OSError, SealError, pa.ArrowException):
            said = faces.parent / mark.name
        if said == faces:
            found.append(mark)
    return found
