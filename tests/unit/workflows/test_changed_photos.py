"""What was said about people outlasts what becomes of their photos, or is not lost in silence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from erasing import faces_of, forget, found_in

from photoclust.config import ClusterConfig
from photoclust.errors import ChurnError
from photoclust.index.store import IndexStore
from photoclust.records import FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.people.correct import name, write
from photoclust.workflows.people.people_index import PeopleIndex
from photoclust.workflows.snapshot.succession import Succession

CONFIG = ClusterConfig(k=10)
PeopleOf = Callable[[IndexStore], dict[str, str]]


def named_dora(store: IndexStore, people_of: PeopleOf) -> str:
    dora = people_of(store)["dora"]
    people_index = PeopleIndex(store)
    write(store, people_index, name(people_index, dora, "Dora"))
    group_faces(store, CONFIG)
    return dora


def photos_of_dora(store: IndexStore) -> list[dict]:
    return [row for row in store.photos().to_pylist() if "/dora/" in row["uri"]]


def names(store: IndexStore) -> dict[str, str]:
    clustering = store.current_clustering()
    assert clustering is not None
    return {row["person_id"]: row["name"] for row in clustering.people.to_pylist()}


def turn_photos_of_dora(store: IndexStore) -> list[str]:
    """Index the photos again as they are after a quarter turn; gives the ids of their faces."""
    before, stored = photos_of_dora(store), store.faces().to_pylist()
    photos = [row | {"photo_id": f"{n:032x}", "version": "2"} for n, row in enumerate(before)]
    photos = [row | {"width": row["height"], "height": row["width"]} for row in photos]
    faces = []
    for was, now in zip(before, photos, strict=True):
        for face in (face for face in stored if face["photo_id"] == was["photo_id"]):
            x0, y0, x1, y1 = face["box"]
            turned = {"box": [was["height"] - y1, x0, was["height"] - y0, x1], "photo_id": now["photo_id"]}
            faces.append(face | turned | {"face_id": face["face_id"][::-1]})
    rows = pa.Table.from_pylist(photos, PHOTO_SCHEMA), pa.Table.from_pylist(faces, FACE_SCHEMA)
    succession = Succession(store, {row["uri"]: row for row in before})
    store.add_successors(succession.of(*rows))
    store.append(*rows)
    group_faces(store, CONFIG)
    return [face["face_id"] for face in faces]


def test_a_name_and_an_id_go_over_to_photos_that_were_turned(
    album_index: IndexStore, people_of: PeopleOf
) -> None:
    dora = named_dora(album_index, people_of)
    now = turn_photos_of_dora(album_index)
    assert names(album_index)[dora] == "Dora"
    assert set(PeopleIndex(album_index).decisions.lines[0].faces) <= set(now)


def test_what_faces_were_before_is_forgotten_with_them(album_index: IndexStore, people_of: PeopleOf) -> None:
    dora = named_dora(album_index, people_of)
    before = faces_of(album_index, dora)
    turn_photos_of_dora(album_index)
    after = faces_of(album_index, dora)
    assert "part-" in str(found_in(album_index.folder / "successors", before))
    forget(album_index, dora)
    assert found_in(album_index.folder, pa.concat_tables([before, after])) == set()


def test_who_loses_all_faces_without_a_reason_is_not_lost_in_silence(
    album_index: IndexStore, people_of: PeopleOf
) -> None:
    dora = named_dora(album_index, people_of)
    failed = [row | {"status": "failed", "stage": "decode"} for row in photos_of_dora(album_index)]
    album_index.append(pa.Table.from_pylist(failed, PHOTO_SCHEMA), FACE_SCHEMA.empty_table())
    for _ in range(2):
        with pytest.raises(ChurnError, match="No face is left of Dora"):
            group_faces(album_index, CONFIG)
        assert names(album_index)[dora] == "Dora"
    album_index.clusterings.put_in_force(album_index.clusterings.runs()[-1])
    group_faces(album_index, CONFIG)
    assert dora not in names(album_index)


def test_who_goes_with_photos_that_are_missing_is_told(
    album_index: IndexStore, people_of: PeopleOf, caplog: pytest.LogCaptureFixture
) -> None:
    dora = named_dora(album_index, people_of)
    gone = [row | {"status": "missing", "former_status": "ok"} for row in photos_of_dora(album_index)]
    album_index.append(pa.Table.from_pylist(gone, PHOTO_SCHEMA), FACE_SCHEMA.empty_table())
    group_faces(album_index, CONFIG)
    assert dora not in names(album_index)
    assert "Gone with the photos that are missing: Dora." in caplog.text


def test_somebody_else_in_a_photo_of_the_same_name_inherits_nothing(album_index: IndexStore) -> None:
    before = photos_of_dora(album_index)
    face = next(f for f in album_index.faces().to_pylist() if f["photo_id"] == before[0]["photo_id"])
    vector = np.random.default_rng(1).normal(size=len(face["embedding"]))
    other = face | {"embedding": (vector / np.linalg.norm(vector)).astype(np.float16), "photo_id": "f" * 32}
    rows = [before[0] | {"photo_id": "f" * 32}]
    succession = Succession(album_index, {row["uri"]: row for row in before})
    pairs = succession.of(
        pa.Table.from_pylist(rows, PHOTO_SCHEMA), pa.Table.from_pylist([other], FACE_SCHEMA)
    )
    assert pairs == []
