"""Folders of links: everything found again, nothing of anybody else's touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from photoclust.errors import OutputError
from photoclust.records import UNSURE
from photoclust.report.export import write_export


def links(folder: Path) -> dict[str, dict[str, str]]:
    return {
        sub.name: {link.name: str(link.readlink()) for link in sub.iterdir()}
        for sub in sorted(folder.iterdir())
        if sub.is_dir()
    }


def test_a_folder_for_each_person_and_one_for_the_rest(make_album, tmp_path: Path) -> None:
    album = make_album(
        [("/p/1.jpg", "a"), ("/p/2.jpg", "a"), ("/p/2.jpg", "b"), ("/p/3.jpg", "", UNSURE)],
        names={"a": "Ada"},
        failed={"/p/bad.jpg": "cut"},
        copies={"/p/0 copy.jpg": "/p/1.jpg", "/p/3 copy.jpg": "/p/3.jpg"},
    )
    assert links(write_export(album, "folders", tmp_path / "out")) == {
        "0001 Ada (2 faces)": {"0 copy.jpg": "/p/0 copy.jpg", "2.jpg": "/p/2.jpg"},
        "0002 Person 2 (1 face)": {"2.jpg": "/p/2.jpg"},
        "rest": {"3 copy.jpg": "/p/3 copy.jpg", "bad.jpg": "/p/bad.jpg"},
    }


def test_photos_of_one_name_do_not_hide_one_another(make_album, tmp_path: Path) -> None:
    long = "x" * 251 + ".jpg"
    uris = ["/1/a.jpg", "/2/a.jpg", "/3/A.JPG", f"/1/{long}", f"/2/{long}", "/1/a (2).jpg"]
    made = links(write_export(make_album([(uri, "p") for uri in uris]), "folders", tmp_path / "out"))
    (person, _) = made.values()
    assert sorted(person.values()) == sorted(uris)
    assert len({name.casefold() for name in person}) == len(uris)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("../../etc", "0001 _.._etc (1 face)"),
        ("/", "0001 _ (1 face)"),
        ("..", "0001 _ (1 face)"),
        ("a\nb\u202ec", "0001 a_b_c (1 face)"),
        ("CON", "0001 CON (1 face)"),
        ('a:b*c?"d', "0001 a_b_c__d (1 face)"),
    ],
)
def test_names_of_people_cannot_leave_the_folder(make_album, tmp_path: Path, name: str, folder: str) -> None:
    made = links(write_export(make_album([("/1.jpg", "p")], names={"p": name}), "folders", tmp_path / "out"))
    assert list(made) == [folder, "rest"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_very_long_name_fits(make_album, tmp_path: Path) -> None:
    (folder, _) = links(
        write_export(make_album([("/1.jpg", "p")], {"p": "家" * 500}), "folders", tmp_path / "out")
    )
    assert len(folder.encode()) < 255


def test_a_name_that_is_not_utf8_is_linked(make_album, tmp_path: Path) -> None:
    made = links(write_export(make_album([("file:///p/%FF.jpg", "p")]), "folders", tmp_path / "out"))
    assert made["0001 Person 1 (1 face)"] == {"\udcff.jpg": "/p/\udcff.jpg"}


def test_an_earlier_export_is_replaced(make_album, tmp_path: Path) -> None:
    write_export(make_album([("/1.jpg", "p"), ("/2.jpg", "q")]), "folders", tmp_path / "out")
    made = links(write_export(make_album([("/1.jpg", "p")]), "folders", tmp_path / "out"))
    assert list(made) == ["0001 Person 1 (1 face)", "rest"]


@pytest.mark.parametrize("after_an_export", [False, True])
def test_files_of_others_are_never_touched(make_album, tmp_path: Path, after_an_export: bool) -> None:
    out = tmp_path / "out"
    if after_an_export:
        write_export(make_album([("/1.jpg", "p")]), "folders", out)
    out.mkdir(exist_ok=True)
    (out / "mine.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"not made by an export|no export made"):
        write_export(make_album([("/1.jpg", "p")]), "folders", out, force=True)
    assert (out / "mine.txt").read_text() == "precious"


def test_replacing_never_follows_a_link(make_album, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "1.jpg").write_text("precious")
    album = make_album([(str(photos / "1.jpg"), "p")])
    out = write_export(album, "folders", tmp_path / "out")
    (out / "rest" / "all").symlink_to(photos)
    write_export(album, "folders", out)
    assert (photos / "1.jpg").read_text() == "precious"


def test_photos_elsewhere_cannot_be_linked(make_album, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="export a table"):
        write_export(make_album([("s3://bucket/1.jpg", "p")]), "folders", tmp_path / "out")
    assert not list(tmp_path.iterdir())
