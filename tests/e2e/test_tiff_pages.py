"""A TIFF of scanned photos, as a user meets it: each page is a photo of its own."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, TiffImagePlugin


def photoclust(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "photoclust", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def scan(file: Path, *pages: Image.Image) -> None:
    for page in pages:
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[254] = int(page.width < 100)  # a smaller version of another page
        page.encoderinfo = {"tiffinfo": tags}  # type: ignore[attr-defined]  # as Pillow wants it of pages
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])


@pytest.mark.slow
@pytest.mark.data
def test_faces_of_further_pages_are_found_exported_and_missed_with_their_page(tmp_path: Path, data: Path):
    photos, index = tmp_path / "photos", tmp_path / "index"
    photos.mkdir()
    people = [sorted((data / "lfw-dev" / name).iterdir())[0] for name in ("Aaron_Guiel", "Aaron_Tippin")]
    first, third = (Image.open(file).convert("RGB") for file in people)
    blank, small = Image.new("RGB", (250, 250), "gray"), first.resize((50, 50))
    scan(photos / "scan.tif", first, blank, third, small)
    uri = str(photos / "scan.tif")
    run = ("index", photos, "--index", index, "--engine", "local", "--json")

    indexed = json.loads(photoclust(*run))
    assert (indexed["photos"]["with_faces"], indexed["photos"]["without_faces"]) == (2, 1)
    photoclust("cluster", "--index", index)
    photoclust("export", "--index", index, "--format", "csv", "--output", tmp_path / "faces.csv")
    rows = list(csv.DictReader((tmp_path / "faces.csv").open(encoding="utf-8-sig")))
    assert {row["photo"] for row in rows} == {uri, f"{uri}!/3"}

    again = json.loads(photoclust(*run))["indexing"]
    assert (again["unchanged"], again.get("to_do", 0)) == (3, 0)

    (photos / "scan.tif").rename(photos / "album.tif")
    moved = json.loads(photoclust(*run))
    assert (moved["photos"]["seen"], moved["missing"], moved["faces"]) == (3, [], indexed["faces"])

    scan(photos / "album.tif", first, blank)
    shorter = json.loads(photoclust(*run))
    assert str(photos / "album.tif!/3") in shorter["missing"]
    assert shorter["photos"]["seen"] == 2
