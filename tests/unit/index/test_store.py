"""The store: nothing half-written is read, nothing is read twice."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from photoclust.config import DetectConfig, EmbedConfig, IndexSettings
from photoclust.errors import (
    IndexCorruptError,
    IndexFormatError,
    IndexLockedError,
    IndexMismatchError,
    IndexMissingError,
    IndexWriteError,
)
from photoclust.index import files
from photoclust.index.store import Clustering, IndexStore
from photoclust.records import (
    ASSIGNMENT_SCHEMA,
    EMBEDDING_SIZE,
    FACE_SCHEMA,
    PERSON_SCHEMA,
    PHOTO_SCHEMA,
    face_embeddings,
)


def photo_rows(*rows: dict) -> pa.Table:
    plain = {"size": 1, "version": "1", "status": "ok", "attempts": 1}
    return pa.Table.from_pylist([plain | row for row in rows], schema=PHOTO_SCHEMA)


def face_rows(*ids: tuple[str, str]) -> pa.Table:
    rng = np.random.default_rng(len(ids))
    rows = [
        {
            "face_id": face_id,
            "photo_id": photo_id,
            "box": [0, 0, 1, 1],
            "landmarks": [0.0] * 10,
            "detection_score": 0.9,
            "sharpness": 1.0,
            "yaw": 0.0,
            "quality": 0.5,
            "embedding": rng.normal(size=EMBEDDING_SIZE).astype(np.float16),
            "thumbnail": b"jpeg",
        }
        for face_id, photo_id in ids
    ]
    return pa.Table.from_pylist(rows, schema=FACE_SCHEMA)


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    return IndexStore.create(tmp_path / "index", IndexSettings(), "abc123")


def test_what_is_appended_is_read_back(store: IndexStore) -> None:
    faces = face_rows(("f1", "p1"), ("f2", "p1"))
    store.append(photo_rows({"photo_id": "p1", "uri": "/a.jpg"}), faces)
    again = IndexStore.open(store.folder)
    assert again.settings == IndexSettings()
    assert again.photos()["uri"].to_pylist() == ["/a.jpg"]
    assert again.faces().equals(faces)
    assert face_embeddings(again.faces()).shape == (2, EMBEDDING_SIZE)


def test_an_empty_index_reads_as_no_rows(store: IndexStore) -> None:
    assert len(store.photos()) == len(store.faces()) == 0
    assert store.current_clustering() is None
    assert store.read_graph() is None


def test_a_later_row_replaces_an_earlier_one_and_takes_its_faces_away(store: IndexStore) -> None:
    store.append(photo_rows({"photo_id": "old", "uri": "/a.jpg"}), face_rows(("f1", "old")))
    store.append(photo_rows({"photo_id": "new", "uri": "/a.jpg"}), face_rows(("f2", "new")))
    assert store.photos()["photo_id"].to_pylist() == ["new"]
    assert store.faces([])["face_id"].to_pylist() == ["f2"]


def test_the_same_face_in_two_parts_is_read_once(store: IndexStore) -> None:
    for uri in ("/a.jpg", "/b.jpg"):
        store.append(photo_rows({"photo_id": "p", "uri": uri}), face_rows(("f", "p")))
    assert len(store.photos()) == 2
    assert store.faces([])["face_id"].to_pylist() == ["f"]


def test_faces_without_their_photos_part_do_not_exist(store: IndexStore) -> None:
    store.append(photo_rows({"photo_id": "p", "uri": "/a.jpg"}), face_rows(("f", "p")))
    files.write_table(store.folder / "faces" / "part-00000001.parquet", face_rows(("ghost", "p")))
    assert store.faces([])["face_id"].to_pylist() == ["f"]
    with store.lock():
        assert list((store.folder / "faces").iterdir()) == [store.parts.faces_of(store.parts.marks()[0])]


def test_leftovers_of_a_killed_run_are_removed(store: IndexStore) -> None:
    leftover = store.folder / ".tmp-deadbeef"
    leftover.write_bytes(b"half")
    with store.lock():
        assert not leftover.exists()


def test_a_damaged_part_is_named_and_the_cure_works(store: IndexStore) -> None:
    store.append(photo_rows({"photo_id": "p", "uri": "/a.jpg"}), face_rows(("f", "p")))
    store.append(photo_rows({"photo_id": "q", "uri": "/b.jpg"}), face_rows(("g", "q")))
    part = store.parts.faces_of(store.parts.marks()[0])
    part.write_bytes(part.read_bytes()[:-40])
    with pytest.raises(
        IndexCorruptError, match=rf"faces/{part.name} is damaged.*Delete .*photos/{part.name}"
    ):
        store.faces()
    (store.folder / "photos" / part.name).unlink()
    assert store.faces([])["face_id"].to_pylist() == ["g"]


def test_a_missing_part_is_named(store: IndexStore) -> None:
    store.append(photo_rows({"photo_id": "p", "uri": "/a.jpg"}), face_rows(("f", "p")))
    store.parts.faces_of(store.parts.marks()[0]).unlink()
    for read in (store.faces, store.photos):
        with pytest.raises(IndexCorruptError, match="is missing"):
            read()


def test_files_and_folders_are_private(store: IndexStore) -> None:
    store.append(photo_rows({"photo_id": "p", "uri": "/a.jpg"}), face_rows(("f", "p")))
    for path in [store.folder, *store.folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_there_is_no_index_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match=r"photoclust\.create"):
        IndexStore.open(tmp_path)


def test_a_folder_with_other_files_is_not_made_an_index(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(IndexFormatError, match=r"holiday\.jpg"):
        IndexStore.create(tmp_path, IndexSettings(), "abc")


def test_a_newer_format_is_refused(store: IndexStore) -> None:
    head = json.loads((store.folder / "index.json").read_text())
    (store.folder / "index.json").write_text(json.dumps(head | {"format": 99}))
    with pytest.raises(IndexFormatError, match=r"format 99.*newer"):
        IndexStore.open(store.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": "x"}'])
def test_a_damaged_head_is_refused(store: IndexStore, text: str) -> None:
    (store.folder / "index.json").write_text(text)
    with pytest.raises((IndexCorruptError, IndexFormatError), match=r"index\.json"):
        IndexStore.open(store.folder)


def test_a_second_model_is_refused_with_both_names(store: IndexStore) -> None:
    with pytest.raises(IndexMismatchError, match=r"casia-webface.*vggface2"):
        store.require(IndexSettings(embed=EmbedConfig(model="vggface2")), "def456")


def test_another_setting_is_refused_with_both_values(store: IndexStore) -> None:
    with pytest.raises(IndexMismatchError, match=r"min_face_size = \d+, not 99"):
        store.require(IndexSettings(detect=DetectConfig(min_face_size=99)), "abc123")


def test_a_second_writer_is_told_to_wait(store: IndexStore) -> None:
    code = (
        "import sys; from photoclust.index.store import IndexStore;"
        "IndexStore.open(sys.argv[1]).lock().__enter__()"
    )
    with store.lock():
        other = subprocess.run(
            [sys.executable, "-c", code, store.folder], capture_output=True, text=True, check=False
        )
    assert IndexLockedError.__name__ in other.stderr
    assert "Another photoclust is writing" in other.stderr


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_one_clear_sentence_and_nothing_is_lost(tiny_disk: Path) -> None:
    store = IndexStore.create(tiny_disk / "index", IndexSettings(), "abc")
    store.append(photo_rows({"photo_id": "p", "uri": "/a.jpg"}), face_rows(("f", "p")))
    many = face_rows(*((f"f{i}", "q") for i in range(200)))
    with pytest.raises(IndexWriteError, match="disk is full"):
        store.append(photo_rows({"photo_id": "q", "uri": "/b.jpg"}), many)
    assert store.faces([])["face_id"].to_pylist() == ["f"]
    assert not list(store.folder.rglob(".tmp-*"))


def test_an_unwritable_place_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(IndexWriteError, match="cannot be written"):
        IndexStore.create(tmp_path / "file" / "index", IndexSettings(), "abc")


def test_a_clustering_is_in_force_only_when_it_is_whole(store: IndexStore) -> None:
    first = Clustering(
        "run1", ASSIGNMENT_SCHEMA.empty_table(), PERSON_SCHEMA.empty_table(), {"fingerprint": "x"}
    )
    store.clusterings.write(first)
    assert store.current_clustering() is None
    store.clusterings.put_in_force(first.run_id)
    assert store.current_clustering() == first
    (store.folder / "clusterings" / "run1" / "run.json").unlink()
    with pytest.raises(IndexCorruptError, match="run1"):
        store.current_clustering()


def test_the_pointer_cannot_lead_out_of_the_index(store: IndexStore) -> None:
    (store.folder / "current.json").write_text('{"run_id": "../../elsewhere"}')
    with pytest.raises(IndexCorruptError, match=r"current\.json"):
        store.current_clustering()
