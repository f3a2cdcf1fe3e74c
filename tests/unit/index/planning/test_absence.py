"""Which photos a run may call missing, and when it must ask."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest
from planned import planned

from photoclust.errors import MissingPhotosError
from photoclust.index.planning.absence import MANY, Absence, gone_from
from photoclust.photo_refs import UNREACHABLE, PhotoRef, Version
from photoclust.records import PHOTO_SCHEMA, PhotoIdentity


def known(*uris: str) -> pa.Table:
    rows = [
        {"uri": uri, "photo_id": uri.rpartition("/")[2], "size": 10, "version": "1"} for uri in sorted(uris)
    ]
    return pa.Table.from_pylist([row | {"status": "ok", "attempts": 1} for row in rows], PHOTO_SCHEMA)


FIRST = Version.parse("1")
Gone = Callable[[str], bool]


def everywhere(uri: str) -> bool:
    return True


def found(*uris: str, version: Version = FIRST) -> list[PhotoRef]:
    return [PhotoRef(uri, 10, version) for uri in uris]


def by_name(ref: PhotoRef) -> PhotoIdentity:
    name = ref.uri.rpartition("/")[2]
    return PhotoIdentity(name, name)


def absence_of(refs: list[PhotoRef], rows: pa.Table, folders: list[str], gone: Gone = everywhere) -> Absence:
    return Absence(planned(refs, rows, by_name, are_gone=gone_from(folders, gone)).plan, folders)


def rows_in(absence: Absence, reason: Callable[[str], str] = lambda _: "") -> list[dict]:
    return [row for table in absence.rows(reason) for row in table.to_pylist()]


def missing(refs: list[PhotoRef], rows: pa.Table, *folders: str, there: str = "") -> list[str]:
    """Uris found missing, after asking whether that is plausible."""
    absence = absence_of(refs, rows, list(folders), lambda uri: uri != there)
    absence.require_plausible(folders)
    return [row["uri"] for row in rows_in(absence)]


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
    (row,) = rows_in(absence_of(found("/a/1"), known("/a/1", "/a/2"), ["/a/"]))
    assert (row["status"], row["former_status"], row["photo_id"]) == ("missing", "ok", "2")


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
    absence = absence_of(moved, rows, ["/a/"])
    assert (absence.lost, sum(map(len, absence.moves_back(everywhere))), absence.moved) == (0, 0, 50)


def test_a_photo_that_is_left_out_now_is_out_of_the_grouping_and_comes_back_as_it_was() -> None:
    rows = known("/a/1", "/a/2", "/a/3", "/b/4")
    absence = absence_of(found("/a/1"), rows, ["/a/"], lambda uri: uri == "/a/3")
    made = rows_in(absence, lambda uri: "--exclude" if uri > "/a/1" else "")
    left_out = [row for row in made if row["left_out"]]
    assert (absence.left_out, absence.lost) == (1, 1)
    assert [(row["uri"], row["status"], row["former_status"], row["left_out"]) for row in left_out] == [
        ("/a/2", "missing", "ok", "--exclude")
    ]
    after = pa.Table.from_pylist(
        [row for row in rows.to_pylist() if row["uri"] != "/a/2"] + left_out, PHOTO_SCHEMA
    )
    again = planned(found("/a/1", "/a/2", "/a/3"), after, by_name)
    (back,) = again.back
    assert back | {"attempts": 1} == rows.to_pylist()[1]
    assert again.plan.to_do == 1


def test_a_name_that_leads_nowhere_goes_missing_where_its_photo_is_met_elsewhere() -> None:
    absence = absence_of(found("/new/1", "/new/2"), known("/old/1", "/old/2", "/old/3"), [])
    left = [row for table in absence.moves_back(lambda uri: uri != "/old/2") for row in table.to_pylist()]
    assert [(row["uri"], row["status"], row["former_status"]) for row in left] == [
        ("/old/1", "missing", "ok")
    ]
    assert absence.moved == 1
    assert len(absence.moves_of(known("/new/1"), everywhere)) == 0


def test_a_photo_whose_picture_is_known_only_once_it_was_opened_has_left_its_name_too() -> None:
    new = [PhotoRef("/new/1", 99, FIRST)]
    absence = absence_of(new, known("/old/1", "/old/2"), [])
    assert sum(map(len, absence.moves_back(everywhere))) == 0
    (row,) = absence.moves_of(known("/new/1"), everywhere).to_pylist()
    assert (row["uri"], absence.moved) == ("/old/1", 1)
    assert len(absence.moves_of(known("/new/1"), everywhere)) == 0


def test_a_missing_photo_that_is_met_after_all_is_not_lost() -> None:
    absence = absence_of([PhotoRef("/a/new/1", 99, FIRST)], known("/a/old/1", "/a/old/2"), ["/a/"])
    assert absence.lost == 2
    assert len(absence.moves_of(known("/a/new/1"), everywhere)) == 0
    assert (absence.lost, absence.moved) == (1, 1)


def test_what_is_known_to_be_missing_counts_as_moved_and_gets_no_second_row() -> None:
    rows = known("/a/old/1", "/a/2")
    absence = absence_of(found("/a/new/1", "/a/2"), rows, ["/a/"])
    assert sum(map(len, absence.moves_back(everywhere))) == 0
    assert absence.moved == 1
