"""Who was forgotten for good does not come back with the photos."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from erasing import PeopleOf, faces_of, forget, found_in

from photoclust.index.store import IndexStore
from photoclust.stages import face_id


@pytest.mark.parametrize("keep_out", [True, False])
def test_what_is_kept_out_does_not_come_back_with_its_photos(
    store: IndexStore, people_of: PeopleOf, keep_out: bool
) -> None:
    """The photos are indexed anew, on a machine that puts boxes a pixel to the right."""
    ada = faces_of(store, people_of(store)["ada"])
    photos = store.photos().filter(pc.field("photo_id").isin(ada["photo_id"].combine_chunks()))
    faces = store.faces().filter(pc.field("photo_id").isin(ada["photo_id"].combine_chunks()))
    assert len(faces) == 12
    forget(store, "Ada Lovelace", keep_out=keep_out)
    rows = faces.to_pylist()
    for row in rows:
        row["box"] = [side + step for side, step in zip(row["box"], (1, 0, 1, 0), strict=True)]
        row["face_id"] = face_id(row["photo_id"], np.array(row["box"], np.float32))
    for part in (store.folder / "photos").iterdir():
        part.unlink()
    store.append(photos, pa.Table.from_pylist(rows, faces.schema))
    assert len(store.faces()) == (3 if keep_out else 12)
    status = store.photos()["status"].to_pylist()
    assert (status.count("forgotten"), status.count("ok")) == ((6, 3) if keep_out else (0, 9))
    assert bool(found_in(store.folder, ada)) is not keep_out


def test_a_photo_that_is_kept_out_does_not_come_back(store: IndexStore) -> None:
    photo = "/photos/bea/4.jpg"
    photos = store.photos().filter(pc.field("uri") == photo)
    faces = store.faces().filter(pc.field("photo_id").isin(photos["photo_id"].combine_chunks()))
    forget(store, photos=(photo,), keep_out=True)
    store.append(photos, faces)
    assert store.photos().filter(pc.field("uri") == photo)["status"].to_pylist() == ["forgotten"]
    assert found_in(store.folder, faces) == set()
