"""Every kind of store, over HTTP, keeps the same promises: moto for S3, emulators for the other two."""

from __future__ import annotations

import io
import itertools
import json
import logging
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from photoclust.config import DecodeConfig
from photoclust.errors import IndexLockedError, NoPhotosError, ObjectStoreError, UsageError
from photoclust.index.remote.at import at
from photoclust.index.store import IndexStore
from photoclust.limits import RetryPolicy, TimeLimits, limited
from photoclust.photos.sources.references import find_photos, read_photo
from photoclust.storage import object_store, s3
from photoclust.storage.object_store import ObjectStore, open_store
from photoclust.storage.retry import counting_retries
from photoclust.storage.uris import parse_uri

_AZURITE_ACCOUNT = "devstoreaccount1"  # the emulator's, known to everybody
_AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_names = itertools.count()


@dataclass
class Served:
    """An empty bucket of some kind, behind a proxy."""

    uri: str
    proxy: Any

    @property
    def store(self) -> ObjectStore:
        return open_store(parse_uri(self.uri)[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def google_server() -> Iterator[tuple[str, int]]:
    from gcp_storage_emulator.server import create_server

    logging.getLogger("gcp_storage_emulator").setLevel(logging.CRITICAL)
    address = ("127.0.0.1", free_port())
    server = create_server(*address, in_memory=True)
    server.start()
    yield address
    server.stop()


@pytest.fixture(scope="session")
def azure_server() -> Iterator[tuple[str, int]]:
    command = shutil.which("azurite-blob")
    if command is None:
        pytest.skip("azurite is not on the PATH; npm install -g azurite")
    host, port = address = ("127.0.0.1", free_port())
    options = ["--silent", "--disableTelemetry", "--inMemoryPersistence", "--skipApiVersionCheck"]
    place = ["--blobHost", host, "--blobPort", str(port)]
    with subprocess.Popen([command, *options, *place], stdout=subprocess.DEVNULL) as server:
        while server.poll() is None:
            try:
                socket.create_connection(address, timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
        server.terminate()


def google(server: tuple[str, int], proxy: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    from google.cloud.storage import Client

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://{}:{}".format(*server))
    name = f"photos-{next(_names)}"
    bucket = Client(project="tests").create_bucket(name)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)

    def refuses(method: str, path: str, body: bytes) -> int | None:
        """The emulator does not heed this precondition yet."""
        if "ifGenerationMatch=0" not in path:
            return None
        key = json.loads(body.split(b"\r\n\r\n")[1].split(b"\r\n")[0])["name"]
        return 412 if bucket.get_blob(key) else None

    proxy.refuses = refuses
    return f"gs://{name}"


def azure(server: tuple[str, int], proxy: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    from azure.storage.blob import ContainerClient

    name = f"photos-{next(_names)}"
    string = f"DefaultEndpointsProtocol=http;AccountName={_AZURITE_ACCOUNT};AccountKey={_AZURITE_KEY};"
    string += "BlobEndpoint={}/" + _AZURITE_ACCOUNT
    ContainerClient.from_connection_string(
        string.format("http://{}:{}".format(*server)), name
    ).create_container()
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", string.format(proxy.url))
    return f"az://{name}"


@pytest.fixture(params=["s3", "gs", "az"])
def served(request: Any, proxy_to: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    if request.param == "s3":
        bucket = request.getfixturevalue("bucket")
        yield Served(bucket.uri, bucket.proxy)
        return
    make, name = (google, "google_server") if request.param == "gs" else (azure, "azure_server")
    server = request.getfixturevalue(name)
    proxy = proxy_to(server)
    object_store._open.cache_clear()
    yield Served(make(server, proxy, monkeypatch), proxy)
    object_store._open.cache_clear()


def test_what_is_written_is_listed_in_order_read_and_deleted(served):
    store, keys = served.store, ["a.jpg", "b/c/d.jpg", "b/e.jpg", "b-1.jpg", "f.jpg"]
    for key in keys:
        assert store.write(key, key.encode())
    assert [found.key for found in store.objects("")] == sorted(keys)
    assert [found.key for found in store.objects("b/")] == ["b/c/d.jpg", "b/e.jpg"]
    assert list(store.objects("none/")) == []
    assert store.info("b/e.jpg").size == 7
    assert store.info("b") is None is store.info("gone")
    assert store.read("b/e.jpg") == b"b/e.jpg"
    store.delete("a.jpg")
    store.delete("a.jpg")
    assert store.info("a.jpg") is None
    with pytest.raises(ObjectStoreError, match="the object is missing"):
        store.read("a.jpg")


def test_one_request_for_each_thing_that_is_wanted(served):
    for number in range(9):
        served.store.write(f"{number}", b"content")
        assert served.store.read(f"{number}") == b"content"
    assert len(served.proxy.requests) == 18


def test_parts_are_read_and_nothing_beyond_the_end(served):
    store = served.store
    store.write("a", b"0123456789")
    store.write("empty", b"")
    assert store.read("a", 2, 3) == b"234"
    assert store.read("a", 8, 100) == b"89"
    assert store.read("a", 10, 100) == b""
    assert store.read("a", 4) == b"456789"
    assert store.read("empty") == b""


def test_only_new_objects_are_written_when_asked(served):
    store = served.store
    assert store.write("a", b"1", only_new=True)
    assert not store.write("a", b"2", only_new=True)
    assert store.read("a") == b"1"


def test_only_what_is_known_is_replaced_when_asked(served):
    store = served.store
    assert not store.write("a", b"0", replaces="0" * 32)
    assert store.info("a") is None
    store.write("a", b"1")
    known = store.info("a").tag
    assert store.write("a", b"2", replaces=known)
    assert not store.write("a", b"3", replaces=known)
    assert store.read("a") == b"2"


def test_a_store_tells_when_an_object_was_written(served):
    served.store.write("a", b"1")
    (listed,) = served.store.objects("")
    for found in (listed, served.store.info("a")):
        assert abs(found.modified - time.time()) < 60


def test_a_store_without_conditional_puts_is_asked_first(bucket):
    store = open_store(parse_uri(bucket.uri)[0])
    store.write("a", b"1")
    known = store.info("a").tag
    refusals = iter([501, None, None, 501, None, None])
    bucket.proxy.fault = lambda method, path: next(refusals) if method in ("PUT", "HEAD") else None
    assert store.write("a", b"2", replaces=known)
    assert not store.write("a", b"3", replaces=known)
    assert store.read("a") == b"2"


def test_a_tag_is_that_of_the_content_whoever_tells_it(served):
    store = served.store
    store.write("a", b"1")
    before = store.info("a")
    assert list(store.objects("")) == [before]
    store.write("a", b"2")
    assert store.info("a").tag != before.tag
    store.write("a", b"1")
    assert store.info("a").tag == before.tag


@pytest.mark.parametrize(
    "key", ["été 1.jpg", "100%.jpg", "a%20b.jpg", "q?x.jpg", "#1.jpg", "x.tar!/y.jpg", "a//b.jpg", " a .jpg"]
)
def test_any_key_can_be_found_and_read(served, key):
    served.store.write(key, b"content")
    (ref,) = find_photos([served.uri])
    assert read_photo(ref, DecodeConfig()) == b"content"
    assert [found.uri for found in find_photos([ref.uri])] == [ref.uri]


# -- troubles -----------------------------------------------------------------------------------------


def every(n: int, fault):
    """Trouble with every nth request, the first one among them."""
    count = itertools.count()
    return lambda method, path: fault if next(count) % n == 0 else None


@pytest.mark.parametrize("fault", [503, "reset", "half"])
def test_what_passes_is_asked_again_and_counted(served, fault):
    store, keys = served.store, [f"{n:02}.jpg" for n in range(9)]
    for key in keys:
        store.write(key, key.encode() * 1000)
    served.proxy.requests.clear()
    served.proxy.fault = every(5, fault)
    with counting_retries() as retried:
        listed = [found.key for found in store.objects("")]
        contents = [store.read(key) for key in listed]
    assert listed == keys
    assert contents == [key.encode() * 1000 for key in keys]
    assert len(served.proxy.requests) - 10 == 3
    by_itself = served.uri.startswith("az:") and fault == "half"
    assert retried.requests == (1 if by_itself else 3)


def test_a_stall_is_not_waited_for(served):
    served.store.write("a", b"content")
    stalls = iter([3600.0])
    served.proxy.fault = lambda method, path: next(stalls, None)
    with limited(TimeLimits(store=RetryPolicy(read=2))), counting_retries() as retried:
        assert served.store.read("a") == b"content"
    assert retried.requests >= 1


def test_a_write_that_was_cut_off_is_written_once(served):
    served.proxy.fault = every(2, "half")
    assert served.store.write("a", b"content")
    served.proxy.fault = lambda method, path: None
    assert served.store.read("a") == b"content"


def refused(*paths: str) -> str:
    with pytest.raises(UsageError) as caught:
        find_photos(paths)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_a_wrong_bucket_and_missing_rights_are_said_at_once(served):
    scheme = served.uri.partition(":")[0]
    assert "no-such-bucket" in refused(f"{scheme}://no-such-bucket/x")
    served.proxy.fault = lambda method, path: 403
    assert "refuses access" in refused(served.uri)


def test_an_endpoint_that_nobody_listens_at_is_said_at_once(served):
    nowhere = f"http://127.0.0.1:{free_port()}/{_AZURITE_ACCOUNT if served.uri.startswith('az') else ''}"
    assert "cannot be reached" in refused(f"{served.uri}?endpoint_override={nowhere}")


def test_a_prefix_that_holds_nothing_is_said(served):
    with pytest.raises(NoPhotosError):
        list(find_photos([f"{served.uri}/typo"]))


# -- an index -----------------------------------------------------------------------------------------


def test_an_index_is_written_by_one_and_read_by_another(served, album_index, tmp_path, monkeypatch):
    uri = f"{served.uri}/indexes/family"
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "first"))
    with at(uri) as place:
        store = IndexStore.create(place, album_index.settings, album_index.model_sha256)
        with store.lock():
            store.append(album_index.photos(), album_index.faces())
            monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "second"))
            with at(uri) as elsewhere:
                other = IndexStore.open(elsewhere)
                assert other.faces().equals(album_index.faces())
                with pytest.raises(IndexLockedError, match=f"process {os.getpid()}"), other.lock():
                    pass
    with at(uri) as elsewhere, IndexStore.open(elsewhere).lock():
        assert IndexStore.open(elsewhere).photos().equals(album_index.photos())
    assert not list(served.store.objects("indexes/family/.lease/"))


class _Headless:
    """An S3 client behind a proxy that drops headers and fields."""

    def head_object(self, **_: object) -> dict:
        return {"ETag": '"x"'}

    def list_objects_v2(self, **_: object) -> dict:
        return {"Contents": [{"Key": "a"}]}

    def get_object(self, **_: object) -> dict:
        return {"Body": io.BytesIO(b"bytes")}


def test_an_answer_that_lacks_a_field_is_no_unexpected_error() -> None:
    store = s3.S3Store(_Headless(), "bucket", RetryPolicy())
    with pytest.raises(ObjectStoreError, match="KeyError: 'ContentLength'"):
        store.info("a")
    with pytest.raises(ObjectStoreError, match="not understood"):
        list(store.objects(""))
    assert store.read("a") == b"bytes"
