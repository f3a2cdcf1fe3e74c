"""An index in an object store is the index it would be in a folder, whoever writes to it from where."""

from __future__ import annotations

import pytest
from remote_indexes import (
    of,
)

from photoclust.errors import (
    ObjectStoreError,
    UsageError,
)
from photoclust.index.place import IndexPlace
from photoclust.index.remote.at import at
from photoclust.index.store import IndexStore
from photoclust.workflows.people.suggest import suggest
from photoclust.workflows.status import status


def test_another_machine_finds_the_rows_and_the_people_of_a_local_index(stored, album_index, machine):
    machine("second")
    with at(stored) as place:
        store = IndexStore.open(place)
        assert store.photos().equals(album_index.photos())
        assert store.faces().equals(album_index.faces())
        assert of(store) == of(album_index)


def test_working_copies_are_private(stored, machine):
    with at(stored) as place:
        copy = place.folder
    assert {path.stat().st_mode & 0o777 for path in (copy, copy.parent, copy.parent.parent)} == {0o700}
    assert {path.stat().st_mode & 0o077 for path in copy.parent.rglob("*") if path.is_file()} == {0}


def test_the_folder_of_a_working_copy_stands_for_the_index(stored, machine):
    with at(stored) as place:
        pass
    with at(str(place.folder)) as again, IndexStore.open(again).lock():
        pass
    assert again.folder == place.folder


def test_an_index_is_called_what_the_user_calls_it(stored, album_index):
    with at(stored) as place:
        assert IndexStore.open(place).called == stored
        assert status(IndexStore.open(place)).index == stored
        assert f"--index {stored}" in suggest(IndexStore.open(place), 5)[0].yes
    assert album_index.called == str(album_index.folder)


def test_a_folder_is_used_as_it_is(album_index):
    with at(str(album_index.folder)) as place:
        assert place == IndexPlace(album_index.folder)


@pytest.mark.parametrize(("status", "reason"), [(403, "refuses access"), (400, "credentials have expired")])
def test_a_store_that_refuses_is_told_at_the_door(uri, bucket, machine, status, reason):
    bucket.proxy.fault = lambda verb, path: status
    with pytest.raises(ObjectStoreError, match=f"^The index {uri} cannot be read: .*{reason}"), at(uri):
        pass


def test_a_bucket_that_is_not_there_is_told_at_the_door(bucket, machine):
    with (
        pytest.raises(ObjectStoreError, match="there is no bucket 'nowhere-at-all'"),
        at("s3://nowhere-at-all/x"),
    ):
        pass


@pytest.mark.parametrize("location", ["http://host/index", "s3:///index", "file:///index"])
def test_a_place_that_can_hold_no_index_is_refused(location, machine):
    with pytest.raises(UsageError), at(location):
        pass
