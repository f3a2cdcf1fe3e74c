"""Which photos a run may call missing, and when it must ask."""

from __future__ import annotations

import pyarrow as pa
import pytest

from photoclust.errors import MissingPhotosError
from photoclust.index.absence import MANY, left_out_rows, lost_photos, missing_rows, require_plausible
from photoclust.index.plan import plan
from photoclust.records import PHOTO_SCHEMA, UNREACHABLE, PhotoRef


def known(*uris: str) -> pa.Table:
    rows = [
        {"uri": uri, "photo_id": uri.rpartition("/")[2], "size": 10, "version": "1"} for uri in sorted(uris)
    ]
    return pa.Table.from_pylist([row | {"status": "ok", "attempts": 1} for row in rows], PHOTO_SCHEMA)


def found(*uris: str, version: str = "1") -> list[PhotoRef]:
    return [PhotoRef(uri, 10, version) for uri in uris]


def missing(refs: list[PhotoRef], rows: pa.Table, *folders: str, there: str = "") -> list[str]:
    """Uris found missing, after asking whether that is plausible."""
    work = plan(refs, rows, lambda ref: ref.uri.rpartition("/")[2])
    away = missing_rows(work, folders, lambda uri: uri != there)
    require_plausible(work, away, rows, folders)
    return [row["uri"] for row in away]


def test_only_folders_that_were_searched_are_vouched_for() -> None:
    rows = known("/a/1", "/a/2", "/a2/1", "/b/1")
    assert missing(found("/a/1"), rows, "/a/") == ["/a/2"]
    assert missing(found("/a/1"), rows) == []


def test_a_photo_that_is_there_after_all_is_not_missing() -> None:
    assert missing(found("/a/1"), known("/a/1", "/a/2"), "/a/", there="/a/2") == []


def test_a_photo_named_and_not_there_is_missing() -> None:
    refs = found("/a/1") + found("/a/2", version=UNREACHABLE)
    assert missing(refs, known("/a/1", "/a/2")) == ["/a/2"]


def test_a_missing_photo_remembers_its_status() -> None:
    work = plan(found("/a/1"), known("/a/1", "/a/2"), lambda ref: ref.uri)
    (row,) = missing_rows(work, ["/a/"], lambda _: True)
    assert (row["status"], row["stage"], row["photo_id"]) == ("missing", "ok", "2")


def test_a_folder_that_is_empty_all_at_once_is_asked_about() -> None:
    with pytest.raises(MissingPhotosError, match="1 of the 1 photos known in /card are not there"):
        missing(found("/a/1"), known("/a/1", "/card/1x"), "/a/", "/card/")


@pytest.mark.parametrize(("total", "left", "asks"), [(MANY, MANY // 2, False), (MANY, MANY // 2 - 1, True)])
def test_more_than_half_of_many_photos_is_asked_about(total: int, left: int, asks: bool) -> None:
    uris = [f"/a/{i:03d}" for i in range(total)]
    if asks:
        with pytest.raises(MissingPhotosError, match=f"{total - left} of the {total}"):
            missing(found(*uris[:left]), known(*uris), "/a/")
    else:
        assert missing(found(*uris[:left]), known(*uris), "/a/") == uris[left:]


def test_few_photos_may_go_without_asking() -> None:
    assert missing(found("/a/1"), known("/a/1", "/a/2", "/a/3"), "/a/") == ["/a/2", "/a/3"]


def test_photos_that_moved_are_not_lost() -> None:
    uris = [f"/a/{i:03d}" for i in range(50)]
    moved = found(*(uri.replace("/a/", "/a/new/") for uri in uris))
    rows = known(*uris)
    assert missing(moved, rows, "/a/") == uris
    work = plan(moved, rows, lambda ref: ref.uri.rpartition("/")[2])
    assert lost_photos(work, missing_rows(work, ["/a/"], lambda _: True), rows) == []


def test_a_photo_that_is_left_out_now_is_out_of_the_grouping_and_comes_back_as_it_was() -> None:
    rows = known("/a/1", "/a/2", "/a/3", "/b/4")
    work = plan(found("/a/1"), rows, lambda ref: ref.uri)
    away = missing_rows(work, ["/a/"], lambda uri: uri == "/a/3")
    left_out = left_out_rows(work, away, ["/a/"], lambda uri: "--exclude" if uri > "/a/1" else "")
    assert [(row["uri"], row["status"], row["stage"], row["error"]) for row in left_out] == [
        ("/a/2", "missing", "ok", "left out: --exclude")
    ]
    after = pa.Table.from_pylist(
        [row for row in rows.to_pylist() if row["uri"] != "/a/2"] + left_out, PHOTO_SCHEMA
    )
    again = plan(found("/a/1", "/a/2", "/a/3"), after, lambda ref: ref.uri)
    (back,) = again.returned
    assert back | {"attempts": 1} == rows.to_pylist()[1]
    assert again.to_do == 1
