"""An index in an object store is the index it would be in a folder, whoever writes to it from where."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from photoclust.cli.summary import status_values
from photoclust.config import ClusterConfig
from photoclust.errors import (
    IndexFormatError,
    IndexLockedError,
    IndexMissingError,
    IndexWriteError,
    ObjectStoreError,
    UsageError,
)
from photoclust.forgetting import erasure_of, forget
from photoclust.index import files
from photoclust.index.store import IndexStore
from photoclust.objects.patience import counting_retries
from photoclust.objects.store import open_store
from photoclust.objects.uris import parse_uri
from photoclust.pipeline import group_faces
from photoclust.remote.at import at
from photoclust.remote.mirror import Mirror
from photoclust.suggesting import suggest

HEADER = "at,kind,faces,others,value,note\n"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Be on the machine of that name, which has a cache folder of its own."""

    def be(name: str) -> Path:
        monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / name))
        return tmp_path / name

    be("first")
    return be


@pytest.fixture
def uri(bucket) -> str:
    return f"{bucket.uri}/indexes/family"


@pytest.fixture
def stored(uri: str, album_index: IndexStore, machine) -> str:
    """The index of `album_index`, written to the store from the first machine."""
    with at(uri) as folder:
        store = IndexStore.create(folder, album_index.settings, album_index.model_sha256)
        with store.lock():
            for name in parts_of(album_index):
                store.append(*tables(album_index, name))
            group_faces(store, ClusterConfig(k=10))
    return uri


def parts_of(store: IndexStore) -> list[str]:
    return sorted(path.name for path in (store.folder / "photos").iterdir())


def tables(store: IndexStore, name: str):
    return (files.read_table(store.folder / kind / name) for kind in ("photos", "faces"))


def keys(bucket) -> list[str]:
    found = bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", ())
    return [entry["Key"].removeprefix("indexes/family/") for entry in found]


def content(bucket, key: str) -> bytes:
    return bucket.client.get_object(Bucket=bucket.name, Key=f"indexes/family/{key}")["Body"].read()


def leases(bucket) -> list[str]:
    return [key for key in keys(bucket) if key.startswith(".lease/")]


def alter_leases(bucket, **values: object) -> None:
    for key in leases(bucket):
        lease = json.loads(content(bucket, key)) | values
        bucket.put(f"indexes/family/{key}", json.dumps(lease).encode())


def give_up_leases(bucket) -> None:
    """What time does: let every lease expire."""
    alter_leases(bucket, expires=0)


def of(people) -> list[tuple[str, str]]:
    table = people.current_clustering().assignments
    return list(zip(table["face_id"].to_pylist(), table["status"].to_pylist(), strict=True))


def mirror_of(uri: str, folder: Path) -> Mirror:
    place, key = parse_uri(uri)
    from photoclust.cli.progress import fetch_progress

    mirror = Mirror(open_store(place), f"{key}/", uri, folder, fetch_progress)
    mirror.fetch()
    return mirror


def test_another_machine_finds_the_rows_and_the_people_of_a_local_index(stored, album_index, machine):
    machine("second")
    with at(stored) as folder:
        store = IndexStore.open(folder)
        assert store.photos().equals(album_index.photos())
        assert store.faces().equals(album_index.faces())
        assert of(store) == of(album_index)


def test_the_store_holds_what_the_folder_holds_and_no_lease_when_done(stored, bucket, machine):
    with at(stored) as folder:
        here = {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}
    assert set(keys(bucket)) == here - {".lock"}


def test_working_copies_are_private(stored, machine):
    with at(stored) as folder:
        copy = Path(folder)
    assert {path.stat().st_mode & 0o777 for path in (copy, copy.parent, copy.parent.parent)} == {0o700}
    assert {path.stat().st_mode & 0o077 for path in copy.parent.rglob("*") if path.is_file()} == {0}


def test_nothing_is_fetched_again_that_is_here_already(stored, bucket):
    bucket.proxy.requests.clear()
    with at(stored) as folder:
        IndexStore.open(folder)
    assert all("list-type" in path for _, path in bucket.proxy.requests)


def test_a_working_copy_is_mended_where_it_is_stale_damaged_or_has_too_much(stored, album_index):
    with at(stored) as folder:
        part = next((Path(folder) / "faces").iterdir())
    part.write_bytes(b"half")
    (Path(folder) / "current.json").unlink()
    (Path(folder) / "photos" / "part-00000099.parquet").write_bytes(b"never stored")
    with at(stored) as folder:
        assert of(IndexStore.open(folder)) == of(album_index)
        assert IndexStore.open(folder).photos().equals(album_index.photos())


def test_an_index_deleted_there_is_gone_here(stored, bucket):
    for key in keys(bucket):
        bucket.client.delete_object(Bucket=bucket.name, Key=f"indexes/family/{key}")
    with at(stored) as folder:
        assert [path for path in Path(folder).rglob("*") if path.is_file() and path.name != ".lock"] == []
    with pytest.raises(IndexMissingError, match=f"no index at {stored}"), at(stored) as folder:
        IndexStore.open(folder)


def test_a_cache_emptied_meanwhile_deletes_nothing_there(stored, bucket):
    def lose_it(folder: str) -> None:
        with IndexStore.open(folder).lock():
            shutil.rmtree(folder)

    before = keys(bucket)
    with at(stored) as folder, pytest.raises(IndexWriteError, match="was removed"):
        lose_it(folder)
    assert keys(bucket) == before


def test_the_folder_of_a_working_copy_stands_for_the_index(stored, machine):
    with at(stored) as folder:
        pass
    with at(folder) as again, IndexStore.open(again).lock():
        pass
    assert again == folder


def test_an_index_is_called_what_the_user_calls_it(stored, album_index):
    with at(stored) as folder:
        assert IndexStore.open(folder).called == stored
        assert status_values(IndexStore.open(folder))["index"] == stored
        assert f"--index {stored}" in suggest(IndexStore.open(folder), 5)[0]["yes"]
    assert album_index.called == str(album_index.folder)


def test_a_folder_is_used_as_it_is(album_index):
    with at(str(album_index.folder)) as folder:
        assert folder == str(album_index.folder)


KILLED = """
import os, sys
from photoclust.index import files
from photoclust.index.store import IndexStore
from photoclust.remote.at import at
uri, source = sys.argv[1:]
whole = IndexStore.open(source)
with at(uri) as folder:
    store = IndexStore.create(folder, whole.settings, whole.model_sha256)
    with store.lock():
        part = "part-00000000.parquet"
        store.append(*(files.read_table(whole.folder / kind / part) for kind in ("photos", "faces")))
        files.write_bytes(store.folder / "faces" / "part-00000001.parquet", b"in hand")
        os._exit(9)
"""


def test_a_killed_writer_loses_the_part_in_hand_and_the_next_machine_continues(
    uri, bucket, album_index, machine
):
    command = [sys.executable, "-c", KILLED, uri, str(album_index.folder)]
    assert subprocess.run(command, check=False).returncode == 9
    assert [key for key in keys(bucket) if "part-" in key] == [
        "faces/part-00000000.parquet",
        "photos/part-00000000.parquet",
    ]
    machine("second")
    alter_leases(bucket, machine="another")
    with at(uri) as folder:
        store = IndexStore.open(folder)
        said = r"is being written to by .*, process \d+; .* may write in 1?\d\d s\.$"
        with pytest.raises(IndexLockedError, match=said), store.lock():
            pass
        give_up_leases(bucket)
        with store.lock():
            assert len(store.photos()) == len(
                files.read_table(album_index.folder / "photos" / "part-00000000.parquet")
            )
            for name in parts_of(album_index)[1:]:
                store.append(*tables(album_index, name))
            group_faces(store, ClusterConfig(k=10))
    machine("third")
    with at(uri) as folder:
        assert IndexStore.open(folder).faces().equals(album_index.faces())
        assert of(IndexStore.open(folder)) == of(album_index)


def test_a_writer_that_was_killed_on_this_machine_keeps_nobody_out(uri, bucket, album_index, machine):
    command = [sys.executable, "-c", KILLED, uri, str(album_index.folder)]
    assert subprocess.run(command, check=False).returncode == 9
    assert len(leases(bucket)) == 1
    with at(uri) as folder, IndexStore.open(folder).lock():
        assert len(leases(bucket)) == 1
    assert leases(bucket) == []


def test_a_lease_that_is_not_renewed_is_waited_for(stored, bucket, album_index, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("photoclust"), "propagate", True)
    caplog.set_level("INFO", "photoclust")
    elsewhere = {"token": "x", "host": "far", "pid": 7, "job": "", "since": 0, "machine": "another"}
    ends = time.time() + 3
    bucket.put("indexes/family/.lease/00000001.json", json.dumps(elsewhere | {"expires": ends}).encode())
    with at(stored) as folder, IndexStore.open(folder).lock():
        assert time.time() >= ends
    assert "by far, process 7, who seems to have died; waiting" in caplog.text


def test_a_lease_that_is_renewed_meanwhile_is_not_taken(stored, bucket, monkeypatch):
    lease = {"token": "x", "host": "far", "pid": 7, "job": "", "since": 0, "machine": "another"}
    key = "indexes/family/.lease/00000001.json"
    bucket.put(key, json.dumps(lease | {"expires": time.time() + 30}).encode())

    def meanwhile(seconds: float) -> None:
        bucket.put(key, json.dumps(lease | {"expires": time.time() + 120}).encode())

    monkeypatch.setattr("photoclust.remote.lease.time.sleep", meanwhile)
    with (
        pytest.raises(IndexLockedError, match="by far, process 7"),
        at(stored) as folder,
        IndexStore.open(folder).lock(),
    ):
        pass


def test_parts_are_stored_faces_first_each_in_one_request(uri, bucket, album_index, machine):
    with at(uri) as folder:
        store = IndexStore.create(folder, album_index.settings, album_index.model_sha256)
        with store.lock():
            bucket.proxy.requests.clear()
            store.append(*tables(album_index, "part-00000000.parquet"))
            puts = [path.rpartition("family/")[2] for verb, path in bucket.proxy.requests if verb == "PUT"]
    assert puts == ["faces/part-00000000.parquet", "photos/part-00000000.parquet"]


def test_a_second_writer_is_refused_and_a_reader_is_not(stored, machine):
    with at(stored) as folder, IndexStore.open(folder).lock():
        machine("second")
        with at(stored) as elsewhere:
            store = IndexStore.open(elsewhere)
            assert len(store.photos()) == 18
            with pytest.raises(IndexLockedError, match=f"process {os.getpid()}"), store.lock():
                pass


def test_a_reader_of_the_same_machine_reads_beside_the_writer(stored):
    with at(stored) as folder, IndexStore.open(folder).lock():
        reader = mirror_of(stored, Path(folder))
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


def test_what_is_forgotten_is_in_no_object(stored, bucket, machine, people_of):
    with at(stored) as folder:
        store = IndexStore.open(folder)
        ada = people_of(store)["ada"]
        erasure = erasure_of(store, [ada], [])
        faces = store.faces().filter(erasure_filter(erasure.faces))
        marks = [bytes(memoryview(row["thumbnail"])) for row in faces.to_pylist()]
        marks += [face.encode() for face in erasure.faces] + [ada.encode()]
        with store.lock():
            bucket.proxy.requests.clear()
            receipt = forget(store, erasure)
    assert marks
    assert any("earlier versions of objects" in place for place in receipt["not_erased"])
    assert "forgetting.json" not in keys(bucket)
    held = b"".join(content(bucket, key) for key in keys(bucket))
    assert not [mark for mark in marks if mark in held]
    machine("second")
    with at(stored) as folder:
        assert not erasure.faces & set(IndexStore.open(folder).faces()["face_id"].to_pylist())
    done = [(verb, path.rpartition("family/")[2].partition("-")[0]) for verb, path in bucket.proxy.requests]
    order = [("PUT", "forgetting.json"), ("PUT", "faces/part"), ("PUT", "photos/part")]
    order += [("PUT", "forgotten/receipt"), ("DELETE", "forgetting.json")]
    assert [step for step in dict.fromkeys(done) if step in order] == order


def erasure_filter(faces):
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.field("face_id").isin(pa.array(sorted(faces)))


def test_decisions_written_here_are_kept_and_stored_by_the_next_writer(stored, bucket):
    with at(stored) as folder:
        pass
    (Path(folder) / "decisions.csv").write_text(HEADER)
    with at(stored) as folder, IndexStore.open(folder).lock():
        pass
    assert content(bucket, "decisions.csv").decode() == HEADER


def test_decisions_changed_here_and_there_are_neither_fetched_nor_stored(stored, bucket):
    with at(stored) as folder:
        mine = Path(folder) / "decisions.csv"
    mine.write_text(HEADER + "mine\n")
    bucket.put("indexes/family/decisions.csv", (HEADER + "theirs\n").encode())
    with pytest.raises(UsageError, match="were both changed"), at(stored):
        pass
    assert mine.read_text() == HEADER + "mine\n"
    assert content(bucket, "decisions.csv").decode() == HEADER + "theirs\n"
    mine.unlink()
    with at(stored):
        assert mine.read_text() == HEADER + "theirs\n"


def test_a_conflict_that_arises_while_writing_holds_back_that_file_alone(stored, bucket, album_index):
    def write(store: IndexStore) -> None:
        with store.lock():
            bucket.put("indexes/family/decisions.csv", (HEADER + "theirs\n").encode())
            store.add_decisions(HEADER)
            store.write_run({"kind": "index"})

    with at(stored) as folder, pytest.raises(UsageError, match="were both changed"):
        write(IndexStore.open(folder))
    assert content(bucket, "decisions.csv").decode() == HEADER + "theirs\n"
    assert any(key.startswith("runs/") for key in keys(bucket))


def test_what_passes_is_asked_again(uri, bucket, album_index, machine):
    asked: dict[tuple[str, str], int] = {}

    def fault(verb: str, path: str) -> int | None:
        asked[verb, path] = asked.get((verb, path), 0) + 1
        return 503 if asked[verb, path] % 2 else None

    bucket.proxy.fault = fault
    with at(uri) as folder:
        store = IndexStore.create(folder, album_index.settings, album_index.model_sha256)
        with store.lock(), counting_retries() as retried:
            store.append(*tables(album_index, "part-00000000.parquet"))
    assert retried.requests >= 2  # in whatever threads
    machine("second")
    with at(uri) as folder:
        assert len(IndexStore.open(folder).photos()) == 6


def test_what_is_no_index_is_not_fetched(uri, bucket, machine):
    bucket.put("indexes/family/holiday.jpg")
    with pytest.raises(IndexFormatError, match=r"holds no index but other objects, 'holiday.jpg'"), at(uri):
        pass


def test_a_key_that_leads_out_of_the_folder_is_left_alone(stored, bucket, machine):
    bucket.put("indexes/family/review/../../../../escaped", b"x")
    cache = machine("second")
    with at(stored):
        assert not list(cache.parent.rglob("escaped"))


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
