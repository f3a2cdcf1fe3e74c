"""What has been forgotten stays out: keyed hashes of photos, with the boxes of the faces that are not wanted.

::

    INDEX/forgotten/
      key                  32 random bytes and their CRC-32, made when first needed
      keep-out.json        {keyed photo: [box, ...] or null for the whole photo}
      receipt-TIME.json    what was erased, see `photoclust.index.erasure.erase`

A keyed hash is HMAC-SHA-256 (RFC 2104) of a photo or face id, 32 hex digits of it. Without the key it tells
nothing, with it only whether a photo at hand is the one. A face is known again by its photo and its place in
it, so that a detector that moves the box by a pixel does not bring it back; no embedding is kept.
"""

from __future__ import annotations

import hmac
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from photoclust.errors import IndexCorruptError
from photoclust.index import files
from photoclust.records import FORGOTTEN

Boxes = list[list[float]]
KeepOut = Mapping[str, Boxes | None]

FOLDER = "forgotten"
_KEY_BYTES = 32
SAME_PLACE = 0.5  # intersection over union above which two boxes in one photo are one face


def keyed(folder: Path, identity: str) -> str:
    """Keyed hash of a photo or face id under the key of the index at `folder`, 32 hex digits."""
    return hmac.digest(_key(folder), identity.encode(), "sha256").hex()[:32]


def _key(folder: Path) -> bytes:
    path = folder / FOLDER / "key"
    if not path.is_file():
        files.make_folder(path.parent)
        fresh = os.urandom(_KEY_BYTES)
        files.write_bytes(path, fresh, _sum_of(fresh))
    content = path.read_bytes()
    key, said = content[:_KEY_BYTES], content[_KEY_BYTES:]
    if len(key) != _KEY_BYTES or said not in (b"", _sum_of(key)):  # b"": of an earlier photoclust
        raise IndexCorruptError(f"{path} is damaged. {files.cure(path)}")
    return key


def _sum_of(key: bytes) -> bytes:
    return zlib.crc32(key).to_bytes(4, "little")


def read_keep_out(folder: Path) -> dict[str, Boxes | None]:
    """Read what must stay out of the index at `folder`."""
    path = folder / FOLDER / "keep-out.json"
    return files.read_json(path) if path.is_file() else {}


def add_keep_out(folder: Path, more: KeepOut) -> None:
    """Add to what must stay out; what is there already stays as it is."""
    known = read_keep_out(folder)
    for photo, boxes in more.items():
        before = known.get(photo, [])
        if boxes is None or before is None:
            known[photo] = None
        else:
            known[photo] = before + [box for box in boxes if box not in before]
    if more:
        files.make_folder(folder / FOLDER)
        files.write_json(folder / FOLDER / "keep-out.json", known)


def without_kept_out(folder: Path, photos: pa.Table, faces: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Leave out of rows of PHOTO_SCHEMA and FACE_SCHEMA what was forgotten and must not come back."""
    known = read_keep_out(folder)
    if not known:
        return photos, faces
    banned = {photo: known.get(keyed(folder, photo), []) for photo in set(photos["photo_id"].to_pylist())}
    boxes = zip(faces["photo_id"].to_pylist(), faces["box"].to_pylist(), strict=True)
    stays = [not _is_banned(box, banned.get(photo, [])) for photo, box in boxes]
    kept = faces.filter(pa.array(stays, pa.bool_()))
    bare = set(faces["photo_id"].to_pylist()) - set(kept["photo_id"].to_pylist())
    return _marked(photos, banned, bare), kept


def _marked(photos: pa.Table, banned: KeepOut, bare: set[str]) -> pa.Table:
    """Photos that were to be forgotten are so again, and those that have lost their last face."""
    rows = photos.to_pylist()
    for row in rows:
        if banned[row["photo_id"]] is None:
            row |= FORGOTTEN_PHOTO
        elif row["photo_id"] in bare:
            row["status"] = FORGOTTEN
    return pa.Table.from_pylist(rows, schema=photos.schema)


FORGOTTEN_PHOTO: dict[str, Any] = {
    "status": FORGOTTEN,
    **dict.fromkeys(("width", "height", "orientation", "taken_at", "stage", "error", "left_out")),
}
"""What becomes of the row of a photo that is forgotten: its name and version stay, so that it is not new."""


def _is_banned(box: list[float], boxes: Boxes | None) -> bool:
    return boxes is None or any(overlap(box, other) > SAME_PLACE for other in boxes)


def overlap(left: list[float], right: list[float]) -> float:
    """Intersection over union of two boxes, in [0, 1]."""
    a, b = np.array(left, np.float64), np.array(right, np.float64)
    common = np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
    both = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common
    return float(common / max(both, 1e-6))
