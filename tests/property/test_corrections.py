"""A correction, whatever it is, ends as a grouping from nothing would, byte for byte."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import START

from photoclust.config import ClusterConfig, IndexSettings
from photoclust.errors import UsageError
from photoclust.index.prepared import drop_prepared, drop_stale
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.decisions.file import added_lines
from photoclust.people.decisions.line import DRAW, KINDS, Decision
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.people import correct, which_faces
from photoclust.workflows.people.people_index import PeopleIndex, Ref

CONFIG = ClusterConfig(k=8)


def made_up_index(folder: Path, n: int, people: int, rng: np.random.Generator) -> IndexStore:
    """So many faces, some blurred, some near-identical, some in one photo."""
    store = IndexStore.create(folder, IndexSettings(), "abc")
    centres = rng.normal(size=(people, EMBEDDING_SIZE))
    rows = centres[rng.integers(0, people, n)] + rng.choice([0.0, 0.5, 1.1], (n, 1)) * rng.normal(
        size=(n, EMBEDDING_SIZE)
    )
    photos = np.sort(rng.integers(0, n, n))
    seen = [f"{photo:032x}" for photo in np.unique(photos).tolist()]
    store.append(
        pa.Table.from_pylist(
            [
                {"photo_id": p, "uri": f"/{p}.jpg", "size": 1, "version": "1", "status": "ok", "attempts": 1}
                for p in seen
            ],
            PHOTO_SCHEMA,
        ),
        pa.Table.from_pylist(
            [
                _face(row, f"{photo:032x}", vector, rng)
                for row, (photo, vector) in enumerate(zip(photos, rows, strict=True))
            ],
            FACE_SCHEMA,
        ),
    )
    return store


def _face(row: int, photo: str, vector: np.ndarray, rng: np.random.Generator) -> dict[str, object]:
    plain = dict.fromkeys(("detection_score", "sharpness", "yaw"), 1.0) | {"landmarks": [0.0] * 10}
    return plain | {
        "face_id": f"{row * 7919 % 9973:08x}",
        "photo_id": photo,
        "box": [40.0 * row, 0, 40.0 * row + 30, 30],
        "quality": float(rng.choice([0.05, 0.6, 1.0])),
        "embedding": (vector / np.linalg.norm(vector)).astype(np.float16),
        "thumbnail": b"",
    }


def said(people_index: PeopleIndex, rng: np.random.Generator) -> list[Decision]:
    """One correction of a kind drawn, about people and faces drawn."""
    people, faces = list(people_index.people), list(people_index.person_of)
    kind = str(rng.choice([one for one in KINDS if one != DRAW]))  # which needs a photo
    person, other = (str(one) for one in rng.choice(people, 2))
    own = sorted(people_index.faces_of(person))
    few = [str(face) for face in rng.choice(own, min(len(own), int(rng.integers(1, 4))), replace=False)]
    stranger = str(rng.choice(faces))
    if kind == "name":
        return correct.name(
            people_index, person, str(rng.choice(["Ada", "Bea", "Cleo", ""])), bool(rng.integers(2))
        )
    if kind == "merge":
        return correct.merge(people_index, [person, other])
    if kind in ("split", "reject"):
        return (correct.split if kind == "split" else correct.reject)(people_index, person, few)
    if kind == "same":
        return correct.same(people_index, [Ref("", stranger), Ref(person, "")])
    if kind == "different":
        return correct.different(
            people_index, Ref(person, ""), Ref("", stranger) if rng.integers(2) else Ref(other, "")
        )
    if kind == "ignore":
        return correct.ignore(people_index, [person], bool(rng.integers(2)))
    if kind == "not_a_face":
        gone = sorted(which_faces.which_faces(people_index.decisions).not_faces)
        if gone and rng.integers(2):
            return which_faces.not_a_face(people_index, gone[:1], undo=True)
        return which_faces.not_a_face(people_index, [*few, stranger])
    return correct.cover(people_index, person, few[0])


def same(one: Clustering, other: Clustering) -> None:
    """Everybody and everything known of them is the same, to the last bit."""
    assert one.assignments.equals(other.assignments)
    assert one.people.equals(other.people)
    assert one.retired.equals(other.retired)
    told = ("fingerprint", "faces", "people", "in_people", "problems", "previous", "config")
    assert [one.run.get(name) for name in told] == [other.run.get(name) for name in told]


def from_nothing(store: IndexStore, folder: Path) -> Clustering:
    """What a grouping finds that has only rows, decisions and the people before."""
    shutil.copytree(store.folder, folder)
    copy = IndexStore.open(folder)
    drop_prepared(folder)
    shutil.rmtree(folder / "neighbours")
    group_faces(copy, CONFIG)
    found = copy.current_clustering()
    shutil.rmtree(folder)
    assert found is not None
    return found


@given(st.integers(12, 60), st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=8)
def test_corrections_one_by_one_equal_grouping_from_nothing(n: int, people: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as place:
        store = made_up_index(Path(place) / "index", n, people, rng)
        group_faces(store, CONFIG)
        for step in range(6):
            people_index = PeopleIndex(store)
            if not people_index.people:
                return
            try:
                decisions = said(people_index, rng)
            except UsageError:  # nobody else is left, and the like
                continue
            store.add_decisions(added_lines(people_index.text, decisions, START + timedelta(minutes=step)))
            expected = from_nothing(store, Path(place) / "copy")
            assert (store.folder / "prepared" / "key.json").is_file()
            group_faces(store, CONFIG)
            current = store.current_clustering()
            assert current is not None
            same(current, expected)
            assert group_faces(store, CONFIG).unchanged


@given(st.integers(12, 60), st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=8)
def test_what_is_no_face_leaves_the_grouping_as_if_it_had_never_been_found(
    n: int, people: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as place:
        store = made_up_index(Path(place) / "index", n, people, rng)
        group_faces(store, CONFIG)
        chosen = sorted(rng.choice(store.faces([])["face_id"].to_pylist(), n // 4, replace=False).tolist())
        people_index = PeopleIndex(store)
        lines = which_faces.not_a_face(people_index, chosen)
        store.add_decisions(added_lines(people_index.text, lines, START))
        group_faces(store, CONFIG)
        without = IndexStore.create(Path(place) / "without", IndexSettings(), "sha")
        rows = store.faces(left_out=True).filter(~pc.field("face_id").isin(chosen))
        without.append(store.photos(), rows)
        group_faces(without, CONFIG)
        left, right = store.current_clustering(), without.current_clustering()
        assert left is not None
        assert right is not None
        for name in ("face_id", "label", "status", "confidence"):
            assert left.assignments[name].equals(right.assignments[name])
        assert _partition(left) == _partition(right)
        assert store.read_graph() == without.read_graph()


def _partition(clustering: Clustering) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for face, person in clustering.person_of.items():
        groups.setdefault(person or face, set()).add(face)
    return {frozenset(own) for own in groups.values()}


@pytest.mark.parametrize(
    "name", ["weighed.npy", "indices.npy", "left.npy", "evidence.npy", "faces.parquet", "key.json"]
)
def test_what_was_kept_and_is_damaged_is_worked_out_again(tmp_path: Path, name: str) -> None:
    store = made_up_index(tmp_path / "index", 40, 4, np.random.default_rng(1))
    group_faces(store, CONFIG)
    people_index = PeopleIndex(store)
    lines = correct.name(people_index, next(iter(people_index.people)), "Ada")
    store.add_decisions(added_lines(people_index.text, lines, START))
    expected = from_nothing(store, tmp_path / "copy")
    path = store.folder / "prepared" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content[: len(content) - 1] if name == "faces.parquet" else content)
    group_faces(store, CONFIG)
    current = store.current_clustering()
    assert current is not None
    same(current, expected)


def test_what_was_kept_does_not_outlive_the_rows_it_follows_from(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    store = made_up_index(tmp_path / "index", 40, 4, rng)
    group_faces(store, CONFIG)
    photo = {
        "photo_id": "f" * 32,
        "uri": "/new.jpg",
        "size": 1,
        "version": "1",
        "status": "ok",
        "attempts": 1,
    }
    face = _face(9000, "f" * 32, rng.normal(size=EMBEDDING_SIZE), rng)
    store.append(pa.Table.from_pylist([photo], PHOTO_SCHEMA), pa.Table.from_pylist([face], FACE_SCHEMA))
    assert group_faces(store, CONFIG).faces == 41


def test_what_was_kept_goes_with_rows_that_were_forgotten_elsewhere(tmp_path: Path) -> None:
    store = made_up_index(tmp_path / "index", 20, 3, np.random.default_rng(3))
    group_faces(store, CONFIG)
    drop_stale(store.folder)
    assert (store.folder / "prepared" / "weighed.npy").is_file()
    (part,) = (store.folder / "faces").glob("part-*")
    part.write_bytes(part.read_bytes() + b" ")
    drop_stale(store.folder)
    assert not (store.folder / "prepared").exists()
