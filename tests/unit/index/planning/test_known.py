"""What is known of photos is their last row, as it was before they went missing."""

from __future__ import annotations

import pyarrow as pa

from photoclust.index.planning.known import KnownPhotos, looks
from photoclust.records import PHOTO_SCHEMA


def table(*rows: tuple[str, int, str], **values: object) -> pa.Table:
    plain = {"photo_id": "p", "status": "ok", "attempts": 1} | values
    made = [plain | {"uri": uri, "size": size, "version": version} for uri, size, version in rows]
    return pa.Table.from_pylist(made, schema=PHOTO_SCHEMA)


def test_the_last_row_of_a_photo_is_in_force() -> None:
    photos = KnownPhotos(table(("/a", 10, "1"), ("/b", 10, "2"), ("/a", 11, "3")))
    assert photos.table["uri"].to_pylist() == ["/b", "/a"]
    assert photos.table["size"].to_pylist() == [10, 11]
    assert photos.rows_of(pa.chunked_array([["/a", "/z"], ["/b"]])).tolist() == [1, -1, 0]


def test_photos_look_alike_by_their_size_and_by_tags_that_name_their_content() -> None:
    rows = [
        ("/a", 10, "1"),
        ("/b", 10, "2"),
        ("/c", 11, "1"),
        ("s3://d", 10, "etag:1"),
        ("s3://e", 10, "etag:2"),
        ("s3://f", 10, "etag:2"),
    ]
    assert looks(table(*rows)).to_pylist() == ["10 ", "10 ", "11 ", "10 etag:1", "10 etag:2", "10 etag:2"]


def test_missing_photos_are_as_they_were() -> None:
    photos = KnownPhotos(table(("/a", 10, "1"), status="missing", former_status="failed", error="why"))
    assert (photos.missing.tolist(), photos.failed.tolist()) == ([True], [True])
    row = photos.table.to_pylist()[0]
    assert (row["status"], row["former_status"], row["error"]) == ("failed", None, "why")


def test_nothing_is_known() -> None:
    photos = KnownPhotos(PHOTO_SCHEMA.empty_table())
    assert photos.rows_of(pa.chunked_array([["/a"]])).tolist() == [-1]
