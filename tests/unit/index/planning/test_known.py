"""Known photos are found by uri and by looks, and never mistaken for those whose hash is the same."""

from __future__ import annotations

import pyarrow as pa
import pytest

from photoclust.index.planning import known
from photoclust.index.planning.known import KnownPhotos, looks
from photoclust.photo_refs import PhotoRef, Version
from photoclust.records import PHOTO_SCHEMA


def table(*rows: tuple[str, int, str], **values: object) -> pa.Table:
    plain = {"photo_id": "p", "status": "ok", "attempts": 1} | values
    made = [plain | {"uri": uri, "size": size, "version": version} for uri, size, version in rows]
    return pa.Table.from_pylist(made, schema=PHOTO_SCHEMA)


@pytest.fixture(params=[False, True], ids=["hashes", "every hash the same"])
def hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(known, "hash", lambda _: 7, raising=False)


@pytest.mark.usefixtures("hashes")
def test_photos_are_found_by_uri_and_by_looks() -> None:
    rows = [
        ("/a", 10, "1"),
        ("/b", 10, "2"),
        ("/c", 11, "1"),
        ("s3://d", 10, "etag:1"),
        ("s3://e", 10, "etag:2"),
    ]
    photos = KnownPhotos(table(*rows))
    assert [photos.at(uri) for uri, _, _ in rows] == [0, 1, 2, 3, 4]
    assert photos.at("/z") is None
    assert list(photos.like(looks(10, Version.parse("9")))) == [0, 1]
    assert list(photos.like(looks(10, Version.parse("etag:2")))) == [4]
    assert list(photos.like(looks(12, Version.parse("1")))) == []
    assert photos.is_same(1, PhotoRef("/b", 10, Version.parse("2")))
    assert not photos.is_same(1, PhotoRef("/b", 10, Version.parse("1")))


def test_missing_photos_are_as_they_were() -> None:
    photos = KnownPhotos(table(("/a", 10, "1"), status="missing", former_status="failed", error="why"))
    assert (photos.missing.tolist(), photos.failed.tolist()) == ([True], [True])
    row = photos.row(0)
    assert (row["status"], row["former_status"], row["error"]) == ("failed", None, "why")


def test_nothing_is_known() -> None:
    assert KnownPhotos(PHOTO_SCHEMA.empty_table()).at("/a") is None
