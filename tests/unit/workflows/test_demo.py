"""The demo album: the same for a seed, readable as it says, and judged rightly."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoclustError, PhotoError
from photoclust.photos.decode import decode_photo
from photoclust.workflows.demo import DemoAlbum, FoundFace, check_outcome, make_album


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> DemoAlbum:
    return make_album(tmp_path_factory.mktemp("album"))


def files(album: DemoAlbum) -> dict[str, str]:
    found = (path for path in album.folder.rglob("*") if path.is_file())
    return {
        path.relative_to(album.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
    }


def perfect(album: DemoAlbum) -> list[FoundFace]:
    """What a faultless run finds."""
    return [
        FoundFace(photo, (place + 0.5) / len(people), 100, f"id of {person}")
        for photo, people in album.people.items()
        if photo not in album.copies
        for place, person in enumerate(people)
    ]


def renamed(found: list[FoundFace], old: str, new: str, most: int = 99) -> list[FoundFace]:
    rows = [row for row, face in enumerate(found) if face.person_id == old][:most]
    return [
        FoundFace(face.photo, face.place, face.height, new) if row in rows else face
        for row, face in enumerate(found)
    ]


def test_says_what_is_in_it(album: DemoAlbum) -> None:
    assert files(album).keys() == album.people.keys() | album.unreadable
    assert 40 <= len(files(album)) <= 60
    assert {person for people in album.people.values() for person in people} == {
        "Grace Hopper",
        "Eileen Collins",
        "a photographer",
    }
    assert [people for people in album.people.values() if not people]
    for copy, original in album.copies.items():
        assert files(album)[copy] == files(album)[original]


def test_every_photo_is_readable_but_the_broken_one(album: DemoAlbum) -> None:
    seen = set()
    for name in album.people:
        photo = decode_photo((album.folder / name).read_bytes(), DecodeConfig())
        panels = len(album.people[name])
        assert not panels or photo.width == panels * photo.height, name  # upright, whatever the orientation
        seen |= {(Path(name).suffix, photo.orientation)}
    assert {orientation for _, orientation in seen} == set(range(1, 9))
    assert {suffix for suffix, _ in seen} >= {".jpg", ".png", ".webp", ".heic", ".tif", ".avif"}
    for name in album.unreadable:
        with pytest.raises(PhotoError):
            decode_photo((album.folder / name).read_bytes(), DecodeConfig())


def test_a_seed_makes_one_album(album: DemoAlbum, tmp_path: Path) -> None:
    again, other = make_album(tmp_path / "again"), make_album(tmp_path / "other", seed=1)

    assert files(again) == files(album)
    assert files(other).keys() == files(album).keys()
    assert files(other) != files(album)


def test_what_was_put_in_is_right(album: DemoAlbum) -> None:
    outcome = check_outcome(album, perfect(album))

    assert outcome.problems == []
    assert (outcome.people, outcome.right) == (3, outcome.faces)


def test_a_few_unsure_faces_and_a_detectors_error_are_right(album: DemoAlbum) -> None:
    found = renamed(perfect(album), "id of Grace Hopper", "", most=2)
    found.append(FoundFace("Eileen Collins/01.jpg", 0.9, 20, "id of Grace Hopper"))
    found.append(FoundFace("things/rocket.jpg", 0.5, 50, ""))

    assert check_outcome(album, found).problems == []


@pytest.mark.parametrize(
    ("old", "new", "most", "problem"),
    [
        (
            "id of Grace Hopper",
            "id of Eileen Collins",
            99,
            "Eileen Collins and Grace Hopper became one person",
        ),
        (
            "id of Grace Hopper",
            "id of Eileen Collins",
            1,
            "Eileen Collins and Grace Hopper became one person",
        ),
        ("id of Grace Hopper", "another", 5, "Grace Hopper became 2 people"),
        ("id of Grace Hopper", "", 5, "Only 51 of 56 faces"),
        ("id of Grace Hopper", "", 99, "Grace Hopper became 0 people"),
    ],
)
def test_says_what_is_wrong(album: DemoAlbum, old: str, new: str, most: int, problem: str) -> None:
    outcome = check_outcome(album, renamed(perfect(album), old, new, most))

    assert any(problem in line for line in outcome.problems), outcome.problems


def test_a_person_nobody_put_in_is_wrong(album: DemoAlbum) -> None:
    found = [*perfect(album), FoundFace("things/rocket.jpg", 0.5, 50, "the rocket")]

    assert check_outcome(album, found).problems == ["1 people were found that nobody put in."]


def test_an_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(PhotoclustError, match="cannot be made in"):
        make_album(tmp_path / "file")
