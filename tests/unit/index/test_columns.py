"""A large column read part by part is the one that is read at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index.columns import in_order
from photoclust.index.store import IndexStore
from photoclust.records import face_embeddings


def test_thumbnails_read_in_parts_are_those_read_at_once(album_index: IndexStore) -> None:
    faces = album_index.faces()
    found = in_order(album_index.column("thumbnail", faces["face_id"]), faces["face_id"])
    assert found == faces["thumbnail"].to_pylist()
    assert len(set(found)) > 1


def test_only_what_is_asked_for_comes_in_the_order_asked_for(album_index: IndexStore) -> None:
    faces = album_index.faces()
    some = faces.take(pa.array([3, 0]))
    found = in_order(album_index.column("thumbnail", some["face_id"]), some["face_id"])
    assert found == some["thumbnail"].to_pylist()


def test_a_later_part_overrides_an_earlier(album_index: IndexStore) -> None:
    photos, faces = album_index.photos(), album_index.faces()
    vectors = face_embeddings(faces)[::-1].astype(np.float16)
    turned = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    again = faces.set_column(faces.column_names.index("embedding"), "embedding", turned)
    with album_index.lock():
        album_index.append(photos.filter(pc.field("status") == "ok"), again)
    pieces = list(album_index.column("embedding", faces["face_id"]))
    assert len(album_index.parts.marks()) > 1 == len(pieces)
    rows = in_order(pieces, faces["face_id"])
    np.testing.assert_array_equal(np.array(rows, np.float16), vectors)
    np.testing.assert_array_equal(face_embeddings(album_index.faces(["embedding"])), vectors)
