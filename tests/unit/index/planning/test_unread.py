"""A failure of reading is no fact about a photo."""

from __future__ import annotations

import pyarrow as pa
import pytest
from planned import planned

from photoclust.errors import SourceLostError
from photoclust.index.planning.unread import Unread
from photoclust.photo_refs import UNREACHABLE, PhotoRef, Version
from photoclust.records import PHOTO_SCHEMA, PhotoIdentity


def row(uri: str, photo_id: str = "", **values: object) -> dict:
    plain = {"size": 10, "version": "1", "status": "ok", "attempts": 1}
    return plain | {"uri": uri, "photo_id": photo_id} | values


def unread(uri: str, **values: object) -> dict:
    failure = {"status": "failed", "stage": "read", "error": "permission denied"}
    return row(uri, **(failure | values))


def photos(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=PHOTO_SCHEMA)


class Reach:
    """Places by their first folder; those in `lost` are not there any more."""

    def __init__(self) -> None:
        self.lost: set[str] = set()
        self.asked: list[tuple[str, int]] = []

    def root(self, uri: str) -> str:
        return uri.split("/")[1]

    def was_read(self, uri: str) -> None:
        pass

    def require(self, uri: str, in_succession: int, reason: str) -> None:
        self.asked.append((uri, in_succession))
        if self.root(uri) in self.lost:
            raise SourceLostError(reason)


def uris(table: pa.Table) -> list[str]:
    return table["uri"].to_pylist()


def test_what_is_known_of_a_photo_stands_while_it_cannot_be_read() -> None:
    sorter = Unread(lambda _: False, Reach())
    failed = photos(unread("/a/good"), unread("/a/erased"), unread("/a/bad"), unread("/a/new"))
    assert uris(sorter.sort(failed, {"/a/good", "/a/erased"})) == []
    assert uris(sorter.rest()) == ["/a/bad", "/a/new"]
    assert (sorter.kept, sorter.vanished) == (2, 0)


def test_a_photo_that_was_deleted_gives_no_row_and_a_dead_link_does() -> None:
    sorter = Unread(lambda uri: uri != "/a/x.tar", Reach())
    rows = [unread("/a/deleted"), unread("/a/link", version=str(UNREACHABLE)), unread("/a/x.tar!/member")]
    rows.append(unread("/a/x.tar!/../out", version=str(Version.refused("the name leads out"))))
    sorter.sort(photos(*rows))
    assert uris(sorter.rest()) == ["/a/link", "/a/x.tar!/member", "/a/x.tar!/../out"]
    assert sorter.vanished == 1


def test_failures_are_held_back_until_their_place_is_seen_to_be_there() -> None:
    reach = Reach()
    sorter = Unread(lambda _: False, reach)
    sorter.sort(photos(unread("/a/1"), unread("/b/1")))
    assert uris(sorter.sort(photos(row("/a/2", "A")))) == ["/a/2", "/a/1"]
    reach.lost = {"b"}
    with pytest.raises(SourceLostError, match="permission denied"):
        sorter.sort(photos(unread("/b/2")))
    assert reach.asked[-1] == ("/b/2", 2)


def test_a_place_that_goes_last_of_all_is_noticed_too() -> None:
    reach = Reach()
    sorter = Unread(lambda _: False, reach)
    sorter.sort(photos(unread("/a/1")))
    reach.lost = {"a"}
    with pytest.raises(SourceLostError):
        sorter.rest()


def test_failures_of_decoding_are_facts() -> None:
    failed = photos(unread("/a/good", photo_id="B", stage="decode", error="no image"))
    assert uris(Unread(lambda _: False, Reach()).sort(failed, {"/a/good"})) == ["/a/good"]


def test_every_run_tries_to_read_what_could_not_be_read() -> None:
    known = photos(
        unread("/a/1", attempts=3),
        unread("/a/2"),
        unread("/a/3", version=str(Version.refused("x"))),
        unread("/a/4", photo_id="D", stage="decode"),
    )
    refs = [PhotoRef(f"/a/{n}", 10, Version.parse("1")) for n in (1, 2, 4)] + [
        PhotoRef("/a/3", 10, Version.refused("x"))
    ]
    asked: list[str] = []

    def identify(ref: PhotoRef) -> PhotoIdentity | None:
        asked.append(ref.uri)
        return PhotoIdentity("A", "A") if ref.uri == "/a/1" else None

    work = planned(refs, known, identify)
    assert work.uris == ["/a/1"]
    assert work.table["attempts"].to_pylist() == [3]
    assert (work.plan.unchanged, set(asked)) == (3, {"/a/1", "/a/2"})
