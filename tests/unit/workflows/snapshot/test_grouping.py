"""The stored graph: used where it serves, extended where faces are new, never where it is another's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from photoclust.config import ClusterConfig, IndexSettings
from photoclust.errors import VectorError
from photoclust.index import files, scratch
from photoclust.index.graph import StoredGraph
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, MEMBER, PHOTO_SCHEMA, UNSURE
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.snapshot.extending import neighbour_graph

KNOWN, OTHER = calibration_of("casia-webface"), calibration_of("some other model")


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    return IndexStore.create(tmp_path / "index", IndexSettings(), "sha")


def add(store: IndexStore, vectors: npt.NDArray[np.float32], first: int = 0) -> None:
    """Index one photo with one face for each vector."""
    names = [f"{(first + i) * 7919 % 1000:04d}" for i in range(len(vectors))]  # arrive out of order
    photos = [
        {"photo_id": n, "uri": n, "size": 1, "version": "1", "status": "ok", "attempts": 1} for n in names
    ]
    plain = {"box": [0, 0, 9, 9], "landmarks": [0.0] * 10, "thumbnail": b""}
    plain |= dict.fromkeys(("detection_score", "sharpness", "yaw", "quality"), 1.0)
    faces = [
        plain | {"face_id": n, "photo_id": n, "embedding": v.astype(np.float16)}
        for n, v in zip(names, vectors, strict=True)
    ]
    tables = pa.Table.from_pylist(photos, PHOTO_SCHEMA), pa.Table.from_pylist(faces, FACE_SCHEMA)
    store.append(*tables)


def vectors(n: int, seed: int = 0) -> npt.NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(n, EMBEDDING_SIZE))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_an_extended_graph_is_the_one_built_anew(tmp_path: Path, store: IndexStore) -> None:
    add(store, vectors(60))
    neighbour_graph(store, store.faces(), KNOWN, 10)
    add(store, vectors(30, seed=1), first=60)
    _, extended = neighbour_graph(store, store.faces(), KNOWN, 10)
    (store.folder / "neighbours" / "graph.parquet").unlink()
    _, anew = neighbour_graph(store, store.faces(), KNOWN, 10)
    np.testing.assert_array_equal(extended.indices, anew.indices)
    np.testing.assert_array_equal(extended.distances, anew.distances)


def test_a_face_embedded_anew_is_no_longer_where_it_was(store: IndexStore) -> None:
    first = vectors(60)
    add(store, first)
    neighbour_graph(store, store.faces(), KNOWN, 10)
    add(store, vectors(3, seed=1))  # the same photos and faces, other vectors
    _, updated = neighbour_graph(store, store.faces(), KNOWN, 10)
    (store.folder / "neighbours" / "graph.parquet").unlink()
    _, anew = neighbour_graph(store, store.faces(), KNOWN, 10)
    np.testing.assert_array_equal(updated.indices, anew.indices)
    np.testing.assert_array_equal(updated.distances, anew.distances)


def test_a_grouping_in_files_is_the_one_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def grouped(folder: Path) -> tuple[pa.Table, StoredGraph | None]:
        store = IndexStore.create(folder, IndexSettings(), "sha")
        add(store, vectors(60))
        group_faces(store, ClusterConfig(k=10))
        add(store, vectors(30, seed=1), first=60)
        group_faces(store, ClusterConfig(k=10))
        clustering = store.current_clustering()
        assert clustering is not None
        return clustering.assignments, store.read_graph()

    in_memory = grouped(tmp_path / "memory")
    monkeypatch.setattr(scratch, "LEAST", 1)
    assert grouped(tmp_path / "files") == in_memory
    left = [path for path in (tmp_path / "files").rglob("*") if path.name.startswith(".tmp")]
    assert left == []


def test_a_graph_of_another_calibration_or_width_is_not_used(store: IndexStore) -> None:
    add(store, vectors(40))
    _, first = neighbour_graph(store, store.faces(), KNOWN, 10)
    _, other = neighbour_graph(store, store.faces(), OTHER, 10)
    assert not np.array_equal(first.distances, other.distances)
    assert neighbour_graph(store, store.faces(), OTHER, 5)[1].indices.shape == (40, 5)


@pytest.mark.parametrize("bad", [np.nan, 0.0, np.inf])
def test_a_vector_that_is_none_is_refused_with_the_id_of_its_face(store: IndexStore, bad: float) -> None:
    rows = vectors(5)
    rows[3] = bad
    add(store, rows)
    with pytest.raises(VectorError, match=f"face {3 * 7919 % 1000:04d}"):
        group_faces(store, ClusterConfig())


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_a_handful_of_faces_is_grouped(store: IndexStore, n: int) -> None:
    add(store, vectors(n))
    report = group_faces(store, ClusterConfig())
    assert (report.faces, report.people, report.in_people) == (n, 0, 0)


def test_identical_faces_are_one_person(store: IndexStore) -> None:
    add(store, np.repeat(vectors(1), 100, axis=0))
    report = group_faces(store, ClusterConfig())
    assert (report.people, report.in_people) == (1, 100)


def test_the_same_faces_again_change_nothing(store: IndexStore) -> None:
    add(store, vectors(10))
    first = group_faces(store, ClusterConfig())
    again = group_faces(store, ClusterConfig())
    assert again.unchanged
    assert again.run_id == first.run_id
    assert not group_faces(store, ClusterConfig(min_cluster_size=3)).unchanged


def test_another_calibration_groups_again(store: IndexStore, monkeypatch: pytest.MonkeyPatch) -> None:
    add(store, vectors(10))
    group_faces(store, ClusterConfig())
    changed = replace(KNOWN, weighed=replace(KNOWN.weighed, identity=KNOWN.weighed.identity / 2))
    monkeypatch.setattr("photoclust.workflows.snapshot.compared.calibration_of", lambda *_: changed)
    assert not group_faces(store, ClusterConfig()).unchanged


def test_near_identical_faces_share_a_number_and_older_tables_are_completed(store: IndexStore) -> None:
    add(store, np.concatenate([vectors(6), np.repeat(vectors(1, seed=5), 3, axis=0)]))
    report = group_faces(store, ClusterConfig())
    bursts = store.clusterings.read(report.run_id).assignments["burst"].to_pylist()
    assert sorted(bursts, key=str)[3:] == [None] * 6
    assert len(set(bursts)) == 2
    path = store.folder / "clusterings" / report.run_id / "assignments.parquet"
    files.write_table(path, files.read_table(path).drop_columns("burst"))
    assert store.clusterings.read(report.run_id).assignments["burst"].to_pylist() == [None] * 9


def test_unsure_faces_have_somebody_likeliest_and_members_have_not(store: IndexStore) -> None:
    add(store, np.concatenate([vectors(6), np.repeat(vectors(1, seed=5), 3, axis=0)]))
    report = group_faces(store, ClusterConfig())
    clustering = store.clusterings.read(report.run_id)
    people = {"", *clustering.people["person_id"].to_pylist()}
    columns = ("status", "likeliest_person_id", "likeliest_chance")
    faces = list(zip(*(clustering.assignments[name].to_pylist() for name in columns), strict=True))
    assert {(person, chance) for status, person, chance in faces if status == MEMBER} == {(None, None)}
    unsure = [(person, chance) for status, person, chance in faces if status == UNSURE]
    assert len(unsure) == 6
    assert all(person in people and 0 <= chance < 0.5 for person, chance in unsure)
    path = store.folder / "clusterings" / report.run_id / "assignments.parquet"
    files.write_table(path, files.read_table(path).drop_columns(list(columns[1:])))
    again = store.clusterings.read(report.run_id).assignments
    assert again.schema.names == clustering.assignments.schema.names
    assert again["likeliest_chance"].null_count == 9
