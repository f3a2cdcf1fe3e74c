"""One photo that cannot be linked is named, and the others are linked all the same."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from photoclust.errors import OutputError
from photoclust.report.dedupe.corrected import write_corrected
from photoclust.report.export import write_export
from photoclust.report.links import Links

DEEP = "/q" * 2500 + "/deep.jpg"  # longer than a link may be
LONG = "/p/" + "z" * 250 + ".jpg"


def linked(folder: Path) -> list[str]:
    return sorted(str(path.readlink()) for path in folder.rglob("*") if path.is_symlink())


def test_an_export_goes_on_past_what_cannot_be_linked(make_album, tmp_path: Path) -> None:
    shown = [("/p/gone.jpg", "p"), (DEEP, "p"), (LONG, "p"), ("/p/x.tar!/a.jpg", "p"), ("s3://b/1.jpg", "")]
    album, links = make_album(shown, failed={"/": "a folder", DEEP + "x": "too long"}), Links()
    out = write_export(album, "folders", tmp_path / "out", links=links)
    assert linked(out) == ["/", "/p/gone.jpg", LONG]
    reasons = links.failed
    assert reasons.pop(DEEP) == reasons.pop(DEEP + "x") == "file name too long"
    assert all("no file of this machine" in reason for reason in reasons.values())
    assert (set(reasons), links.made) == ({"/p/x.tar!/a.jpg", "s3://b/1.jpg"}, 3)


def test_a_corrected_data_set_too(tmp_path: Path) -> None:
    links = Links()
    photos = [("/p/1.jpg", "", "Ada"), (DEEP, "", "Ada"), (LONG, "", "Bea"), ("/p/2.jpg", "", "")]
    assert write_corrected(photos, tmp_path / "new", links) == 2
    assert linked(tmp_path / "new") == ["/p/1.jpg", LONG]
    assert list(links.failed) == [DEEP]


def test_a_name_that_the_disk_does_not_take_becomes_a_plain_one(tmp_path: Path, monkeypatch) -> None:
    make_link = Path.symlink_to

    def of_another_disk(link: Path, target: str) -> None:
        if len(link.name.encode()) > 143:  # as eCryptfs does
            raise OSError(errno.ENAMETOOLONG, "File name too long")
        if ":" in link.name:
            raise OSError(errno.EINVAL, "Invalid argument")
        make_link(link, target)

    monkeypatch.setattr(Path, "symlink_to", of_another_disk)
    links = Links()
    for uri in (LONG, f"/q{LONG}", "/p/a:b.jpg", "/p/a_b.jpg", "file:///p/%FF:.jpg"):
        links.add(uri, tmp_path)
    assert (links.made, links.failed) == (5, {})
    assert {"a_b.jpg", "a_b (2).jpg"} <= {path.name for path in tmp_path.iterdir()}
    assert all(path.suffix == ".jpg" for path in tmp_path.iterdir())


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOSPC, errno.EROFS])
def test_a_disk_that_can_hold_none_is_said_once(make_album, tmp_path: Path, monkeypatch, code: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(OutputError, match="cannot hold links"):
        write_export(make_album([("/1.jpg", "p"), ("/2.jpg", "p")]), "folders", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_nothing_that_can_be_linked_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"No photo can be linked, .*: file name too long"):
        write_corrected([(DEEP, "", "Ada")], tmp_path / "new")
    assert not list(tmp_path.iterdir())
