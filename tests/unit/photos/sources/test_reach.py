"""Whether a photo is the only one that cannot be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from photoclust.errors import SourceLostError
from photoclust.limits import RetryPolicy, TimeLimits, limited
from photoclust.photos.sources import reach
from photoclust.photos.sources.reach import MANY, Roots, require_there
from photoclust.photos.sources.references import find_photos


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    folder = tmp_path / "drive"
    (folder / "inside").mkdir(parents=True)
    for number in range(4):
        (folder / "inside" / f"{number}.jpg").write_bytes(b"x")
    return folder


def require(roots: Roots, path: Path, often: int = 1) -> None:
    roots.require(str(path), often, "permission denied")


def test_one_photo_says_nothing_about_its_folder(drive: Path) -> None:
    roots = Roots([f"{drive}/"])
    require(roots, drive / "inside" / "0.jpg", 10_000)


@pytest.mark.parametrize("given", [True, False], ids=["a folder", "files by name"])
def test_a_folder_that_has_gone(drive: Path, given: bool) -> None:
    photo = drive / "inside" / "0.jpg"
    roots = Roots([f"{drive}/"] if given else [])
    drive.rename(drive.with_name("away"))
    with pytest.raises(SourceLostError, match=f"{drive}.* can no longer be read .permission denied."):
        require(roots, photo)


def test_an_empty_folder_is_where_a_drive_has_been(drive: Path) -> None:
    roots = Roots([f"{drive}/"])
    drive.rename(drive.with_name("away"))
    drive.mkdir()
    with pytest.raises(SourceLostError):
        require(roots, drive / "inside" / "0.jpg")


def test_another_drive_in_its_place(drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(st_dev=drive.stat().st_dev + 1)
    with monkeypatch.context() as before:
        before.setattr(reach.files, "status_of", lambda _: other)
        roots = Roots([f"{drive}/"])
    with pytest.raises(SourceLostError):
        require(roots, drive / "inside" / "0.jpg")


def test_a_drive_inside_the_folder_is_known_by_a_photo_that_could_be_read(drive: Path) -> None:
    roots = Roots([f"{drive.parent}/"])
    (drive.parent / "other.jpg").write_bytes(b"x")
    roots.was_read(str(drive / "inside" / "0.jpg"))
    require(roots, drive / "inside" / "1.jpg", MANY)
    drive.rename(drive.parent.parent / f"away-{os.getpid()}")
    require(roots, drive / "inside" / "1.jpg", MANY - 1)
    with pytest.raises(SourceLostError):
        require(roots, drive / "inside" / "1.jpg", MANY)


def test_a_folder_that_goes_while_it_is_searched(drive: Path) -> None:
    found = find_photos([str(drive)])
    next(found)
    drive.rename(drive.with_name("away"))
    with pytest.raises(SourceLostError, match=str(drive)):
        list(found)


def test_a_file_that_goes_while_its_folder_is_searched_is_no_photo(drive: Path) -> None:
    found = find_photos([str(drive)])
    first = next(found)
    (drive / "inside" / "2.jpg").unlink()
    (drive / "inside" / "3.jpg").unlink()
    (drive / "inside" / "3.jpg").symlink_to("nowhere")
    names = [Path(ref.uri).name for ref in (first, *found)]
    assert names == ["0.jpg", "1.jpg", "3.jpg"]


def test_of_buckets_nothing_is_said_without_asking(drive: Path) -> None:
    require_there(["s3://bucket/prefix/", f"{drive}/"])


class TestBuckets:
    @pytest.fixture(autouse=True)
    def _short(self) -> Iterator[None]:
        with limited(TimeLimits(store=RetryPolicy(total=0.2))):
            yield

    def roots(self, bucket, *folders: str) -> Roots:
        for number in range(3):
            bucket.put(f"photos/{number}.jpg")
        return Roots([f"{bucket.uri}/photos/"])

    def ask(self, roots: Roots, bucket, often: int = 1) -> None:
        roots.require(f"{bucket.uri}/photos/0.jpg", often, "refused")

    def test_one_object_says_nothing(self, bucket) -> None:
        self.ask(self.roots(bucket), bucket, 10_000)

    @pytest.mark.parametrize("fault", [403, 404, 503, "reset"])
    def test_a_store_that_refuses_or_does_not_answer(self, bucket, fault) -> None:
        roots = self.roots(bucket)
        bucket.proxy.fault = lambda *_: fault
        with pytest.raises(SourceLostError, match=f"{bucket.uri}/photos can no longer be read"):
            self.ask(roots, bucket)

    def test_rights_to_read_that_were_taken_away(self, bucket) -> None:
        roots = self.roots(bucket)
        roots.was_read(f"{bucket.uri}/photos/1.jpg")
        bucket.proxy.fault = lambda _, path: 403 if ".jpg" in path else None
        self.ask(roots, bucket, MANY - 1)
        with pytest.raises(SourceLostError):
            self.ask(roots, bucket, MANY)

    def test_objects_by_name_whose_bucket_may_not_be_listed(self, bucket) -> None:
        self.roots(bucket)
        roots = Roots([])
        bucket.proxy.fault = lambda _, path: 403 if "list-type" in path else None
        self.ask(roots, bucket)
        bucket.proxy.fault = lambda *_: 403
        self.ask(roots, bucket)
        bucket.proxy.fault = lambda *_: "reset"
        with pytest.raises(SourceLostError):
            self.ask(roots, bucket)
