"""Who comes first, and what becomes of rows that do not match."""

from __future__ import annotations

from dataclasses import replace

from photoclust.records import UNSURE
from photoclust.report.album import rank_people


def test_people_come_by_number_of_faces_then_by_id(make_album) -> None:
    album = make_album([("/1.jpg", "c"), ("/2.jpg", "b"), ("/3.jpg", "a"), ("/4.jpg", "a"), ("/5.jpg", "")])
    people = rank_people(album.face_rows()).people.to_pylist()
    assert [(p["person_id"], p["name"], p["faces"]) for p in people] == [
        ("a", "Person 1", 2),
        ("b", "Person 2", 1),
        ("c", "Person 3", 1),
    ]


def test_two_faces_in_one_photo_are_one_photo(make_album) -> None:
    people = rank_people(make_album([("/1.jpg", "a"), ("/1.jpg", "a")]).face_rows()).people
    assert people["photos"].to_pylist() == [1]


def test_the_most_confident_face_comes_first(make_album) -> None:
    ranked = rank_people(make_album([("/z.jpg", "a"), ("/b.jpg", "a"), ("/c.jpg", "b")]).face_rows())
    assert ranked.members["photo"].to_pylist() == ["/z.jpg", "/b.jpg", "/c.jpg"]


def test_a_photo_under_two_names_goes_by_the_first(make_album) -> None:
    album = make_album([("/m.jpg", "a")], copies={"/b.jpg": "/m.jpg", "/x.jpg": "/m.jpg"})
    assert album.face_rows()["photo"].to_pylist() == ["/b.jpg"]


def test_faces_without_their_photo_do_not_exist(make_album) -> None:
    album = make_album([("/1.jpg", "a"), ("/2.jpg", "a")])
    rows = replace(album, photos=album.photos.slice(1)).face_rows()
    assert rows["face_id"].to_pylist() == ["face0001"]


def test_a_face_newer_than_the_clustering_is_unsure(make_album) -> None:
    album = make_album([("/1.jpg", "a"), ("/2.jpg", "a")])
    newest = replace(album, assignments=album.assignments.slice(0, 1)).face_rows().to_pylist()[1]
    assert (newest["person_id"], newest["status"], newest["confidence"]) == ("", UNSURE, 0)
