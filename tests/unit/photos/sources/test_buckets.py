"""Photos in an object store, over HTTP: what is found, what is read, what goes wrong and how it is said."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys

import pytest

from photoclust.config import DecodeConfig
from photoclust.errors import NoPhotosError, ObjectStoreError, PhotoError, UsageError
from photoclust.limits import RetryPolicy, TimeLimits, limited
from photoclust.photo_refs import UNREACHABLE, PhotoRef, Version
from photoclust.photos.sources.gone import is_gone
from photoclust.photos.sources.references import find_photos, folder_prefixes, read_photo
from photoclust.storage.retry import counting_retries

LIMITS = DecodeConfig()


def found(*paths: str) -> list[str]:
    return [ref.uri for ref in find_photos(paths)]


def test_a_prefix_is_searched_as_a_folder(bucket):
    names = ["a.jpg", "b/c.HEIC", "b/d/e.png"]
    for name in [*names, ".h.jpg", "b/.h/i.jpg", "@eaDir/a.jpg", "notes.txt", "folder.jpg/", "b.jpg"]:
        bucket.put(f"album/{name}")
    bucket.put("album-2/z.jpg")
    expected = [f"{bucket.uri}/album/{name}" for name in sorted([*names, "b.jpg"])]
    assert found(f"{bucket.uri}/album") == found(f"{bucket.uri}/album/") == expected


def test_a_whole_bucket_and_a_single_object(bucket):
    one, two = bucket.put("a.jpg"), bucket.put("b/c.jpg")
    assert found(bucket.uri) == found(f"{bucket.uri}/") == [one, two]
    assert found(two, bucket.uri, f"{bucket.uri}/b") == [two, one]


@pytest.mark.parametrize(
    "key",
    [
        *("été 1.jpg", "100%.jpg", "a%20b.jpg", "q?x.jpg", "a.jpg?region=x.jpg", "#1.jpg", "x.tar!/y.jpg"),
        *("a//b.jpg", "/a.jpg", "d/../e.jpg", "bell\x07.jpg", "%25.jpg", " a .jpg"),
    ],
)
def test_any_key_can_be_found_and_read(bucket, key):
    bucket.put(key, b"content")
    (ref,) = find_photos([bucket.uri])
    assert read_photo(ref, LIMITS) == b"content"
    assert found(ref.uri) == [ref.uri]


def test_the_version_is_that_of_the_content(bucket):
    uri = bucket.put("a.jpg", b"1234")
    (before,) = find_photos([uri])
    bucket.put("a.jpg", b"1234")
    assert list(find_photos([uri])) == [before]
    assert before.size == 4
    bucket.put("a.jpg", b"5678")
    (after,) = find_photos([uri])
    assert after.version != before.version


def test_an_endpoint_in_the_uri_goes_with_its_photos(bucket, monkeypatch):
    bucket.put("a b.jpg", b"content")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    (ref,) = find_photos([f"{bucket.uri}/?endpoint_override={bucket.proxy.url}"])
    assert ref.uri == f"{bucket.uri}/a b.jpg?endpoint_override={bucket.proxy.url}"
    assert read_photo(ref, LIMITS) == b"content"


def test_a_list_may_name_objects(bucket, tmp_path):
    uri = bucket.put("a.jpg", b"content")
    listed = tmp_path / "list.txt"
    listed.write_text(f"{uri}\n{bucket.uri}/gone.jpg\n")
    first, gone = find_photos([f"@{listed}"])
    assert (first.uri, first.size) == (uri, 7)
    assert gone.version == UNREACHABLE
    with pytest.raises(PhotoError, match="the object is missing"):
        read_photo(gone, LIMITS)


def test_empty_and_oversized_objects_are_refused(bucket):
    empty, ten = (PhotoRef(bucket.put(f"{n}.jpg", b"x" * n), n, Version.parse("")) for n in (0, 10))
    with pytest.raises(PhotoError, match="empty"):
        read_photo(empty, LIMITS)
    assert read_photo(ten, DecodeConfig(max_bytes=10)) == b"x" * 10
    with pytest.raises(PhotoError, match="limit of 9 bytes"):
        read_photo(ten, DecodeConfig(max_bytes=9))


def test_a_prefix_that_holds_nothing_is_not_passed_over(bucket):
    bucket.put("a.jpg")
    with pytest.raises(NoPhotosError):
        list(find_photos([f"{bucket.uri}/typo"]))
    _, typo = find_photos([bucket.uri + "/a.jpg", f"{bucket.uri}/typo"])
    assert (typo.uri, typo.version) == (f"{bucket.uri}/typo", UNREACHABLE)


def test_prefixes_are_those_of_what_was_searched(bucket):
    inside, outside = bucket.put("album/a.jpg"), bucket.put("album-2/b.jpg")
    endpoint = f"?endpoint_override={bucket.proxy.url}"
    for source in (f"{bucket.uri}/album", f"{bucket.uri}/album/", f"{bucket.uri}/album{endpoint}"):
        prefixes = tuple(folder_prefixes([source]))
        assert all(ref.uri.startswith(prefixes) for ref in find_photos([source]))
        assert inside.startswith(prefixes)
        assert not outside.startswith(prefixes)
    assert f"{bucket.uri}/x.tar!/" in folder_prefixes([f"{bucket.uri}/x.tar"])


def store_limits(**seconds: float):
    """Put limits for object stores in force."""
    return limited(TimeLimits(store=RetryPolicy(**seconds)))


def test_gone_is_what_is_not_there_and_not_what_cannot_be_reached(bucket):
    there, gone = bucket.put("a.jpg"), f"{bucket.uri}/b.jpg"
    assert [is_gone(there), is_gone(gone), is_gone(f"{bucket.uri}/x.tar!/a.jpg")] == [False, True, True]
    bucket.proxy.fault = lambda method, path: 503
    with store_limits(total=0):
        assert not is_gone(gone)


# -- at the door --------------------------------------------------------------------------------------


def refused(*paths: str) -> str:
    with pytest.raises(UsageError) as caught:
        find_photos(paths)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_wrong_buckets_and_rights_are_refused_at_once(bucket):
    assert "no bucket 'no-such-bucket'" in refused("s3://no-such-bucket/x")
    bucket.proxy.fault = lambda method, path: 403
    assert "refuses access" in refused(bucket.uri)
    bucket.proxy.fault = lambda method, path: 400
    assert "credentials have expired" in refused(bucket.uri)


def test_no_credentials_are_said_at_once(bucket, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "no usable credentials" in refused(bucket.uri)
    bucket.put("a.jpg")
    assert found(f"{bucket.uri}?anonymous=true") == [f"{bucket.uri}/a.jpg?anonymous=true"]


def test_an_endpoint_that_nobody_listens_at_is_said_at_once(bucket):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        uri = f"{bucket.uri}?endpoint_override=http://127.0.0.1:{taken.getsockname()[1]}"
        assert "endpoint cannot be reached" in refused(uri)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("s3://", "names no bucket"),
        ("ftp://host/x", "no kind of place"),
        ("s3://b/x?endpoint=y", "unknown option 'endpoint'"),
        ("s3://B!/x", "not a name that a bucket can have"),
    ],
)
def test_uris_that_mean_nothing(bucket, uri, reason):
    assert reason in refused(uri)


@pytest.mark.parametrize(("uri", "extra"), [("s3://b/x", "s3"), ("gs://b/x", "gs"), ("az://b/x", "az")])
def test_a_missing_package_is_named(uri, extra):
    code = f"""
import sys
for name in ("boto3", "google.cloud", "azure.core"):
    sys.modules[name] = None
from photoclust.storage import object_store
from photoclust.photos.sources.gone import is_gone
from photoclust.photos.sources.references import find_photos
try:
    find_photos([{uri!r}])
except Exception as error:
    print(type(error).__name__, error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("UsageError")
    assert f"pip install 'photoclust[{extra}]'" in said


# -- a store with troubles ----------------------------------------------------------------------------


def every(n: int, fault):
    """Trouble with every nth request, the first one among them."""
    count = itertools.count()
    return lambda method, path: fault if next(count) % n == 0 else None


@pytest.mark.parametrize("fault", [503, "reset", "half"])
def test_what_passes_is_asked_again_and_counted(bucket, fault):
    keys = [f"{n:02}.jpg" for n in range(9)]
    for key in keys:
        bucket.put(key, key.encode() * 1000)
    bucket.proxy.fault = every(5, fault)
    with counting_retries() as retried:
        refs = list(find_photos([bucket.uri]))
        contents = [read_photo(ref, LIMITS) for ref in refs]
    assert contents == [key.encode() * 1000 for key in keys]
    assert retried.requests == 3 == len(bucket.proxy.requests) - 10


def test_a_stall_is_not_waited_for(bucket):
    ref = PhotoRef(bucket.put("a.jpg", b"content"), 7, Version.parse(""))
    stalls = iter([3600.0])
    bucket.proxy.fault = lambda method, path: next(stalls, None)
    with store_limits(read=2), counting_retries() as retried:
        assert read_photo(ref, LIMITS) == b"content"
    assert retried.requests >= 1


def test_requests_are_repeated_for_so_long_and_no_longer(bucket):
    ref = PhotoRef(bucket.put("a.jpg"), 1, Version.parse(""))
    bucket.proxy.fault = lambda method, path: 503
    said = r"the store said 503 SlowDown \(\d+ attempts? in 0 s\)"
    with store_limits(total=0.2), pytest.raises(PhotoError, match=said):
        read_photo(ref, LIMITS)
    said = "cannot be listed: the store said 503"
    with store_limits(total=0.2), pytest.raises(UsageError, match=said):
        find_photos([bucket.uri])


def test_what_will_not_pass_is_final(bucket):
    ref = PhotoRef(bucket.put("a.jpg"), 1, Version.parse(""))
    bucket.proxy.fault = lambda method, path: 403
    with pytest.raises(PhotoError, match="refuses access"):
        read_photo(ref, LIMITS)
    bucket.proxy.fault = lambda method, path: None
    with pytest.raises(PhotoError, match="the object is missing"):
        read_photo(PhotoRef(f"{bucket.uri}/gone.jpg", 1, Version.parse("")), LIMITS)
    assert len(bucket.proxy.requests) == 2


def test_a_listing_that_breaks_off_is_an_error(bucket):
    put_many(bucket, 1001)
    with store_limits(total=0):
        refs = find_photos([bucket.uri])
        bucket.proxy.fault = lambda method, path: 503
        with pytest.raises(ObjectStoreError, match=r"listing of s3://.* ended early"):
            list(refs)


def put_many(bucket, number: int) -> list[str]:
    from moto.s3.models import s3_backends

    (backends,) = (
        account["aws"] for account in s3_backends.values() if bucket.name in account["aws"].buckets
    )
    return [backends.put_object(bucket.name, f"{n:06}.jpg", b"x") and f"{n:06}.jpg" for n in range(number)]


def test_a_listing_goes_page_by_page(bucket):
    keys = put_many(bucket, 2500)
    refs = find_photos([bucket.uri])
    assert next(refs).uri == f"{bucket.uri}/{keys[0]}"
    assert len(bucket.proxy.requests) == 1
    assert [ref.uri for ref in refs] == [f"{bucket.uri}/{key}" for key in keys[1:]]
    assert len(bucket.proxy.requests) == 3


def test_a_photo_whose_end_is_cut_off_on_the_way_is_read_again_and_never_taken_for_damaged(bucket):
    """A proxy gives a length that fits what it lets through: no client notices."""
    bucket.put("a.jpg", b"0123456789")
    (ref,) = find_photos([bucket.uri])
    answers = iter(["short"])
    bucket.proxy.fault = lambda method, path: next(answers, None) if method == "GET" else None
    assert read_photo(ref, DecodeConfig()) == b"0123456789"
    bucket.proxy.fault = lambda method, path: "short" if method == "GET" else None
    with pytest.raises(PhotoError, match="only 5 of 10 bytes came") as caught:
        read_photo(ref, DecodeConfig())
    assert caught.value.stage == "read"


def test_a_photo_that_was_replaced_by_a_smaller_one_is_read(bucket):
    bucket.put("a.jpg", b"0123456789")
    (ref,) = find_photos([bucket.uri])
    bucket.put("a.jpg", b"0123")
    assert read_photo(ref, DecodeConfig()) == b"0123"
