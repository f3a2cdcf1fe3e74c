"""What fsspec reaches behaves as a bucket does; its own file system in memory stands for all of them."""

from __future__ import annotations

import itertools

import fsspec
import pytest

from photoclust.errors import ObjectStoreError
from photoclust.objects.generic import GenericStore
from photoclust.objects.patience import Patience, counting_retries

HASTY = Patience(total=5)


class _StatusError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


@pytest.fixture
def store():
    memory = fsspec.filesystem("memory", skip_instance_cache=True)
    yield GenericStore(memory, "bucket", HASTY)
    memory.rm("bucket", recursive=True) if memory.exists("bucket") else None


def test_what_is_written_is_listed_in_order_read_and_deleted(store):
    keys = ["a.jpg", "b/c/d.jpg", "b/e.jpg", "b-1.jpg", "f.jpg"]
    for key in keys:
        assert store.write(key, key.encode())
    assert [found.key for found in store.objects("")] == sorted(keys)
    assert [found.key for found in store.objects("b/")] == ["b/c/d.jpg", "b/e.jpg"]
    assert store.info("b/e.jpg").size == 7
    assert store.info("b") is None is store.info("gone")
    assert store.read("b/e.jpg") == b"b/e.jpg"
    assert store.read("b/e.jpg", 2, 3) == b"e.j"
    store.delete("a.jpg")
    store.delete("a.jpg")
    assert store.info("a.jpg") is None
    with pytest.raises(ObjectStoreError, match="the object is missing"):
        store.read("a.jpg")


def test_only_new_objects_are_written_when_asked(store):
    assert store.write("a", b"1", only_new=True)
    assert not store.write("a", b"2", only_new=True)
    assert store.read("a") == b"1"


def test_a_changed_object_has_another_tag(store):
    store.write("a", b"1")
    before = store.info("a")
    store.write("a", b"2")
    assert store.info("a").tag != before.tag


@pytest.mark.parametrize(
    "error", [_StatusError(503), _StatusError(429), ConnectionResetError("x"), TimeoutError("x")]
)
def test_what_passes_is_asked_again(store, monkeypatch, error):
    store.write("a", b"1")
    asked = itertools.count()
    read = store.filesystem.cat_file

    def troubled(*arguments, **values):
        if next(asked) < 2:
            raise error
        return read(*arguments, **values)

    monkeypatch.setattr(store.filesystem, "cat_file", troubled)
    with counting_retries() as retried:
        assert store.read("a") == b"1"
    assert retried.requests == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (_StatusError(403), "refuses access"),
        (PermissionError("x"), "refuses access"),
        (KeyError("odd"), "odd"),
    ],
)
def test_what_will_not_pass_is_final(store, monkeypatch, error, reason):
    def troubled(*arguments, **values):
        raise error

    monkeypatch.setattr(store.filesystem, "cat_file", troubled)
    with pytest.raises(ObjectStoreError, match=reason):
        store.read("a")
