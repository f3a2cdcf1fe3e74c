"""Finding photos: what is taken, what is skipped, and that nothing odd is lost or hangs."""

from __future__ import annotations

import inspect
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError, UsageError
from photoclust.photo_refs import UNREACHABLE, PhotoRef, Version
from photoclust.photos.decode import FORMATS
from photoclust.photos.sources.files import names_of
from photoclust.photos.sources.gone import is_gone
from photoclust.photos.sources.references import (
    IMAGE_EXTENSIONS,
    content_id,
    find_photos,
    folder_prefixes,
    read_photo,
)
from photoclust.records import local_path

LIMITS = DecodeConfig()


def put(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def found(*paths: object) -> list[str]:
    return [local_path(ref.uri) for ref in find_photos([str(path) for path in paths])]


def reason(ref: PhotoRef, limits: DecodeConfig = LIMITS) -> str:
    with pytest.raises(PhotoError) as caught:
        read_photo(ref, limits)
    assert caught.value.stage == "read"
    return caught.value.reason


def test_a_folder_is_searched_to_the_bottom_in_sorted_order(tmp_path):
    names = ["b/z.jpg", "a.jpg", "b/a.HEIC", "b/c/d/e.png", "c.TIFF"]
    for name in names:
        put(tmp_path / name)
    assert found(tmp_path) == [str(tmp_path / name) for name in sorted(names)]


def test_hidden_debris_and_other_files_are_skipped(tmp_path):
    kept = put(tmp_path / "a.jpg")
    skipped = [
        ".b.jpg",
        ".hidden/c.jpg",
        "@eaDir/d.jpg",
        "__MACOSX/e.jpg",
        ".Trash-1000/f.jpg",
        "notes.txt",
        "g",
    ]
    for name in skipped:
        put(tmp_path / name)
    assert found(tmp_path) == [str(kept)]


def test_a_hidden_folder_or_any_file_is_taken_when_named(tmp_path):
    inside = put(tmp_path / ".album" / "a.jpg")
    odd = put(tmp_path / "scan")
    assert found(tmp_path / ".album", odd) == [str(odd), str(inside)]


def test_size_and_version_are_those_of_the_file(tmp_path):
    path = put(tmp_path / "a.jpg", b"1234")
    os.utime(path, ns=(1, 1_700_000_000_123_456_789))
    assert list(find_photos([str(path)])) == [PhotoRef(str(path), 4, Version.parse("1700000000123456789"))]


def test_the_same_file_reached_twice_comes_once(tmp_path):
    path = put(tmp_path / "a" / "a.jpg")
    paths = [tmp_path, path, tmp_path / "a", tmp_path / "a" / ".." / "a" / "a.jpg"]
    assert found(*paths) == [str(path)]


def test_relative_paths_become_absolute_and_links_stay(tmp_path, monkeypatch):
    put(tmp_path / "real" / "a.jpg")
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    assert found("link") == [str(tmp_path / "link" / "a.jpg")]


def test_links_to_folders_above_end(tmp_path):
    path = put(tmp_path / "a" / "a.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to("self")
    assert found(tmp_path) == [str(path)]


def test_a_tree_deeper_than_the_stack(tmp_path):
    path = put(tmp_path / Path(*["d"] * 200) / "a.jpg")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        assert found(tmp_path) == [str(path)]
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    "name", [b"caf\xe9.jpg", b"\xff\xfe%41.jpg", b'"quotes".jpg', b"new\nline.jpg", b"<b>&.jpg"]
)
def test_any_name_can_be_stored_and_opened_again(tmp_path, name):
    path = os.fsencode(tmp_path / os.fsdecode(name))
    Path(os.fsdecode(path)).write_bytes(b"content")
    (ref,) = find_photos([str(tmp_path)])
    stored = pa.array([ref.uri], pa.string()).to_pylist()[0]
    assert os.fsencode(local_path(stored)) == path
    assert read_photo(PhotoRef(stored, 0, Version.parse("")), LIMITS) == b"content"


def test_uris_of_sane_names_are_their_paths(tmp_path):
    path = put(tmp_path / "été 100% #1.jpg")
    assert [ref.uri for ref in find_photos([str(tmp_path)])] == [str(path)]


def test_a_list_of_paths(tmp_path):
    first, second = put(tmp_path / "a.jpg"), put(tmp_path / "b c.xyz")
    inside = put(tmp_path / "folder" / "d.jpg")
    odd = os.fsencode(tmp_path / os.fsdecode(b"\xff.jpg"))
    Path(os.fsdecode(odd)).write_bytes(b"x")
    content = b"\xef\xbb\xbf# comment\n\na.jpg\r\n" + os.fsencode(second) + b"\nfolder\ngone.jpg\n\xff.jpg"
    listed = put(tmp_path / "list.txt", content)
    gone = str(tmp_path / "gone.jpg")
    assert found(f"@{listed}") == [str(first), str(second), gone, os.fsdecode(odd), str(inside)]


def test_a_listed_file_that_is_missing_is_a_photo_that_cannot_be_read(tmp_path):
    listed = put(tmp_path / "list.txt", b"gone.jpg\n")
    (ref,) = find_photos([f"@{listed}"])
    assert (ref.size, ref.version) == (0, UNREACHABLE)
    assert reason(ref) == "the file is missing"


@pytest.mark.parametrize("path", ["/no/such/folder", "", "@/no/such/list"])
def test_a_path_that_does_not_exist_is_refused_at_once(path):
    with pytest.raises(UsageError, match=r"does not exist|cannot be read"):
        find_photos([path])


def test_a_photo_given_as_a_list_is_refused(tmp_path):
    photo = put(tmp_path / "a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0")
    with pytest.raises(UsageError, match="no list of paths"):
        find_photos([f"@{photo}"])


def test_nothing_found_says_what_was_looked_for(tmp_path):
    put(tmp_path / "notes.txt")
    with pytest.raises(UsageError, match=r"No photos found in .*\.heic.*\.jpg"):
        list(find_photos([str(tmp_path)]))


def test_every_extension_is_of_a_format_that_is_read():
    formats = Image.registered_extensions()
    assert {formats[extension] for extension in IMAGE_EXTENSIONS} <= {*FORMATS, "MPO"}


def test_pipes_sockets_folders_and_broken_links_fail_without_hanging(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "b.jpg"))
        (tmp_path / "c.jpg").symlink_to("nowhere")
        (tmp_path / "d.jpg").symlink_to("d.jpg")
        reasons = [reason(ref) for ref in find_photos([str(tmp_path)])]
    assert reasons[:3] == ["it is a pipe, socket or device, not a file"] * 2 + ["the file is missing"]
    assert "symbolic links" in reasons[3]
    assert "folder" in reason(PhotoRef(str(tmp_path), 0, Version.parse("")))
    assert reason(PhotoRef("/" + "x" * 300, 0, Version.parse(""))) == "file name too long"
    assert "name" in reason(PhotoRef("a\0b", 0, Version.parse("")))


def test_a_folder_beyond_the_longest_path_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "a.jpg")
    for _ in range(45):
        os.mkdir("q" * 100)  # noqa: PTH102 (relative, as no longer path can be)
        os.chdir("q" * 100)
    Path("deep.jpg").write_bytes(b"x")
    os.chdir(tmp_path)
    first, deep = find_photos([str(tmp_path)])
    assert (first.uri, deep.version) == (str(tmp_path / "a.jpg"), UNREACHABLE)
    assert reason(deep) == "file name too long"


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Without root's right to read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_what_may_not_be_read_is_accounted_for():
    with tempfile.TemporaryDirectory() as name:  # tmp_path lies in a folder closed to others
        Path(name).chmod(0o755)
        closed_file = put(Path(name) / "a.jpg")
        closed_folder = put(Path(name) / "b" / "c.jpg").parent
        closed_file.chmod(0)
        closed_folder.chmod(0)
        with ordinary_user():
            refs = list(find_photos([name]))
            reasons = [reason(ref) for ref in refs]
        closed_folder.chmod(0o755)
    assert [ref.uri for ref in refs] == [str(closed_file), str(closed_folder)]
    assert reasons == ["permission denied", "it is a folder that cannot be listed, or no photo"]


def test_empty_and_oversized_files_are_refused(tmp_path):
    assert reason(PhotoRef(str(put(tmp_path / "a.jpg", b"")), 0, Version.parse(""))) == "the file is empty"
    ten = PhotoRef(str(put(tmp_path / "b.jpg", b"0123456789")), 10, Version.parse(""))
    assert read_photo(ten, DecodeConfig(max_bytes=10)) == b"0123456789"
    assert "limit of 9 bytes" in reason(ten, DecodeConfig(max_bytes=9))


def test_content_id_is_of_the_content():
    assert content_id(b"") == "cae66941d9efbd404e4d88758ea67670"
    assert content_id(b"a") != content_id(b"b")


def test_prefixes_are_those_of_the_folders_alone(tmp_path: Path) -> None:
    album, photo = tmp_path / "album", put(tmp_path / "photo.jpg")
    inside = put(album / "a.jpg")
    listed = put(tmp_path / "list.txt", b"album\nphoto.jpg\n")
    for paths in ([str(album), str(photo)], [f"@{listed}"]):
        prefixes = tuple(folder_prefixes(paths))
        assert str(inside).startswith(prefixes)
        assert not str(photo).startswith(prefixes)
        assert not str(tmp_path / "album2" / "a.jpg").startswith(prefixes)


@pytest.mark.parametrize("folder", [b"plain", b"\xff"])
def test_prefixes_fit_names_that_are_not_utf8(tmp_path: Path, folder: bytes) -> None:
    album = Path(os.fsdecode(bytes(tmp_path) + b"/" + folder))
    put(Path(os.fsdecode(bytes(album) + b"/\xfe.jpg")))
    (ref,) = find_photos([str(album)])
    assert ref.uri.startswith(tuple(folder_prefixes([str(album)])))


def test_gone_is_what_is_not_there_and_not_what_cannot_be_reached(tmp_path: Path) -> None:
    photo = put(tmp_path / "a.jpg")
    dangling = tmp_path / "b.jpg"
    dangling.symlink_to(tmp_path / "nowhere")
    circle = tmp_path / "c.jpg"
    circle.symlink_to(circle)
    there = [is_gone(str(path)) for path in (photo, dangling, circle, tmp_path, tmp_path / "x", photo / "y")]
    assert there == [False, True, False, True, True, True]


@pytest.mark.skipif(sys.platform == "darwin", reason="takes no such names")
@pytest.mark.parametrize("name", [b"a.jpg", b"-a.jpg", b"a\nb.jpg", b"\xff.jpg", "é.jpg".encode()])
def test_a_photo_is_known_by_its_path_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    Image.new("RGB", (8, 8)).save(path, "JPEG")
    (found,) = find_photos([str(tmp_path)])
    assert found.uri in names_of(str(path)) & names_of(str(path.absolute())) & names_of(found.uri)
