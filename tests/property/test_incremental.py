"""However photos came and went, the people are those of one run over the photos that are there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoclust.config import ClusterConfig, CollectionConfig, IndexSettings
from photoclust.index.planning import plan, shuffle
from photoclust.index.store import Clustering, IndexStore
from photoclust.photo_refs import PhotoRef, Version
from photoclust.photos.sources.references import content_id, read_photo
from photoclust.records import EMBEDDING_SIZE, INDEXED_SCHEMA
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.context import Context
from photoclust.workflows.index import IndexReport, index_photos

CONFIG = ClusterConfig(k=6)


class BytesEngine:
    """An engine whose photos are text files, "PERSON VARIANT": a face for each, of that person."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def stream(
        self, refs: pa.Table, settings: IndexSettings, photos_at_once: int | None = None
    ) -> Iterator[pa.Table]:
        for ref in refs.to_pylist():
            self.opened.append(ref["uri"])
            yield pa.Table.from_pylist([_indexed(ref, settings)], schema=INDEXED_SCHEMA)


def _indexed(ref: dict[str, Any], settings: IndexSettings) -> dict[str, Any]:
    content = read_photo(PhotoRef.of_row(ref), settings.decode)
    photo_id = content_id(content)
    face = {"face_id": photo_id[::-1], "photo_id": photo_id, "box": [0, 0, 9, 9], "landmarks": [0.0] * 10}
    face |= dict.fromkeys(("detection_score", "sharpness", "yaw", "quality"), 1.0)
    face |= {"embedding": _embedding(*map(int, content.split())), "thumbnail": b""}
    row = ref | {"photo_id": photo_id, "width": 9, "height": 9, "orientation": 1, "status": "ok"}
    return row | {"attempts": ref["attempts"] + 1, "faces": [face]}


def _embedding(person: int, variant: int) -> np.ndarray:
    """Variants 0 to 3 of a person are bit for bit the same, so that ties are common."""
    spread = 0 if variant < 4 else 0.6 / EMBEDDING_SIZE**0.5
    centre = np.random.default_rng(person).normal(size=EMBEDDING_SIZE)
    noise = np.random.default_rng([person, variant]).normal(size=EMBEDDING_SIZE)
    vector = centre / np.linalg.norm(centre) + spread * noise
    return (vector / np.linalg.norm(vector)).astype(np.float16)


def bring_up_to_date(store: IndexStore, folder: Path, order: Iterable[str]) -> tuple[IndexReport, list[str]]:
    """Index what the folder holds; gives the names of the photos that were opened too."""
    engine = BytesEngine()

    @contextmanager
    def start() -> Iterator[BytesEngine]:
        yield engine

    paths = [folder / name for name in order]
    refs = [PhotoRef(str(path), path.stat().st_size, Version.parse(path.read_text())) for path in paths]
    collection = CollectionConfig((f"{folder}/",), missing="drop")
    with store.lock():
        report = index_photos(refs, store, Context(start), collection)
        group_faces(store, CONFIG)
    return report, [Path(uri).name for uri in engine.opened]


def new_store(folder: Path) -> IndexStore:
    return IndexStore.create(folder, IndexSettings(), "sha")


def people(store: IndexStore) -> tuple[list[Any], set[frozenset[str]]]:
    """Faces with their labels, and the partition."""
    clustering = store.current_clustering()
    assert isinstance(clustering, Clustering)
    rows = clustering.assignments.to_pylist()
    groups: dict[str, set[str]] = {}
    for row in rows:
        groups.setdefault(row["person_id"] or row["face_id"], set()).add(row["face_id"])
    plain = [(row["face_id"], row["label"], row["status"], row["confidence"]) for row in rows]
    return plain, {frozenset(group) for group in groups.values()}


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
@settings(deadline=None, max_examples=25)
def test_people_are_those_of_one_run(seed: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as scratch:
        photos = Path(scratch) / "photos"
        photos.mkdir()
        grown = new_store(Path(scratch) / "grown")
        for _ in range(steps):
            for number in rng.integers(0, 80, rng.integers(0, 40)).tolist():
                (photos / f"{number:03d}.txt").write_text(f"{rng.integers(6)} {rng.integers(12)}")
            for path in sorted(photos.iterdir()):
                if rng.random() < 0.2:
                    path.unlink()
            names = sorted(path.name for path in photos.iterdir())
            bring_up_to_date(grown, photos, rng.permutation(names).tolist())
        at_once = new_store(Path(scratch) / "at-once")
        bring_up_to_date(at_once, photos, names)
        assert people(grown) == people(at_once)
        left, right = grown.read_graph(), at_once.read_graph()
        if len(at_once.faces([])) > 1:
            assert left == right


def test_only_new_photos_are_opened(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    store = new_store(tmp_path / "index")
    for number in range(50):
        (photos / f"{number:03d}").write_text(f"{number % 5} {number}")
    names = sorted(path.name for path in photos.iterdir())
    for instalment in range(5):
        report, opened = bring_up_to_date(store, photos, names[: 10 * instalment + 10])
        assert sorted(opened) == names[10 * instalment : 10 * instalment + 10]
        assert (report.unchanged, report.missing) == (10 * instalment, 0)


def test_a_plan_in_parts_brings_what_one_in_memory_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(20):
        (photos / f"{number:03d}").write_text(f"{number % 3} {number % 15}")
    outcomes = []
    for rows, work in ((10**6, 10**6), (3, 2)):
        monkeypatch.setattr(shuffle, "ROWS_IN_MEMORY", rows)
        monkeypatch.setattr(plan, "WORK_AT_ONCE", work)
        store, folder = new_store(tmp_path / f"index {rows}"), tmp_path / "changing"
        shutil.copytree(photos, folder)
        names = sorted(path.name for path in folder.iterdir())
        first = bring_up_to_date(store, folder, names)
        (folder / "003").unlink()
        (folder / "004").rename(folder / "104")
        (folder / "005").write_text("9 9")
        (folder / "105").write_text("8 8")
        then = bring_up_to_date(store, folder, sorted(path.name for path in folder.iterdir()))
        reports = [
            replace(report, seconds=0, photos_a_second=0, stage_seconds={}) for report, _ in (first, then)
        ]
        outcomes.append((reports, first[1], then[1], store.known_photos().to_pylist(), people(store)[1]))
        shutil.rmtree(folder)
    assert outcomes[0] == outcomes[1]


def test_a_photo_that_went_and_came_back_is_not_opened_again(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    store = new_store(tmp_path / "index")
    for number in range(12):
        (photos / f"{number:03d}").write_text(f"{number % 2} {number}")
    names = sorted(path.name for path in photos.iterdir())
    bring_up_to_date(store, photos, names)
    before = people(store)
    (photos / "003").rename(tmp_path / "elsewhere")
    report, opened = bring_up_to_date(store, photos, [name for name in names if name != "003"])
    assert (report.missing, report.returned, opened) == (1, 0, [])
    assert len(people(store)[0]) == 11
    assert len(store.photos()) == 11
    (tmp_path / "elsewhere").rename(photos / "003")
    report, opened = bring_up_to_date(store, photos, names)
    assert (report.missing, report.returned, opened) == (0, 1, [])
    assert people(store) == before


def test_a_copy_keeps_the_faces_of_a_photo_that_is_gone(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    store = new_store(tmp_path / "index")
    for name, text in (("a", "1 5"), ("b", "1 6"), ("copy", "1 5")):
        (photos / name).write_text(text)
    bring_up_to_date(store, photos, ["a", "b", "copy"])
    (photos / "a").unlink()
    report, opened = bring_up_to_date(store, photos, ["b", "copy"])
    assert (report.missing, opened) == (0, [])
    assert len(people(store)[0]) == 2


def refs_of(folder: Path) -> list[PhotoRef]:
    return [PhotoRef(str(path), path.stat().st_size, Version.parse("1")) for path in sorted(folder.iterdir())]


def index_only(store: IndexStore, folder: Path, missing: str = "check") -> tuple[IndexReport, list[str]]:
    """Index a folder as `photoclust run FOLDER` does: other folders are not looked into."""
    engine = BytesEngine()

    @contextmanager
    def start() -> Iterator[BytesEngine]:
        yield engine

    with store.lock():
        report = index_photos(
            refs_of(folder), store, Context(start), CollectionConfig((f"{folder}/",), missing)
        )
        group_faces(store, CONFIG)
    return report, engine.opened


def test_a_collection_that_was_moved_is_where_it_was_seen_last(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "znew"
    old.mkdir()
    for number in range(30):
        (old / f"{number:03d}").write_text(f"{number % 3} {number}")
    store = new_store(tmp_path / "index")
    index_only(store, old)
    before = people(store)
    old.rename(new)
    for missing in ("check", "keep"):
        report, opened = index_only(store, new, missing)
        assert (opened, people(store)) == ([], before)
        assert [row["uri"] for row in store.photos().to_pylist()] == [
            str(path) for path in sorted(new.iterdir())
        ]
        assert (report.moved, report.copies, report.missing) == (
            (30, 0, 0) if missing == "check" else (0, 0, 0)
        )
    new.rename(old)  # and back, unopened and unread
    report, opened = index_only(store, old)
    assert (report.moved, report.returned, opened, people(store)) == (30, 30, [], before)
    assert [row["uri"] for row in store.photos().to_pylist()] == [str(path) for path in sorted(old.iterdir())]


def test_copies_that_are_both_there_stay_copies(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "1").write_text("1 5")
    (old / "2").write_text("1 6")
    store = new_store(tmp_path / "index")
    index_only(store, old)
    report, opened = index_only(store, new)
    assert (report.moved, report.copies, opened) == (0, 1, [])
    assert len(store.photos()) == 3
