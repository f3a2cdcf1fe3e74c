"""An index that an earlier photoclust made opens, grows, is grouped and keeps its names.

``tests/data/earlier_index.tar.gz`` was made by the commands below, from photos of `photoclust demo`, with the
version in which what a missing photo had been lay in the column ``stage``::

    photoclust run photos --index index
    photoclust people name ... "Grace Hopper" --index index        (and "Eileen Collins")
    rm photos/away/hopper.jpg
    photoclust run photos --index index --exclude 'away/*'
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from photoclust.cli import cli
from photoclust.index.store import IndexStore
from photoclust.photo_refs import PhotoRef
from photoclust.workflows.demo import make_album
from photoclust.workflows.status import status

STORED = Path(__file__).parents[1] / "data" / "earlier_index.tar.gz"
HOPPER, COLLINS, UNNAMED = "cfd71e0de89ed130", "cdd820a24e274324", "f9889c2dc6417ae2"
NAMES = {HOPPER: "Grace Hopper", COLLINS: "Eileen Collins", UNNAMED: ""}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    with tarfile.open(STORED) as archive:
        for member in archive:  # one of our own; the argument `filter` came with Python 3.11.4
            archive.extract(member, tmp_path)
    for path in (tmp_path / "index", *(tmp_path / "index").rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return tmp_path / "index"


def names(index: Path) -> dict[str, str]:
    clustering = IndexStore.open(index).current_clustering()
    assert clustering is not None
    return {row["person_id"]: row["name"] for row in clustering.people.to_pylist()}


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_it_opens_whole(index: Path) -> None:
    values = status(IndexStore.open(index)).to_dict()
    assert values["photos"] == {
        **{"seen": 16, "with_faces": 13, "without_faces": 1, "failed": 2},
        **{"missing": 1, "left_out": 1, "forgotten": 0, "copies": 0},
    }
    assert values["faces"] == 13
    assert names(index) == NAMES
    assert "all is as it was written" in run("check", index)


def test_what_photos_were_is_read_into_columns_of_their_own(index: Path) -> None:
    rows = {Path(row["uri"]).name: row for row in IndexStore.open(index).known_photos().to_pylist()}
    columns = ("status", "former_status", "left_out", "stage", "error")
    found = {name: tuple(row[column] for column in columns) for name, row in rows.items()}
    assert found["hopper.jpg"] == ("missing", "ok", None, None, None)
    assert found["collins.jpg"] == ("missing", "ok", "--exclude", None, None)
    assert found["link.jpg"] == ("failed", None, None, "read", "the file is missing")
    versions = {name: PhotoRef.of_row(row).version for name, row in rows.items()}
    assert versions["link.jpg"].kind.name == "UNREACHABLE"
    assert (versions["11.jpg"].kind.name, versions["11.jpg"].place) == ("MODIFIED", "512")


def test_it_grows_is_grouped_and_keeps_names(index: Path, tmp_path: Path) -> None:
    album = make_album(tmp_path / "album")
    more = [album.folder / who / "03.png" for who in ("Grace Hopper", "a photographer")]
    run("run", *more, "--index", index, "--engine", "local")
    store = IndexStore.open(index)
    clustering = store.current_clustering()
    assert clustering is not None
    assert names(index) == NAMES
    faces = {row["person_id"]: row["faces"] for row in clustering.people.to_pylist()}
    assert faces == {HOPPER: 6, COLLINS: 4, UNNAMED: 5}


def test_photos_that_come_back_are_not_opened_again(index: Path, tmp_path: Path) -> None:
    """The same picture under another name is known by its content, and was left out or missing before."""
    album = make_album(tmp_path / "album")
    output = run("run", album.folder / "Grace Hopper" / "10.jpg", "--index", index, "--engine", "local")
    assert "Indexed  1 of 1 photos" in output
    assert names(index) == NAMES
    values = status(IndexStore.open(index)).to_dict()
    assert (values["photos"]["missing"], values["photos"]["left_out"]) == (0, 1)
    assert values["faces"] == 14
