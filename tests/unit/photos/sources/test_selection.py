"""What is left out of folders, buckets and archives, and that all of it is counted."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from photoclust.errors import UsageError
from photoclust.photos.sources.passed_over import in_words
from photoclust.photos.sources.search import Search
from photoclust.records import local_path

BINS = [
    "#recycle", "#RECYCLE", "#snapshot", "@Recently-Snapshot", "@Recycle", "@eaDir", "@EADIR", "$RECYCLE.BIN",
    "$Recycle.Bin", "RECYCLER", "Recycled", "System Volume Information", ".Trash-1000", ".Trashes", ".Trash",
    ".snapshots", ".snapshot", ".zfs/snapshot", "~snapshot", "lost+found", "FOUND.000", ".Spotlight-V100",
    ".fseventsd", ".thumbnails", ".@__thumb", "__MACOSX", "files_trashbin", "files_versions",
    "appdata_ocx1y2", "Catalog Previews.lrdata", "Holiday Smart Previews.LRDATA",
    "Photos Library.photoslibrary/resources/derivatives", "iPhoto Library.photolibrary/Thumbnails",
    "A.aplibrary/Previews", "A.photolibrary/Data.noindex",
]  # fmt: skip
KEPT = ["Recycle", "snapshot", "resources", "Thumbnails", "found.photos", "My Photos.photoslibrary/originals"]


def put(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


class Source:
    """Names under a source, put there and searched."""

    def __init__(self, kind: str, folder: Path, bucket) -> None:
        self.kind, self.folder, self.bucket = kind, folder / "source", bucket
        self.uri = str(self.folder) if kind == "folder" else f"{bucket.uri}/source"

    def put(self, name: str, content: str = "x") -> None:
        if self.kind == "folder":
            put(self.folder / name, content)
        else:
            self.bucket.put(f"source/{name}", content.encode())

    def search(self, **patterns: list[str]) -> Search:
        return Search([self.uri], None, **patterns)

    def found(self, search: Search) -> list[str]:
        return [local_path(ref.uri).removeprefix(f"{self.uri}/") for ref in search.photos()]


@pytest.fixture(params=["folder", "bucket"])
def source(request, tmp_path):
    bucket = request.getfixturevalue("bucket") if request.param == "bucket" else None
    return Source(request.param, tmp_path, bucket)


def test_bins_snapshots_and_previews_are_left_out_in_any_letter_case(source) -> None:
    for name in BINS:
        source.put(f"{name}/x.jpg")
        source.put(f"deep/er/{name}/below/x.jpg")
    for name in [*KEPT, "."]:
        source.put(os.path.normpath(f"{name}/x.jpg"))
    search = source.search()
    assert sorted(source.found(search)) == sorted([*(f"{name}/x.jpg" for name in KEPT), "x.jpg"])
    counts = search.passed_over.values()
    assert counts == {"folders": {"bin": 2 * len(BINS)}}
    assert in_words(counts) == [f"Left out: {2 * len(BINS)} folders of bins, snapshots or previews"]


def test_a_bin_that_is_named_is_searched(tmp_path) -> None:
    photo = put(tmp_path / "#recycle" / "x.jpg")
    hidden = put(tmp_path / "phone" / "x.jpg")
    put(tmp_path / "phone" / ".nomedia")
    search = Search([str(tmp_path / "#recycle"), str(tmp_path / "phone")])
    assert [ref.uri for ref in search.photos()] == [str(photo), str(hidden)]


@pytest.mark.parametrize("early", ["#1.jpg", "z.jpg", "(1)/x.jpg"])
def test_nomedia_is_for_its_folder_and_those_below(source, early) -> None:
    for name in [".nomedia", early, "a.jpg", "below/b.jpg"]:
        source.put(f"app/{name}")
    source.put("apple/c.jpg")
    search = source.search()
    assert source.found(search) == ["apple/c.jpg"]
    assert search.passed_over.values() == {"folders": {".nomedia": 1}}


def test_an_ignore_file_is_as_git_reads_it(source) -> None:
    source.put(".photoclustignore", "\ufeff# mine\n*.PNG\n/private/\r\n!keep.png\nÉté/\n")
    taken = ["a.jpg", "keep.png", "sub/private/d.jpg", "sub/e.jpg", "sub/deep/f.png"]
    for name in [*taken, "b.png", "private/c.jpg", "sub/x.png", "e\u0301te\u0301/g.jpg", "private/keep.png"]:
        source.put(name)
    source.put("sub/deep/.photoclustignore", "!*.png")
    search = source.search()
    assert source.found(search) == sorted(taken)
    assert search.passed_over.values() == {
        "folders": {".photoclustignore": 2},
        "photos": {".photoclustignore": 2},
    }


def test_patterns_of_the_command_line(source) -> None:
    for name in ["2023/a.jpg", "2024/b.jpg", "2024/B.PNG", "2024/raw/c.jpg", "d.jpg"]:
        source.put(name)
    assert source.found(source.search(exclude=["*.png", "raw"])) == ["2023/a.jpg", "2024/b.jpg", "d.jpg"]
    assert source.found(source.search(include=["/2024/"])) == ["2024/B.PNG", "2024/b.jpg", "2024/raw/c.jpg"]
    both = source.search(include=["2024/"], exclude=["*.png"])
    assert source.found(both) == ["2024/b.jpg", "2024/raw/c.jpg"]
    assert in_words(both.passed_over.values()) == ["Left out: 2 photos by --include, 1 photo by --exclude"]


def test_a_known_photo_that_is_left_out_has_a_reason(source) -> None:
    for name in ["#recycle/a.jpg", "app/b.jpg", "app/.nomedia", "c.png", "private/d.jpg", "e.jpg", ".f.jpg"]:
        source.put(name)
    source.put(".photoclustignore", "private")
    search = source.search(exclude=["*.png"])
    assert source.found(search) == ["e.jpg"]
    hash_mark = "#" if source.kind == "folder" else "%23"
    names = [f"{hash_mark}recycle/a.jpg", "app/b.jpg", "c.png", "private/d.jpg", "e.jpg", ".f.jpg"]
    said = [search.reason_left_out(f"{source.uri}/{name}") for name in names]
    assert said == ["bin", ".nomedia", "--exclude", ".photoclustignore", "", "hidden"]
    counted = search.passed_over.values()
    assert search.reason_left_out("/elsewhere/c.png") == ""
    assert search.passed_over.values() == counted, "asking counts nothing"


def test_members_of_archives(tmp_path) -> None:
    names = ["a/b.jpg", "#Recycle/c.jpg", "a/d.png", "a/e.mp4", "a/f.svg", "a/readme", "a/b.json"]
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in names:
            archive.add(put(tmp_path / "from" / name), name)
    uri = str(tmp_path / "x.tar")
    search = Search([uri], exclude=["*.png"])
    assert [ref.uri for ref in search.photos()] == [f"{uri}!/a/b.jpg"]
    counts = search.passed_over.values()
    assert counts == {
        "suffixes": {".mp4": 1, ".svg": 1, "other": 1},
        "folders": {"bin": 1},
        "photos": {"--exclude": 1},
    }
    assert search.reason_left_out(f"{uri}!/a/d.png") == "--exclude"
    assert search.reason_left_out(f"{uri}!/a/b.jpg") == ""
    for wanted, count in (("*.png", 1), ("x.tar", 2)):
        assert len(list(Search([str(tmp_path / "x.tar")], include=[wanted]).photos())) == count


def test_what_is_not_read_is_counted_by_suffix_and_sidecars_are_not(source) -> None:
    names = ["a.MP4", "b.mp4", "c.psb", "d.Zip", "letter.doc", "noext", "a.xmp", "Thumbs.db", ".DS_Store"]
    for name in [*names, "._a.jpg", "sub/e.mp4", "f.jpg", "#recycle/g.mp4"]:
        source.put(name)
    search = source.search()
    assert source.found(search) == ["f.jpg"]
    assert in_words(search.passed_over.values()) == [
        "Passed over: 3 .mp4, 1 .psb, 1 .zip, 2 files of no known kind",
        "Left out: 1 folder of bins, snapshots or previews",
    ]
    assert source.found(search) == ["f.jpg"]
    assert search.passed_over.suffixes[".mp4"] == 3, "a second search counts anew"


def test_many_kinds_are_summed_up() -> None:
    counts = {"suffixes": {f".{n:02}": 20 - n for n in range(15)} | {"other": 1}}
    (line,) = in_words(counts)
    assert line.startswith("Passed over: 20 .00, 19 .01, ")
    assert line.endswith(" 9 .11, 21 of 3 more kinds, 1 file of no known kind")


@pytest.mark.parametrize("pattern", ["!", "\\", "[z-a]"])
def test_what_is_no_pattern_is_refused(tmp_path, pattern) -> None:
    with pytest.raises(UsageError, match=r"--exclude: .* is no pattern"):
        Search([str(tmp_path)], exclude=[pattern])
    ignore = put(tmp_path / ".photoclustignore", f"ok\n{pattern}\n")
    with pytest.raises(UsageError, match=f"{ignore}: .* is no pattern"):
        list(Search([str(tmp_path)]).photos())


def test_an_ignore_file_that_cannot_be_used_stops_the_search(tmp_path) -> None:
    put(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / ".photoclustignore")
    with pytest.raises(UsageError, match="no file of patterns"):
        list(Search([str(tmp_path)]).photos())
    (tmp_path / ".photoclustignore").unlink()
    put(tmp_path / ".photoclustignore", "x" * 1024**2 + "y")
    with pytest.raises(UsageError, match="longer than"):
        list(Search([str(tmp_path)]).photos())


def test_a_sorted_bucket_is_asked_only_where_it_must_be(bucket) -> None:
    for name in ["a/1.jpg", "b/#1.jpg", "c/d/1.jpg", "x.jpg"]:
        bucket.put(f"p/{name}")
    list(Search([f"{bucket.uri}/p"]).photos())
    bucket.proxy.requests.clear()
    assert len(list(Search([f"{bucket.uri}/p"]).photos())) == 4
    asked = [line for line in map(str, bucket.proxy.requests) if ".nomedia" in line or "ignore" in line]
    assert len(asked) == 2, bucket.proxy.requests


def test_a_raw_and_the_video_of_a_live_photo_belong_to_the_photo_beside_them(source) -> None:
    names = ["IMG_1.CR2", "IMG_1.JPG", "IMG_2.HEIC", "IMG_2.MOV", "IMG_3.nef", "IMG_4.MOV", "sub/IMG_1.dng"]
    names += ["IMG_6.png", "IMG_6.dng"]  # a picture that no camera writes beside a RAW file
    for name in [*names, "IMG_10.JPG", "IMG_5.JPG", "IMG_5.xmp", "IMG_5.dng"]:
        source.put(name)
    search = source.search()
    taken = [
        "IMG_1.JPG",
        "IMG_10.JPG",
        "IMG_2.HEIC",
        "IMG_3.nef",
        "IMG_5.JPG",
        "IMG_6.dng",
        "IMG_6.png",
        "sub/IMG_1.dng",
    ]
    assert sorted(source.found(search)) == taken
    assert search.passed_over.values() == {"suffixes": {".mov": 1}, "paired": {"raw": 2, "video": 1}}
    assert in_words(search.passed_over.values()) == [
        "Passed over: 1 .mov",
        "Paired with the photo beside them: 2 RAW files, 1 video",
    ]
    if source.kind == "folder":
        assert search.reason_left_out(f"{source.uri}/IMG_1.CR2") == "raw"
        assert search.reason_left_out(f"{source.uri}/IMG_3.nef") == ""
