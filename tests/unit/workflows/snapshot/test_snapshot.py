"""A snapshot works out what is asked for, once, and takes what an earlier grouping kept of the same faces."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from photoclust.config import ClusterConfig, IndexSettings
from photoclust.index.prepared import StoredPrepared
from photoclust.index.store import IndexStore
from photoclust.people.decisions.file import added_lines
from photoclust.people.decisions.line import IGNORE, NAME, Decision
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.workflows import snapshot
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.snapshot import Snapshot, compared, extending

PERSONS, EACH = 6, 8
KEPT = ("score_normalised", "graph", "conflicting_photos", "poor", "near_duplicates", "labels")
ASKED = (*KEPT, "embeddings", "calibration", "face_ids", "decisions", "resolution", "exclusions", "names")


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    """Six people with eight faces each, one in a photo; the first has a name, the second is ignored."""
    store = IndexStore.create(tmp_path / "index", IndexSettings(), "sha")
    rng = np.random.default_rng(3)
    rows = np.repeat(rng.normal(size=(PERSONS, EMBEDDING_SIZE)), EACH, axis=0)
    rows += 0.4 * rng.normal(size=rows.shape)
    add(store, (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16))
    said = [Decision(datetime.now(UTC), NAME, ("0000",), value="Ada")]
    said.append(Decision(datetime.now(UTC), IGNORE, (f"{EACH:04d}",)))
    store.decisions_file.write_text(added_lines("", said, datetime.now(UTC)), "utf-8", newline="")
    return store


def add(store: IndexStore, vectors: npt.NDArray[np.float16]) -> None:
    names = [f"{row:04d}" for row in range(len(vectors))]
    photos = [
        {"photo_id": n, "uri": n, "size": 1, "version": "1", "status": "ok", "attempts": 1} for n in names
    ]
    plain = {"box": [0, 0, 9, 9], "landmarks": [0.0] * 10, "thumbnail": b""}
    plain |= dict.fromkeys(("detection_score", "sharpness", "yaw"), 1.0)
    quality = np.linspace(0.3, 1, len(vectors)).tolist()
    faces = [
        plain | {"face_id": n, "photo_id": n, "embedding": v, "quality": q}
        for n, v, q in zip(names, vectors, quality, strict=True)
    ]
    store.append(pa.Table.from_pylist(photos, PHOTO_SCHEMA), pa.Table.from_pylist(faces, FACE_SCHEMA))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each part was worked out, or read from the index; the real functions do it."""
    counted = Counter[str]()

    def watch(module: Any, name: str) -> None:
        real = getattr(module, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            counted[name] += 1
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, watched)

    watch(extending, "neighbour_graph")
    for name in ("conflicting_photos", "too_poor", "near_duplicates", "density_labels"):
        watch(compared, name)
    for name in ("decisions_of", "resolved_among", "exclusions_of", "names_of_faces"):
        watch(snapshot, name)
    return counted


def prepared(store: IndexStore) -> Snapshot:
    """A snapshot of faces that an earlier grouping has looked at."""
    group_faces(store, ClusterConfig())
    return Snapshot.load(store, ClusterConfig())


def assert_same(one: Snapshot, other: Snapshot) -> None:
    for name in ("embeddings", "score_normalised", "conflicting_photos", "poor", "near_duplicates", "labels"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    np.testing.assert_array_equal(one.graph.indices, other.graph.indices)
    np.testing.assert_array_equal(one.graph.distances, other.graph.distances)


def test_decisions_alone_read_no_embedding(store: IndexStore, calls: Counter[str]) -> None:
    faces = Snapshot.load(store, ClusterConfig())
    assert [line.kind for line in faces.decisions.lines] == [NAME, IGNORE]
    assert len(faces) == len(faces.face_ids) == PERSONS * EACH
    assert calls == {"decisions_of": 1}


def test_a_name_and_an_ignore_load_no_embedding_after_a_grouping(
    store: IndexStore, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = prepared(store)
    calls.clear()
    monkeypatch.setattr(StoredPrepared, "array", lambda kept, name: pytest.fail(name))
    assert faces.names["0000"] == "Ada"
    assert EACH in faces.resolution.ignored
    assert calls == {"decisions_of": 1, "resolved_among": 1, "names_of_faces": 1}


def test_each_part_is_worked_out_once(store: IndexStore, calls: Counter[str]) -> None:
    faces = Snapshot.load(store, ClusterConfig())
    for name in (*ASKED, *reversed(ASKED), "candidates", "candidates"):
        getattr(faces, name)
    assert set(calls.values()) == {1}, calls
    assert len(calls) == 9


@pytest.mark.parametrize("first", KEPT)
def test_the_order_of_questions_changes_no_answer(store: IndexStore, first: str) -> None:
    faces = Snapshot.load(store, ClusterConfig())
    getattr(faces, first)
    assert_same(faces, Snapshot.load(store, ClusterConfig()))


def test_what_a_grouping_kept_is_not_worked_out_again(store: IndexStore, calls: Counter[str]) -> None:
    anew = Snapshot.load(store, ClusterConfig())
    faces = prepared(store)
    calls.clear()
    for name in KEPT:
        getattr(faces, name)
    assert not calls
    assert_same(faces, anew)


@pytest.mark.parametrize("array", ["weighed", "indices", "distances"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_array_is_worked_out_again(
    store: IndexStore, calls: Counter[str], array: str, damage: str
) -> None:
    whole = Snapshot.load(store, ClusterConfig())
    faces = prepared(store)
    file = store.folder / "prepared" / f"{array}.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "cut" else content)
    calls.clear()
    assert_same(faces, whole)
    assert calls["neighbour_graph"] >= 1


def test_a_damaged_array_makes_the_next_grouping_keep_a_whole_one(store: IndexStore) -> None:
    prepared(store)
    file = store.folder / "prepared" / "weighed.npy"
    before = file.read_bytes()
    file.write_bytes(before[:-1])
    group_faces(store, ClusterConfig(min_cluster_size=3))
    group_faces(store, ClusterConfig())
    assert file.read_bytes() == before


def test_other_settings_reuse_the_parts_that_do_not_follow_from_them(
    store: IndexStore, calls: Counter[str]
) -> None:
    faces = Snapshot.load(store, ClusterConfig())
    assert len(faces.candidates) == len(faces)
    calls.clear()
    smaller = faces.under(ClusterConfig(min_cluster_size=3))
    for name in ASKED:
        getattr(smaller, name)
    assert calls == {"density_labels": 1, "exclusions_of": 1, "names_of_faces": 1}
    assert smaller.graph is faces.graph
    assert smaller.score_normalised is faces.score_normalised
    assert smaller.resolution is faces.resolution


def test_other_settings_for_copies_read_no_embedding_again(store: IndexStore, calls: Counter[str]) -> None:
    faces = Snapshot.load(store, ClusterConfig())
    assert len(faces.candidates) == len(faces)
    calls.clear()
    other = faces.under(ClusterConfig(photo_copies=not ClusterConfig.photo_copies))
    assert len(other.candidates) == len(faces)
    assert calls == {"conflicting_photos": 1}


@pytest.mark.parametrize(
    "config",
    [
        ClusterConfig(min_cluster_size=3),
        ClusterConfig(photo_copies=not ClusterConfig.photo_copies),
        ClusterConfig(min_quality=0.9),
        ClusterConfig(max_component=10),
    ],
)
def test_other_settings_give_what_a_snapshot_loaded_with_them_gives(
    store: IndexStore, config: ClusterConfig
) -> None:
    reused, loaded = Snapshot.load(store, ClusterConfig()).under(config), Snapshot.load(store, config)
    assert_same(reused, loaded)
    assert reused.fingerprint == loaded.fingerprint
