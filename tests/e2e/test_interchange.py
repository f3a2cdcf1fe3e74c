"""From photos in all eight orientations to XMP that others read, into the photos, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from exiftool import as_immich_reads, needs_exiftool, tags
from pictures import save_turned
from PIL import Image
from portraits import portrait

import photoclust
from photoclust.cli import cli
from photoclust.index.store import IndexStore
from photoclust.workflows.demo import SITTERS


def say(*arguments: str | Path) -> str:
    done = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index of one face off the middle of eight photos, which has a name."""
    for orientation in range(1, 9):
        picture = Image.new("RGB", (500, 320), (orientation * 20, 80, 80))
        picture.paste(portrait(SITTERS[0], 2), (200, 40))
        save_turned(picture, tmp_path / f"{orientation}.jpg", orientation, quality=95)
    say("run", tmp_path, "--index", tmp_path / "index", "--engine", "local")
    say("people", "name", "Person 1", "Ada", "--index", tmp_path / "index")
    return tmp_path / "index"


def boxes(index: Path) -> dict[str, list[float]]:
    store = IndexStore.open(index)
    uri = {row["photo_id"]: row["uri"] for row in store.photos().to_pylist()}
    return {Path(uri[row["photo_id"]]).name: row["box"] for row in store.faces(["box"]).to_pylist()}


@needs_exiftool
def test_there_and_back(index: Path, tmp_path: Path) -> None:
    before, found = (index / "decisions.csv").read_bytes(), boxes(index)
    assert "Wrote 8 sidecars" in say("export", "--format", "xmp", "--beside-photos", "--index", index)
    assert "Wrote 8 photos" in say("export", "--format", "xmp", "--embed", "--index", index)
    for orientation in range(1, 9):
        photo = tmp_path / f"{orientation}.jpg"
        for file in (photo, photo.with_name(f"{photo.name}.xmp")):
            seen = as_immich_reads(tags(file), orientation)
            assert seen["Ada"] == pytest.approx(found[photo.name], abs=1.5)
    again = say("run", tmp_path, "--index", index, "--engine", "local")
    assert boxes(index) == found
    assert len(photoclust.open(index).people) == 1, again
    assert "8 of which have that name already" in say("people", "import", tmp_path, "--index", index)
    assert (index / "decisions.csv").read_bytes() == before
    assert "8 said it already" in say("export", "--format", "xmp", "--embed", "--index", index)
