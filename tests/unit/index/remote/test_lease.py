"""One writes at a time, wherever it is; who was killed or held up is followed by the next."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time

import pytest
from remote_indexes import (
    alter_leases,
    content,
    give_up_leases,
    keys,
    leases,
    mirror_of,
    of,
    parts_of,
    tables,
)

from photoclust.config import ClusterConfig
from photoclust.errors import (
    IndexLockedError,
)
from photoclust.index import files
from photoclust.index.remote.at import at
from photoclust.index.remote.lease import Lease
from photoclust.index.store import IndexStore
from photoclust.storage.object_store import open_store
from photoclust.storage.uris import parse_uri
from photoclust.workflows.cluster import group_faces

KILLED = """
import os, sys
from photoclust.index import files
from photoclust.index.store import IndexStore
from photoclust.index.photo_rows import from_disk
from photoclust.index.remote.at import at
from photoclust.index.remote.lease import Lease
uri, source = sys.argv[1:]
whole = IndexStore.open(source)
with at(uri) as place:
    store = IndexStore.create(place, whole.settings, whole.model_sha256)
    with store.lock():
        part = whole.parts.marks()[0]
        store.append(from_disk(files.read_table(part)), whole.parts.read_faces(part))
        files.write_bytes(store.folder / "faces" / "part-00000001.parquet", b"in hand")
        os._exit(9)
"""


def test_a_killed_writer_loses_the_part_in_hand_and_the_next_machine_continues(
    uri, bucket, album_index, machine
):
    command = [sys.executable, "-c", KILLED, uri, str(album_index.folder)]
    assert subprocess.run(command, check=False).returncode == 9
    faces, photos = (key for key in keys(bucket) if "part-" in key)
    assert faces.replace("faces/", "photos/") == photos
    machine("second")
    alter_leases(bucket, machine="another")
    with at(uri) as place:
        store = IndexStore.open(place)
        said = r"is being written to by .*, process \d+; .* may write in 1?\d\d s\.$"
        with pytest.raises(IndexLockedError, match=said), store.lock():
            pass
        give_up_leases(bucket)
        with store.lock():
            assert len(store.photos()) == len(files.read_table(album_index.parts.marks()[0]))
            for name in parts_of(album_index)[1:]:
                store.append(*tables(album_index, name))
            group_faces(store, ClusterConfig(k=10))
    machine("third")
    with at(uri) as place:
        assert IndexStore.open(place).faces().equals(album_index.faces())
        assert of(IndexStore.open(place)) == of(album_index)


def test_a_writer_that_was_killed_on_this_machine_keeps_nobody_out(uri, bucket, album_index, machine):
    command = [sys.executable, "-c", KILLED, uri, str(album_index.folder)]
    assert subprocess.run(command, check=False).returncode == 9
    assert len(leases(bucket)) == 1
    with at(uri) as place, IndexStore.open(place).lock():
        assert len(leases(bucket)) == 1
    assert leases(bucket) == []


def test_a_lease_that_is_not_renewed_is_waited_for(stored, bucket, album_index, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("photoclust"), "propagate", True)
    caplog.set_level("INFO", "photoclust")
    elsewhere = {"token": "x", "host": "far", "pid": 7, "job": "", "since": 0, "machine": "another"}
    began = time.time()
    a_year_ahead = {"expires": began + 3e7, "seconds": 3}
    bucket.put("indexes/family/.lease/00000001.json", json.dumps(elsewhere | a_year_ahead).encode())
    with at(stored) as place, IndexStore.open(place).lock():
        assert 1 <= time.time() - began < 60
    assert "by far, process 7, who seems to have died; waiting" in caplog.text


def test_a_lease_that_is_renewed_meanwhile_is_not_taken(stored, bucket, monkeypatch):
    lease = {"token": "x", "host": "far", "pid": 7, "job": "", "since": 0, "machine": "another"}
    key = "indexes/family/.lease/00000001.json"
    bucket.put(key, json.dumps(lease | {"expires": time.time() + 30}).encode())

    def meanwhile(seconds: float) -> None:
        bucket.put(key, json.dumps(lease | {"expires": time.time() + 120}).encode())

    monkeypatch.setattr("photoclust.index.remote.lease.time.sleep", meanwhile)
    with (
        pytest.raises(IndexLockedError, match="by far, process 7"),
        at(stored) as place,
        IndexStore.open(place).lock(),
    ):
        pass


def test_a_second_writer_is_refused_and_a_reader_is_not(stored, machine):
    with at(stored) as place, IndexStore.open(place).lock():
        machine("second")
        with at(stored) as elsewhere:
            store = IndexStore.open(elsewhere)
            assert len(store.photos()) == 18
            with pytest.raises(IndexLockedError, match=f"process {os.getpid()}"), store.lock():
                pass


def test_a_reader_of_the_same_machine_reads_beside_the_writer(stored):
    with at(stored) as place, IndexStore.open(place).lock():
        reader = mirror_of(stored, place.folder)
        assert (reader.folder / "index.json").is_file()


def test_who_was_taken_over_writes_no_more(stored, bucket, album_index, tmp_path):
    mirror = mirror_of(stored, tmp_path / "a" / "b" / "copy")
    other = mirror_of(stored, tmp_path / "c" / "d" / "copy")
    before: list[str] = []

    def come_back_late() -> None:
        with mirror.held():
            assert mirror.lease is not None
            mirror.lease.seconds = 0  # nothing is taken on trust
            give_up_leases(bucket)
            with other.held():
                before.extend(key for key in keys(bucket) if not key.startswith(".lease/"))
                files.write_bytes(mirror.folder / "photos" / "part-00000050.parquet", b"late")
                mirror.written()

    with pytest.raises(IndexLockedError, match="another has taken"):
        come_back_late()
    assert keys(bucket) == before


def test_only_one_of_two_creates_the_next_lease(stored, bucket):
    """The test's server heeds If-None-Match on a put, which the lease rests on."""
    place, key = parse_uri(stored)
    store = open_store(place)
    assert store.write(f"{key}/.lease/00000001.json", b"{}", only_new=True)
    assert not store.write(f"{key}/.lease/00000001.json", b"{}", only_new=True)


@pytest.mark.parametrize("lease", [{"expires": 4e9}, {"expires": 4e9, "seconds": 1e9}, {"expires": 1.0}])
def test_a_clock_that_is_wrong_by_years_locks_nobody_out(stored, bucket, monkeypatch, lease):
    """The store says when the lease was written; an owner is believed for an hour."""
    far = {"token": "x", "host": "far", "pid": 7, "job": "", "since": 4e9 - 120, "machine": "another"}
    bucket.put("indexes/family/.lease/00000001.json", json.dumps(far | lease).encode())
    with at(stored) as place:
        store = IndexStore.open(place)
        said = (
            r"delete the object indexes/family/\.lease/00000001\.json, or wait: .* may write in \d{1,4} s\.$"
        )
        with pytest.raises(IndexLockedError, match=said), store.lock():
            pass
        monkeypatch.setattr(Lease, "_store_time", lambda lease: time.time() + 3700)
        with store.lock():
            pass
    assert leases(bucket) == []


def test_who_slept_through_its_lease_does_not_overwrite_what_the_next_has_put_in_force(
    stored, bucket, tmp_path, monkeypatch
):
    """A laptop wakes and believes that it has just renewed: what it replaces must be what it knows."""
    asleep = mirror_of(stored, tmp_path / "a" / "b" / "copy")
    other = mirror_of(stored, tmp_path / "c" / "d" / "copy")
    theirs: list[bytes] = []

    def wake() -> None:
        with asleep.held():
            give_up_leases(bucket)
            with other.held():
                files.write_json(other.folder / "current.json", {"run_id": "theirs"})
            theirs.append(content(bucket, "current.json"))
            files.write_json(asleep.folder / "current.json", {"run_id": "mine"})
            asleep.written()

    with pytest.raises(IndexLockedError, match=r"Somebody else has written .*/current\.json"):
        wake()
    assert content(bucket, "current.json") == theirs[0]


def test_a_lease_given_back_by_who_took_it_over_is_not_renewed(stored, bucket, monkeypatch):
    place, key = parse_uri(stored)
    lease = Lease(open_store(place), f"{key}/", stored)
    lease.take()
    looked_at = iter([lease._highest()])
    bucket.client.delete_object(Bucket=bucket.name, Key=f"indexes/family/{leases(bucket)[0]}")
    now = lease._highest
    monkeypatch.setattr(lease, "_highest", lambda: next(looked_at, None) or now())
    with pytest.raises(IndexLockedError, match="another has taken"):
        lease.renew()
    assert leases(bucket) == []


def test_time_asleep_counts(stored, monkeypatch):
    place, key = parse_uri(stored)
    lease = Lease(open_store(place), f"{key}/", stored)
    lease.take()
    later = time.clock_gettime(time.CLOCK_BOOTTIME) + 3600
    monkeypatch.setattr("photoclust.index.remote.lease.time.clock_gettime", lambda clock: later)
    asked: list[bool] = []
    monkeypatch.setattr(lease, "renew", lambda: asked.append(True))
    lease.require()
    assert asked == [True]
