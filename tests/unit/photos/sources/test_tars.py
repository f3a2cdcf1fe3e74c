"""Photos in tar archives: all of them, read where they lie, and nothing hostile gets through."""

from __future__ import annotations

import gc
import gzip
import io
import os
import tarfile
import tracemalloc
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photo_refs import PhotoRef
from photoclust.photos.sources.gone import is_gone
from photoclust.photos.sources.references import find_photos, folder_prefixes, read_photo
from photoclust.records import container_of

LIMITS = DecodeConfig()


def member(name: str, content: bytes = b"x", **values: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in values.items():
        setattr(info, key, value)
    return info, content


def tar(path: Path, members: Iterable[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


def contents(*paths: object) -> dict[str, bytes]:
    refs = find_photos([str(path) for path in paths])
    return {ref.uri: read_photo(ref, LIMITS) for ref in refs}


def reasons(path: Path) -> dict[str, str]:
    said = {}
    for ref in find_photos([str(path)]):
        with pytest.raises(PhotoError) as caught:
            read_photo(ref, LIMITS)
        said[ref.uri.removeprefix(str(path))] = caught.value.reason
    return said


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "X.TGZ"])
def test_members_are_photos_in_their_order(tmp_path, mode, name):
    photos = {f"./b/{n}.jpg": os.urandom(n * 700) for n in range(1, 9)} | {"a.PNG": b"a"}
    debris = ["b/1.json", "b/1.cls", "b/._1.jpg", "__MACOSX/a.jpg", ".h/a.jpg"]
    members = [member(key, value) for key, value in photos.items()] + [member(key) for key in debris]
    path = tar(tmp_path / name, [*members, member("folder.jpg", b"", type=tarfile.DIRTYPE)], mode)
    expected = {f"{path}!/{key}": value for key, value in photos.items()}
    assert list(contents(path).items()) == list(expected.items())


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_members_may_be_read_in_any_order(tmp_path, mode):
    path = tar(tmp_path / "x.tar", [member(f"{n}.jpg", b"%d" % n * 999) for n in range(20)], mode)
    refs = list(find_photos([str(path)]))
    for position in (3, 17, 4, 4, 0, 19, 18):
        assert read_photo(refs[position], LIMITS) == b"%d" % position * 999


def test_archives_in_folders_and_by_number(tmp_path):
    for n in range(3):
        tar(tmp_path / "shards" / f"train-{n:03}.tar", [member("a.jpg", b"%d" % n)])
    (tmp_path / "shards" / "z.jpg").write_bytes(b"z")
    every = contents(tmp_path / "shards")
    assert [uri.removeprefix(f"{tmp_path}/shards/") for uri in every] == [
        *(f"train-{n:03}.tar!/a.jpg" for n in range(3)),
        "z.jpg",
    ]
    two = contents(tmp_path / "shards" / "train-{000..001}.tar")
    assert list(two.values()) == [b"0", b"1"]
    assert list(contents(tmp_path / "shards/{train-002.tar,z.jpg}").values()) == [b"2", b"z"]


@pytest.mark.parametrize("name", ["a?b.jpg", "a#b%41.jpg", "x.tar!/y.jpg", "ünïcode 1.jpg", "a\nb.jpg"])
def test_any_member_name(tmp_path, name):
    path = tar(tmp_path / "x.tar", [member(name, b"content")])
    ((uri, content),) = contents(path).items()
    assert container_of(uri) == str(path)
    assert content == b"content"


def test_a_name_that_is_not_utf8(tmp_path):
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        info, content = member("caf\udce9.jpg", b"content")
        archive.addfile(info, io.BytesIO(content))
    ((uri, content),) = contents(path).items()
    assert uri == f"{path}!/caf\\xe9.jpg"
    assert content == b"content"


def test_a_folder_that_looks_like_an_archive_is_none(tmp_path):
    path = tmp_path / "x.tar!" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(b"content")
    assert list(contents(tmp_path).values()) == [b"content"]


def test_a_name_that_comes_twice_stands_for_two_photos(tmp_path):
    path = tar(tmp_path / "x.tar", [member("a.jpg", b"1"), member("a.jpg", b"2")])
    assert list(contents(path).values()) == [b"1", b"2"]


def test_an_archive_that_changes_is_a_new_version_of_its_members(tmp_path):
    path = tar(tmp_path / "x.tar", [member("a.jpg", b"1")])
    (before,) = find_photos([str(path)])
    assert list(find_photos([str(path)])) == [before]
    os.utime(tar(path, [member("a.jpg", b"2")]), (1, 1))
    (after,) = find_photos([str(path)])
    assert (after.uri, after.size) == (before.uri, before.size)
    assert after.version != before.version


def test_a_member_is_gone_when_a_whole_archive_lacks_it(tmp_path):
    path = tar(tmp_path / "x.tar", [member("a.jpg", os.urandom(5000))])
    assert is_gone(f"{path}!/b.jpg")
    path.write_bytes(path.read_bytes()[:3000])
    assert not is_gone(f"{path}!/b.jpg")
    path.unlink()
    assert is_gone(f"{path}!/b.jpg")


def test_prefixes_are_those_of_archives_that_were_named(tmp_path):
    path = tar(tmp_path / "a?x.tar", [member("a.jpg")])
    (ref,) = find_photos([str(path)])
    assert ref.uri.startswith(tuple(folder_prefixes([str(path)])))


# -- hostile and damaged ------------------------------------------------------------------------------


def test_what_could_do_harm_is_refused_with_its_reason(tmp_path):
    hostile = [
        member("/etc/a.jpg"),
        member("../../b.jpg"),
        member("c/../../c.jpg"),
        member("d.jpg", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("e.jpg", b"", type=tarfile.LNKTYPE, linkname="../e"),
        member("f.jpg", b"", type=tarfile.FIFOTYPE),
        member("g.jpg", b"", type=tarfile.CHRTYPE),
    ]
    said = reasons(tar(tmp_path / "x.tar", hostile))
    assert said == {
        "!//etc/a.jpg": "the name leads out of the archive",
        "!/../../b.jpg": "the name leads out of the archive",
        "!/c/../../c.jpg": "the name leads out of the archive",
        "!/d.jpg": "it is a link, not a file",
        "!/e.jpg": "it is a link, not a file",
        "!/f.jpg": "it is no ordinary file",
        "!/g.jpg": "it is no ordinary file",
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.tar"]


def three(path: Path, mode: str = "w") -> bytes:
    return tar(path, [member(f"{n}.jpg", os.urandom(5000)) for n in range(3)], mode).read_bytes()


def can_be_read(ref: PhotoRef) -> bool:
    try:
        return len(read_photo(ref, LIMITS)) == 5000
    except PhotoError:
        return False


@pytest.mark.parametrize(
    ("damage", "whole", "reason"),
    [
        (lambda content: content[:7000], 1, "damaged (unexpected end of data)"),
        (lambda content: content[:5632] + b"\xff" * 512 + content[6144:], 1, "damaged (what follows is no"),
        (lambda content: b"this is no archive", 0, "damaged (truncated header)"),
        (lambda content: b"\xff" * 1024, 0, "damaged (bad checksum)"),
        (lambda content: b"", 0, "damaged (empty file)"),
        (lambda content: gzip.compress(content)[:-3000], 2, "damaged"),
        (lambda content: b"\x1f\x8b" + content, 0, "damaged"),
    ],
)
def test_a_damaged_archive_gives_what_comes_before_the_damage(tmp_path, damage, whole, reason):
    path = tmp_path / "x.tar"
    path.write_bytes(damage(three(path)))
    *good, bad = find_photos([str(path)])
    assert sum(map(can_be_read, good)) >= whole
    assert bad.uri == str(path)
    with pytest.raises(PhotoError, match="the archive is") as caught:
        read_photo(bad, LIMITS)
    assert reason in caught.value.reason


def test_a_header_that_wants_gigabytes_is_refused(tmp_path):
    info, _ = member("a.jpg")
    info.type, info.size = tarfile.XHDTYPE, 4 * 1024**3
    path = tmp_path / "x.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT))
    os.truncate(path, 5 * 1024**3)  # sparse: takes no room
    tracemalloc.start()
    said = reasons(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "a header is longer than" in said[""]
    assert peak < 10 * 1024**2


def test_a_bomb_is_refused(tmp_path):
    info, _ = member("a.jpg")
    info.size = 600 * 1024**2
    path = tmp_path / "x.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(info.tobuf())
        for _ in range(600):
            file.write(bytes(1024**2))
    refs = list(find_photos([str(path)]))
    for ref in refs:
        with pytest.raises(PhotoError, match=r"expands more than|larger than the limit"):
            read_photo(ref, LIMITS)
    assert [ref.uri for ref in refs] == [f"{path}!/a.jpg", str(path)]


def test_a_member_larger_than_the_limit_is_refused_unread(tmp_path):
    path = tar(tmp_path / "x.tar", [member("a.jpg", b"x" * 10)])
    (ref,) = find_photos([str(path)])
    assert read_photo(ref, DecodeConfig(max_bytes=10)) == b"x" * 10
    with pytest.raises(PhotoError, match="limit of 9 bytes"):
        read_photo(ref, DecodeConfig(max_bytes=9))


def test_entries_of_the_archive_are_not_kept(tmp_path):
    refs = find_photos([str(tar(tmp_path / "x.tar", (member(f"{n}.jpg") for n in range(500))))])
    assert sum(1 for _ in islice(refs, 400)) == 400
    assert sum(type(thing) is tarfile.TarInfo for thing in gc.get_objects()) <= 5


# -- far away -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_in_a_bucket_equals_the_file(tmp_path, bucket, mode):
    path = tar(tmp_path / "x.tar", [member(f"{n}.jpg", os.urandom(300_000)) for n in range(8)], mode)
    uri = bucket.put("shards/x.tar", path.read_bytes())
    here = {name.removeprefix(str(path)): content for name, content in contents(path).items()}
    there = {name.removeprefix(uri): content for name, content in contents(f"{bucket.uri}/shards").items()}
    assert here == there
    assert list(contents(f"{bucket.uri}/shards/{{x,x}}.tar").values()) == list(here.values())


def test_a_member_far_away_is_one_request(tmp_path, bucket):
    path = tar(tmp_path / "x.tar", [member(f"{n}.jpg", os.urandom(3_000_000)) for n in range(4)])
    bucket.put("x.tar", path.read_bytes())
    *_, last = find_photos([bucket.uri])
    read_photo(last, LIMITS)
    bucket.proxy.requests.clear()
    assert len(read_photo(last, LIMITS)) == 3_000_000
    assert len(bucket.proxy.requests) == 1


def test_an_archive_that_vanished_fails_its_members(tmp_path, bucket):
    path = tar(tmp_path / "x.tar", [member("a.jpg")])
    bucket.put("x.tar", path.read_bytes())
    (far,) = find_photos([bucket.uri])
    (near,) = find_photos([str(path)])
    bucket.client.delete_object(Bucket=bucket.name, Key="x.tar")
    path.unlink()
    with pytest.raises(PhotoError, match="the object is missing"):
        read_photo(far, LIMITS)
    with pytest.raises(PhotoError, match="the file is missing"):
        read_photo(near, LIMITS)


def test_an_archive_of_the_folder_itself_is_searched(tmp_path):
    """`tar c .` begins with a member named ``.``."""
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        root = tarfile.TarInfo(".")
        root.type = tarfile.DIRTYPE
        archive.addfile(root)
        info, content = member("./a.jpg")
        archive.addfile(info, io.BytesIO(content))
    assert [ref.uri for ref in find_photos([str(path)])] == [f"{path}!/./a.jpg"]
