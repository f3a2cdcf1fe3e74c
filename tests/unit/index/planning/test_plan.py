"""What a run has to do, and what it may leave."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
from planned import planned

from photoclust.index.planning.worklist import with_copies
from photoclust.photo_refs import UNREACHABLE, PhotoRef, Version
from photoclust.records import MISSING, PHOTO_SCHEMA, PhotoIdentity


def ref(uri: str, size: int = 10, version: str = "1") -> PhotoRef:
    return PhotoRef(uri, size, Version.parse(version))


def row(uri: str, photo_id: str, **values: object) -> dict:
    plain = {"size": 10, "version": "1", "status": "ok", "attempts": 1}
    return plain | {"uri": uri, "photo_id": photo_id} | values


def away(uri: str, photo_id: str, before: str, **values: object) -> dict:
    return row(uri, photo_id, status=MISSING, former_status=before, **values)


def known(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=PHOTO_SCHEMA)


def is_(photo_id: str, content_id: str = "bytes", **said: object) -> PhotoIdentity:
    return PhotoIdentity(photo_id, content_id, said)


def never(found: PhotoRef) -> PhotoIdentity:
    raise AssertionError(f"{found.uri} was read without need")


def test_a_new_photo_is_work_and_a_known_one_is_not() -> None:
    result = planned([ref("/a"), ref("/b", 11)], known(row("/a", "A")), never)
    assert result.uris == ["/b"]
    assert (result.plan.unchanged, result.plan.total, result.plan.to_do) == (1, 2, 1)


def test_a_changed_photo_is_work() -> None:
    result = planned([ref("/a", version="2")], known(row("/a", "A")), lambda _: is_("B"))
    assert result.uris == ["/a"]


def test_a_touched_photo_with_the_same_bytes_only_gets_a_new_row() -> None:
    result = planned([ref("/a", version="2")], known(row("/a", "A", width=7)), lambda _: is_("A"))
    assert not result.uris
    assert result.back == [row("/a", "A", version="2") | {**_nulls(), "width": 7}]


def test_a_photo_into_which_metadata_was_written_only_gets_a_new_row() -> None:
    taken = datetime(2001, 2, 3)
    before = known(row("/a", "A", width=7))
    result = planned([ref("/a", 12, "2")], before, lambda _: is_("A", taken_at=taken))
    assert not result.uris
    assert result.back == [row("/a", "A", size=12, version="2") | _nulls() | {"width": 7, "taken_at": taken}]
    assert not result.changed


def test_a_photo_whose_picture_is_another_is_opened_and_what_it_was_is_remembered() -> None:
    before = known(row("/a", "A", width=7), row("/b", "B"))
    result = planned([ref("/a", 12, "2"), ref("/b")], before, lambda _: is_("A2"))
    assert result.uris == ["/a"]
    assert [(uri, was["photo_id"]) for uri, was in result.changed.items()] == [("/a", "A")]


def test_a_photo_that_became_a_copy_of_another_is_remembered_as_changed() -> None:
    before = known(row("/a", "A"), row("/b", "B", size=12))
    result = planned([ref("/a", 12, "2"), ref("/b", 12)], before, lambda _: is_("B"))
    assert [(r["uri"], r["photo_id"]) for r in result.back] == [("/a", "B")]
    assert result.changed["/a"]["photo_id"] == "A"


def test_a_photo_of_an_earlier_index_is_known_by_all_its_bytes() -> None:
    result = planned([ref("/new/a")], known(row("/old/a", "old")), lambda _: is_("picture", "old"))
    assert [(r["uri"], r["photo_id"]) for r in result.back] == [("/new/a", "old")]


def test_nothing_is_said_again_of_a_photo_that_was_forgotten() -> None:
    before = known(row("/a", "A", status="forgotten"))
    result = planned([ref("/a", 12)], before, lambda _: is_("A", taken_at=datetime(2001, 2, 3)))
    assert [(r["status"], r["taken_at"]) for r in result.back] == [("forgotten", None)]


def test_a_failed_photo_is_tried_again_only_when_asked() -> None:
    failed = known(row("/a", "", status="failed", attempts=2))
    assert not planned([ref("/a")], failed, never).uris
    again = planned([ref("/a")], failed, never, retry_failed=True)
    assert again.table["attempts"].to_pylist() == [2]


def test_a_moved_photo_is_known_by_its_bytes() -> None:
    result = planned([ref("/new/a")], known(row("/old/a", "A")), lambda _: is_("A"))
    assert not result.uris
    assert [r["uri"] for r in result.back] == ["/new/a"]


def test_the_same_photo_twice_in_one_run_is_opened_once() -> None:
    names = {"/a": "X", "/b": "X", "/c": "Y"}
    result = planned([ref("/a"), ref("/b"), ref("/c")], known(), lambda r: is_(names[r.uri]))
    assert result.uris == ["/a", "/c"]
    assert result.copies == {"X": ["/b"]}
    assert result.plan.to_do == 3


def test_unreadable_files_of_one_size_are_not_taken_for_one_photo() -> None:
    result = planned([ref("/a"), ref("/b")], known(), lambda _: None)
    assert len(result.uris) == 2


def test_copies_share_the_row_of_their_photo() -> None:
    photos = known(row("/a", "X", width=5), row("/c", "Y"))
    whole = with_copies(photos, {"X": [ref("/b", version="9")]}).to_pylist()
    assert whole[2] == whole[0] | {"uri": "/b", "version": "9"}


def test_a_photo_that_is_back_gets_its_row_back_unopened() -> None:
    result = planned([ref("/a")], known(away("/a", "A", "no_face", width=7)), never)
    assert result.back == [row("/a", "A", status="no_face", width=7) | _nulls() | {"width": 7}]
    assert (result.unseen, result.plan.to_do, result.plan.unchanged, result.plan.returned) == ([], 1, 0, 1)


def test_a_missing_photo_that_comes_back_elsewhere_is_known_by_its_bytes() -> None:
    result = planned([ref("/new/a")], known(away("/a", "A", "ok")), lambda _: is_("A"))
    assert not result.uris
    assert [(r["uri"], r["status"]) for r in result.back] == [("/new/a", "ok")]


def test_a_failed_photo_that_was_missing_is_tried_again() -> None:
    result = planned([ref("/a")], known(away("/a", "", "failed", attempts=2)), never)
    assert result.uris == ["/a"]
    assert result.table["attempts"].to_pylist() == [2]


def test_what_is_not_found_is_unseen_once() -> None:
    rows = known(row("/a", "A"), row("/b", "B"), row("/c", "C", status=MISSING, former_status="ok"))
    assert planned([ref("/a")], rows, never).unseen == [("/b", False)]


def test_what_is_known_of_a_photo_stands_while_it_cannot_be_reached() -> None:
    result = planned([PhotoRef(uri, 0, UNREACHABLE) for uri in ("/a", "/x")], known(row("/a", "A")), never)
    assert result.uris == ["/x"]
    assert result.unseen == [("/a", True)]


def _nulls() -> dict:
    return dict.fromkeys(PHOTO_SCHEMA.names[4:8] + PHOTO_SCHEMA.names[9:13])


def test_each_of_many_photos_of_one_size_is_read_once() -> None:
    read: list[str] = []

    def identify(found: PhotoRef) -> PhotoIdentity:
        read.append(found.uri)
        return is_(found.uri)

    result = planned([ref(f"/{number}") for number in range(50)], known(), identify)
    assert len(result.uris) == 50
    assert sorted(read) == sorted(f"/{number}" for number in range(50))
