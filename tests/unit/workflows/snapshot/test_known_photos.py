"""Faces are cut again only from the pictures that they were found in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from learnable_index import picture_index
from PIL import Image

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photo_refs import PhotoRef, Version
from photoclust.photos.identity import picture_id
from photoclust.workflows.snapshot.known_photos import known_photos, pixels_of
from photoclust.workflows.train.crops import cut_crops

LIMITS = DecodeConfig()


def ref(path: Path) -> PhotoRef:
    return PhotoRef(str(path), 1, Version.parse("1"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (30, 20), "teal").save(path)
    return path


def test_the_first_name_where_the_picture_still_lies_is_read(tmp_path: Path, photo: Path) -> None:
    other, missing = tmp_path / "b.png", tmp_path / "gone.png"
    Image.new("RGB", (9, 9)).save(other)
    pixels = pixels_of(picture_id(photo.read_bytes()), [ref(missing), ref(other), ref(photo)], LIMITS)
    assert pixels.shape == (20, 30, 3)


def test_another_picture_in_its_place_is_refused(photo: Path) -> None:
    known = picture_id(photo.read_bytes())
    Image.new("RGB", (30, 20), "red").save(photo)
    with pytest.raises(PhotoError, match="its picture has changed since it was indexed"):
        pixels_of(known, [ref(photo)], LIMITS)


def test_nothing_is_learned_from_a_photo_that_has_changed(tmp_path: Path) -> None:
    store = picture_index(tmp_path, people=2, photos=2)
    faces = store.faces(["box", "landmarks"])
    photos = store.photos().to_pylist()
    assert [len(photo.face_ids) for photo in known_photos(photos, faces)] == [1] * 4
    Image.new("RGB", (100, 100)).save(photos[1]["uri"])
    crops = dict(cut_crops(store, faces["face_id"].to_pylist(), store.settings.crop))
    changed = [place for place, crop in crops.items() if isinstance(crop, str)]
    assert [photos[place]["uri"] for place in changed] == [photos[1]["uri"]]
    assert {np.shape(crop) for crop in crops.values() if not isinstance(crop, str)} == {(160, 160, 3)}
