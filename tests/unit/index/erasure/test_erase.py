"""Erasing: no byte of what is forgotten is left in any file, whenever it was interrupted."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from erasing import KNOWN, PeopleOf, contents, faces_of, forget, found_in
from planned import planned

from photoclust.config import ClusterConfig
from photoclust.index import files
from photoclust.index.erasure.erase import pending
from photoclust.index.store import IndexStore
from photoclust.people.decisions.file import read_decisions
from photoclust.people.graph.neighbours import neighbours
from photoclust.photo_refs import PhotoRef, Version
from photoclust.records import UNSURE, PhotoIdentity
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.snapshot.extending import neighbour_graph


def test_no_byte_of_a_forgotten_person_is_left(store: IndexStore, people_of: PeopleOf) -> None:
    ada = faces_of(store, people_of(store)["ada"])
    assert len(ada) == 9
    before = found_in(store.folder, ada)
    first, second, *_ = (mark.name for mark in store.parts.marks())
    everywhere = {first, second, "graph.parquet", "index.html"}
    everywhere |= {"assignments.parquet", "faces.csv", "faces.json", "faces.parquet", "people.parquet"}
    assert everywhere <= before
    forget(store, "ada lovelace")
    assert found_in(store.folder, ada) == set()
    for path, content in contents(store.folder):
        assert b"Lovelace" not in content, path
        assert b"/photos/ada/0.jpg" not in content or path.parent.name == "photos", path
    assert (store.folder / "notes.txt").read_text() == "The user's own."


def test_everybody_else_stays_as_they_were(store: IndexStore, people_of: PeopleOf) -> None:
    who, faces, before = people_of(store), store.faces(), store.current_clustering()
    assert before is not None
    forget(store, who["ada"])
    after = store.current_clustering()
    assert after is not None
    others = before.assignments.filter(pc.field("person_id") != who["ada"])
    assert after.assignments.equals(others)
    assert after.people.equals(before.people.filter(pc.field("person_id") != who["ada"]))
    assert after.people["name"].to_pylist().count("Bea") == 1
    assert store.faces().equals(faces.filter(pc.field("face_id").isin(others["face_id"].combine_chunks())))
    assert after.run["faces"] == len(others)
    assert after.run["people"] == 3
    (decision,) = read_decisions(store.decisions_text()).lines
    assert (decision.person, decision.value, len(decision.faces)) == (who["bea"], "Bea", 3)
    exported = pq.read_table(store.folder / "faces.parquet")
    assert sorted(exported["face_id"].to_pylist()) == others["face_id"].to_pylist()
    assert len(json.loads((store.folder / "faces.json").read_text())) == len(others)
    assert len((store.folder / "faces.csv").read_text().splitlines()) == len(others) + 1
    assert csv.field_size_limit() == 131072, "what reads other files of the process is as it was"


def test_no_face_is_likely_to_be_somebody_who_was_forgotten(store: IndexStore, people_of: PeopleOf) -> None:
    ada, bea, clustering = people_of(store)["ada"], people_of(store)["bea"], store.current_clustering()
    assert clustering is not None
    rows = clustering.assignments.to_pylist()
    others = [row for row in rows if row["person_id"] not in (ada, bea)]
    for row, person in zip(others, (ada, bea), strict=False):
        row |= {"status": UNSURE, "person_id": "", "likeliest_person_id": person, "likeliest_chance": 0.4}
    file = store.folder / "clusterings" / clustering.run_id / "assignments.parquet"
    files.write_table(file, pa.Table.from_pylist(rows, clustering.assignments.schema))
    forget(store, ada)
    after = store.current_clustering()
    assert after is not None
    left = {row["face_id"]: row for row in after.assignments.to_pylist()}
    who = [left[row["face_id"]] for row in others[:2]]
    assert [row["likeliest_person_id"] for row in who] == ["", bea]
    assert [row["likeliest_chance"] for row in who] == [0, pytest.approx(0.4)]


def test_the_graph_of_the_others_is_the_one_built_anew(store: IndexStore) -> None:
    forget(store, "Ada Lovelace")
    stored = store.read_graph()
    assert stored is not None
    assert stored.face_ids.to_pylist() == store.faces([])["face_id"].to_pylist()
    embeddings, graph = neighbour_graph(store, store.faces(), KNOWN, 8)
    anew = neighbours(embeddings, 8)
    np.testing.assert_array_equal(graph.indices, anew.indices)
    np.testing.assert_array_equal(graph.distances, anew.distances)


def test_a_person_who_loses_a_face_is_counted_again(store: IndexStore, people_of: PeopleOf) -> None:
    bea = people_of(store)["bea"]
    before = store.current_clustering()
    assert before is not None
    row = next(row for row in before.people.to_pylist() if row["person_id"] == bea)
    forget(store, row["cover_face_id"])
    after = store.current_clustering()
    assert after is not None
    again = next(row for row in after.people.to_pylist() if row["person_id"] == bea)
    assert (again["faces"], again["photos"]) == (row["faces"] - 1, row["photos"] - 1)
    assert again["cover_face_id"] in faces_of(store, bea)["face_id"].to_pylist()


def test_a_photo_goes_with_every_face_in_it(store: IndexStore) -> None:
    photo = "/photos/bea/4.jpg"
    row = store.photos().filter(pc.field("uri") == photo).to_pylist()[0]
    faces = store.faces().filter(pc.field("photo_id") == row["photo_id"])
    assert len(faces) == 2
    receipt = forget(store, photos=(photo,))
    assert (receipt["faces"], receipt["photos"]) == (2, 1)
    assert found_in(store.folder, faces) == set()
    after = store.photos().filter(pc.field("uri") == photo).to_pylist()[0]
    assert (after["status"], after["width"]) == ("forgotten", None)


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def kill_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Die at the given write or removal of a file; gives how many there were."""
    done = 0

    def count(original: Callable) -> Callable:
        def act(*arguments: object, **named: object) -> object:
            nonlocal done
            done += 1
            if done == step:
                raise Killed
            return original(*arguments, **named)

        return act

    monkeypatch.setattr(files, "write_bytes", count(files.write_bytes))
    monkeypatch.setattr(files, "write_table", count(files.write_table))
    monkeypatch.setattr(Path, "unlink", count(Path.unlink))
    monkeypatch.setattr("shutil.rmtree", count(__import__("shutil").rmtree))
    return lambda: done


@pytest.mark.slow
def test_an_erasure_killed_at_any_step_is_finished_by_the_next_lock(
    store: IndexStore, people_of: PeopleOf, tmp_path: Path
) -> None:
    import shutil

    ada = faces_of(store, people_of(store)["ada"])
    step, ended, begun, receipts = 0, False, set[str](), list[Path]()
    while not ended:
        step += 1
        copy = IndexStore.open(shutil.copytree(store.folder, tmp_path / str(step), symlinks=True))
        with pytest.MonkeyPatch.context() as patch:
            kill_at(step, patch)
            try:
                forget(copy, "Ada Lovelace")
                ended = True
            except Killed:
                begun = pending(copy.folder)
                receipts = list((copy.folder / "forgotten").glob("receipt-*"))
        if not ended:
            with copy.lock():
                pass
            if not begun and not receipts:  # before the journal lay there: nothing happened, it is repeated
                assert len(faces_of(copy, people_of(copy)["ada"])) == 9
                forget(copy, "Ada Lovelace")
        assert found_in(copy.folder, ada) == set(), step
        assert len(list((copy.folder / "forgotten").glob("receipt-*"))) == 1
        assert not pending(copy.folder)
        shutil.rmtree(copy.folder)
    assert step > 20


def test_the_receipt_tells_nobody_anything_without_the_key(store: IndexStore, people_of: PeopleOf) -> None:
    ada = people_of(store)["ada"]
    ids = faces_of(store, ada)["face_id"].to_pylist()
    receipt = forget(store, ada)
    path = store.folder / receipt["receipt"]
    text = path.read_text()
    assert files.read_json(path) == receipt
    assert not any(word in text for word in (*ids, ada, "Lovelace"))
    assert len(receipt["keyed_faces"]) == receipt["faces"] == 9
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = path.parent / "key"
    assert (stat.S_IMODE(key.stat().st_mode), len(key.read_bytes())) == (0o600, 36)


def test_photos_that_lie_where_they_lay_do_not_bring_faces_back(store: IndexStore) -> None:
    known = store.photos().to_pylist()
    forget(store, "Ada Lovelace")
    refs = list(map(PhotoRef.of_row, known))
    assert planned(refs, store.photos(), lambda ref: None).plan.unchanged == len(refs)
    moved = [PhotoRef(f"/elsewhere{row['uri']}", row["size"], Version.parse("2")) for row in known]
    identity = {f"/elsewhere{row['uri']}": PhotoIdentity(row["photo_id"], "") for row in known}
    work = planned(moved, store.photos(), lambda ref: identity[ref.uri])
    assert not work.uris
    assert len(work.back) == len(moved)


def test_old_versions_of_photos_go_too(store: IndexStore, people_of: PeopleOf) -> None:
    """A photo was edited since: nobody looks at its first version any more, and the person may be on it."""
    old = store.faces().filter(pc.field("photo_id") == "6164612f30".zfill(32))
    assert len(old) == 1
    edited = store.photos().filter(pc.field("uri") == "/photos/ada/0.jpg").to_pylist()[0]
    edited |= {"photo_id": "e" * 32, "version": "2", "status": "no_face"}
    store.append(pa.Table.from_pylist([edited], store.photos().schema), store.faces().slice(0, 0))
    group_faces(store, ClusterConfig(k=8))
    assert found_in(store.folder / "faces", old)
    forget(store, "Ada Lovelace")
    assert not found_in(store.folder / "faces", old)


def test_photos_that_are_missing_are_searched_too(store: IndexStore, people_of: PeopleOf) -> None:
    """A drive is unplugged: the person's faces on it are in no grouping, and still in the index."""
    ada = faces_of(store, people_of(store)["ada"])
    away = store.photos().filter(pc.field("uri") == "/photos/bea/4.jpg").to_pylist()[0]
    missing = away | {"status": "missing", "former_status": "ok"}
    store.append(pa.Table.from_pylist([missing], store.photos().schema), store.faces().slice(0, 0))
    group_faces(store, ClusterConfig(k=8))
    assert len(faces_of(store, people_of(store)["ada"])) == 8
    forget(store, "Ada Lovelace")
    assert found_in(store.folder, ada) == set()
    row = store.known_photos().filter(pc.field("uri") == "/photos/bea/4.jpg").to_pylist()[0]
    assert (row["status"], row["former_status"]) == ("missing", "ok"), "Bea is on it as well"
    forget(store, "Bea")
    row = store.known_photos().filter(pc.field("uri") == "/photos/bea/4.jpg").to_pylist()[0]
    assert (row["status"], row["former_status"]) == ("missing", "forgotten")
