"""Many files are identified in their order; one that cannot be read stops none of the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from photoclust.config import DecodeConfig
from photoclust.photo_refs import PhotoRef, Version
from photoclust.photos import identifying
from photoclust.photos.identifying import identities
from photoclust.photos.identity import picture_id


def test_pictures_come_in_the_order_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identifying, "_AT_ONCE", 3)
    refs = []
    for number in range(10):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (20, 20), (number, 0, 0)).save(path)
        refs.append(PhotoRef(str(path), path.stat().st_size, Version.modified(path.stat().st_mtime_ns)))
    (tmp_path / "4.png").unlink()
    found = list(identities(iter(refs), DecodeConfig()))
    assert found[4] is None
    there = [number for number in range(10) if number != 4]
    assert [one.photo_id for one in found if one] == [
        picture_id((tmp_path / f"{n}.png").read_bytes()) for n in there
    ]
