"""What is fetched and what is stored, in which order, and what is never overwritten."""

from __future__ import annotations

import os
import shutil

import pytest
from remote_indexes import (
    content,
    keys,
    of,
    parts_of,
    tables,
)

from photoclust.errors import (
    IndexCorruptError,
    IndexFormatError,
    IndexMissingError,
    IndexWriteError,
    ObjectStoreError,
    UsageError,
)
from photoclust.index.place import IndexPlace
from photoclust.index.remote.at import at
from photoclust.index.store import IndexStore
from photoclust.storage.retry import counting_retries
from photoclust.workflows.forget import erasure_of, forget

HEADER = "at,kind,faces,others,value,note\n"


def test_the_store_holds_what_the_folder_holds_and_no_lease_when_done(stored, bucket, machine):
    with at(stored) as place:
        here = {
            path.relative_to(place.folder).as_posix() for path in place.folder.rglob("*") if path.is_file()
        }
    assert set(keys(bucket)) == {name for name in here - {".lock"} if not name.startswith("prepared/")}


def test_nothing_is_fetched_again_that_is_here_already(stored, bucket):
    bucket.proxy.requests.clear()
    with at(stored) as place:
        IndexStore.open(place)
    assert all("list-type" in path for _, path in bucket.proxy.requests)


def test_a_working_copy_is_mended_where_it_is_stale_damaged_or_has_too_much(stored, album_index):
    with at(stored) as place:
        part = next((place.folder / "faces").iterdir())
    part.write_bytes(b"half")
    (place.folder / "current.json").unlink()
    (place.folder / "photos" / "part-00000099.parquet").write_bytes(b"never stored")
    with at(stored) as place:
        assert of(IndexStore.open(place)) == of(album_index)
        assert IndexStore.open(place).photos().equals(album_index.photos())


def test_an_index_deleted_there_is_gone_here(stored, bucket):
    for key in keys(bucket):
        bucket.client.delete_object(Bucket=bucket.name, Key=f"indexes/family/{key}")
    with at(stored) as place:
        assert [path for path in place.folder.rglob("*") if path.is_file() and path.name != ".lock"] == []
    with pytest.raises(IndexMissingError, match=f"no index at {stored}"), at(stored) as place:
        IndexStore.open(place)


def test_a_cache_emptied_meanwhile_deletes_nothing_there(stored, bucket):
    def lose_it(place: IndexPlace) -> None:
        with IndexStore.open(place).lock():
            shutil.rmtree(place.folder)

    before = keys(bucket)
    with at(stored) as place, pytest.raises(IndexWriteError, match="was removed"):
        lose_it(place)
    assert keys(bucket) == before


def test_parts_are_stored_faces_first_each_in_one_request(uri, bucket, album_index, machine):
    with at(uri) as place:
        store = IndexStore.create(place, album_index.settings, album_index.model_sha256)
        with store.lock():
            bucket.proxy.requests.clear()
            store.append(*tables(album_index, parts_of(album_index)[0]))
            puts = [path.rpartition("family/")[2] for verb, path in bucket.proxy.requests if verb == "PUT"]
            (mark,) = store.parts.marks()
    assert puts == [f"faces/{mark.name}", f"photos/{mark.name}"]


def test_what_is_forgotten_is_in_no_object(stored, bucket, machine, people_of):
    with at(stored) as place:
        store = IndexStore.open(place)
        ada = people_of(store)["ada"]
        erasure = erasure_of(store, [ada], [])
        faces = store.faces().filter(erasure_filter(erasure.faces))
        marks = [bytes(memoryview(row["thumbnail"])) for row in faces.to_pylist()]
        marks += [face.encode() for face in erasure.faces] + [ada.encode()]
        bucket.proxy.requests.clear()
        receipt = forget(store, [ada], agreed=erasure)
    assert marks
    assert any("earlier versions of objects" in place for place in receipt.not_erased)
    assert "forgetting.json" not in keys(bucket)
    held = b"".join(content(bucket, key) for key in keys(bucket))
    assert not [mark for mark in marks if mark in held]
    machine("second")
    with at(stored) as place:
        assert not erasure.faces & set(IndexStore.open(place).faces()["face_id"].to_pylist())
    done = [(verb, path.rpartition("family/")[2].partition("-")[0]) for verb, path in bucket.proxy.requests]
    order = [("PUT", "forgetting.json"), ("PUT", "faces/part"), ("PUT", "photos/part")]
    order += [("PUT", "forgotten/receipt"), ("DELETE", "forgetting.json")]
    assert [step for step in dict.fromkeys(done) if step in order] == order


def erasure_filter(faces):
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.field("face_id").isin(pa.array(sorted(faces)))


def test_decisions_written_here_are_kept_and_stored_by_the_next_writer(stored, bucket):
    with at(stored) as place:
        pass
    (place.folder / "decisions.csv").write_text(HEADER)
    with at(stored) as place, IndexStore.open(place).lock():
        pass
    assert content(bucket, "decisions.csv").decode() == HEADER


def test_decisions_changed_here_and_there_are_neither_fetched_nor_stored(stored, bucket):
    with at(stored) as place:
        mine = place.folder / "decisions.csv"
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

    with at(stored) as place, pytest.raises(UsageError, match="were both changed"):
        write(IndexStore.open(place))
    assert content(bucket, "decisions.csv").decode() == HEADER + "theirs\n"
    assert any(key.startswith("runs/") for key in keys(bucket))


def test_what_passes_is_asked_again(uri, bucket, album_index, machine):
    asked: dict[tuple[str, str], int] = {}

    def fault(verb: str, path: str) -> int | None:
        asked[verb, path] = asked.get((verb, path), 0) + 1
        return 503 if asked[verb, path] % 2 else None

    bucket.proxy.fault = fault
    with at(uri) as place:
        store = IndexStore.create(place, album_index.settings, album_index.model_sha256)
        with store.lock(), counting_retries() as retried:
            store.append(*tables(album_index, parts_of(album_index)[0]))
    assert retried.requests >= 2  # in whatever threads
    machine("second")
    with at(uri) as place:
        assert len(IndexStore.open(place).photos()) == 6


def test_what_is_no_index_is_not_fetched(uri, bucket, machine):
    bucket.put("indexes/family/holiday.jpg")
    with pytest.raises(IndexFormatError, match=r"holds no index but other objects, 'holiday.jpg'"), at(uri):
        pass


def test_a_key_that_leads_out_of_the_folder_is_left_alone(stored, bucket, machine):
    bucket.put("indexes/family/review/../../../../escaped", b"x")
    cache = machine("second")
    with at(stored):
        assert not list(cache.parent.rglob("escaped"))


def test_an_object_whose_end_is_cut_off_on_the_way_is_fetched_again(stored, bucket, album_index, machine):
    """The length that a proxy gives fits what it lets through: what is listed tells."""
    cut: set[str] = set()

    def fault(method: str, path: str) -> str | None:
        first = method == "GET" and ".parquet" in path and path not in cut
        cut.update({path} if first else ())
        return "short" if first else None

    machine("second")
    bucket.proxy.fault = fault
    with at(stored) as place:
        assert IndexStore.open(place).faces().equals(album_index.faces())
    assert len(cut) > 5


def test_an_object_that_never_comes_whole_is_no_working_copy(stored, bucket, machine):
    machine("second")
    bucket.proxy.fault = lambda method, path: "short" if method == "GET" and "faces/" in path else None
    with pytest.raises(ObjectStoreError, match=r"faces/part-.* bytes came"), at(stored):
        pass
    bucket.proxy.fault = lambda method, path: None
    with at(stored) as place:
        assert len(IndexStore.open(place).faces()) == 21


def test_a_tag_that_is_no_hash_of_the_content_is_put_up_with(stored, bucket, monkeypatch):
    """As of objects that S3 encrypts with a key of KMS."""
    monkeypatch.setattr("photoclust.storage.whole._fits", lambda content, tag: False)
    with at(stored) as place:
        part = next((place.folder / "faces").iterdir())
    part.unlink()
    with at(stored):
        assert part.is_file()


def test_a_working_copy_that_has_rotted_is_fetched_again(stored, album_index):
    def read() -> None:
        with at(stored) as place:
            assert IndexStore.open(place).faces().equals(album_index.faces())

    with at(stored) as place:
        part = next((place.folder / "faces").iterdir())
    times = (part.stat().st_atime_ns, part.stat().st_mtime_ns)
    rotten = bytearray(part.read_bytes())
    rotten[100] ^= 1
    part.write_bytes(rotten)
    os.utime(part, ns=times)
    with pytest.raises(IndexCorruptError, match="will be fetched again: try again"):
        read()
    read()
