"""Two writers whom no lock keeps apart take nothing from one another."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from photoclust.config import IndexSettings
from photoclust.errors import IndexCorruptError, IndexWriteError
from photoclust.index import files
from photoclust.index.parts import Parts
from photoclust.index.store import IndexStore
from photoclust.records import FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.storage import writers

WRITER = """
import sys, time
from pathlib import Path
import filelock
from photoclust.index import store as stores
from test_parts import NoLock, rows
stores.FileLock = NoLock
folder, name, go = sys.argv[1:]
store = stores.IndexStore.open(folder)
print("ready", flush=True)
while not Path(go).exists():
    time.sleep(0.001)
with store.lock():
    for number in range(20):
        store.append(*rows(name, number))
"""


class NoLock:
    """A lock on a file system that grants every one."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def acquire(self, timeout: float) -> None:
        pass

    def release(self) -> None:
        pass


def rows(name: str, number: int) -> tuple[pa.Table, pa.Table]:
    """One photo, and its faces: one, and in every fifth two."""
    photo = {"photo_id": f"{name}{number}", "uri": f"/{name}/{number}.jpg", "size": 1, "version": "1"}
    face = {"photo_id": f"{name}{number}", "box": [0] * 4, "landmarks": [0] * 10, "embedding": [0] * 512}
    face |= dict.fromkeys(("detection_score", "sharpness", "yaw", "quality"), 1.0) | {"thumbnail": b"jpeg"}
    faces = [face | {"face_id": f"{name}{number}-{n}"} for n in range(2 if number % 5 == 0 else 1)]
    return (
        pa.Table.from_pylist([photo | {"status": "ok", "attempts": 1}], PHOTO_SCHEMA),
        pa.Table.from_pylist(faces, FACE_SCHEMA),
    )


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    return IndexStore.create(tmp_path / "index", IndexSettings(), "abc123")


@pytest.fixture
def no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photoclust.index.store.FileLock", NoLock)


def test_two_processes_at_once_lose_nothing(store: IndexStore, tmp_path: Path) -> None:
    go = tmp_path / "go"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    with ExitStack() as running:
        both = [
            running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, str(store.folder), name, str(go)],
                    stdout=subprocess.PIPE,
                    env=environment,
                )
            )
            for name in "ab"
        ]
        for process in both:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        go.touch()
    assert [process.returncode for process in both] == [0, 0]
    assert len(store.photos()) == 40
    assert len(store.faces()) == 48
    assert set(store.faces()["photo_id"].to_pylist()) == set(store.photos()["photo_id"].to_pylist())


def test_a_second_writer_does_not_take_the_part_in_hand_for_a_leftover(
    store: IndexStore, no_lock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table, begun = files.write_table, []

    def interrupted(path: Path, table: pa.Table, new: bool = False) -> str:
        if path.parent.name == "photos" and not begun:
            begun.append(path)
            other = IndexStore.open(store.folder)
            with other.lock():  # another process: what it finds carries a living writer's name
                other.append(*rows("b", 0))
        return write_table(path, table, new)

    monkeypatch.setattr(files, "write_table", interrupted)
    with store.lock():
        store.append(*rows("a", 0))
    assert sorted(store.faces()["photo_id"].to_pylist()) == ["a0", "a0", "b0", "b0"]


def test_faces_that_were_taken_away_meanwhile_are_written_again(
    store: IndexStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a writer of an earlier version, which takes every part without photos for a leftover."""
    write_table, taken = files.write_table, []

    def taking(path: Path, table: pa.Table, new: bool = False) -> str:
        if path.parent.name == "photos" and not taken:
            taken.append(path)
            (path.parent.parent / "faces" / path.name).unlink()
        return write_table(path, table, new)

    monkeypatch.setattr(files, "write_table", taking)
    store.append(*rows("a", 0))
    assert len(store.parts.marks()) == 1
    assert len(store.faces()) == 2


def test_a_part_never_takes_the_place_of_another(store: IndexStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photoclust.index.parts.writer_tag", lambda: "the-same")
    monkeypatch.setattr(Parts, "_new_name", lambda parts: "part-00000000-the-same.parquet")
    store.append(*rows("a", 0))
    with pytest.raises(IndexWriteError, match=r"part-00000000-the-same\.parquet cannot be written"):
        store.append(*rows("b", 0))
    assert store.photos()["photo_id"].to_pylist() == ["a0"]


def test_faces_other_than_those_the_photos_were_written_with_are_refused(store: IndexStore) -> None:
    store.append(*rows("a", 0))
    store.append(*rows("b", 0))
    first, second = map(store.parts.faces_of, store.parts.marks())
    first.write_bytes(second.read_bytes())
    with pytest.raises(IndexCorruptError, match=f"{first.name} is not the file that .* was written with"):
        store.faces()


def test_an_index_of_an_earlier_version_is_read_and_written_to(store: IndexStore) -> None:
    for number, name in enumerate("ab"):
        for kind, table in zip(("photos", "faces"), rows(name, 0), strict=True):
            files.make_folder(store.folder / kind)
            files.write_table(store.folder / kind / f"part-{number:08d}.parquet", table)
    with store.lock():
        store.append(*rows("c", 0))
    assert store.parts.marks()[-1].name.startswith("part-00000002-")
    assert store.faces()["photo_id"].to_pylist() == ["a0", "a0", "b0", "b0", "c0", "c0"]


def test_other_faces_are_given_to_a_part_in_one_step(store: IndexStore) -> None:
    store.append(*rows("a", 0))
    (mark,) = store.parts.marks()
    before = store.parts.faces_of(mark)
    after = store.parts.replace_faces(mark, store.faces().filter(pc.field("face_id") == "a0-1"))
    assert store.faces()["face_id"].to_pylist() == ["a0-1"]
    assert (before.exists(), after.exists()) == (False, True)


def test_what_is_in_hand_elsewhere_is_left_alone_until_it_is_old(tmp_path: Path) -> None:
    elsewhere = tmp_path / ".tmp-0badcafe-77-0123456789abcdef"
    elsewhere.touch()
    assert not writers.is_abandoned(elsewhere)
    os.utime(elsewhere, (0, 0))
    assert writers.is_abandoned(elsewhere)


def test_what_a_dead_process_of_this_machine_had_in_hand_is_a_leftover(tmp_path: Path) -> None:
    if not writers.running_machine():
        pytest.skip("this system does not tell which machine it is")
    code = "from photoclust.storage.writers import writer_tag; print(writer_tag())"
    tag = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    mine, theirs = (tmp_path / f".tmp-{name.strip()}" for name in (writers.writer_tag(), tag))
    for path in (mine, theirs):
        path.touch()
    assert (writers.is_abandoned(mine), writers.is_abandoned(theirs)) == (False, True)
