"""`check` says what is damaged in an index, and what it says to do about it works."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from photoclust.cli import cli
from photoclust.index import files
from photoclust.index.store import IndexStore


def check(store: IndexStore, *options: str) -> Result:
    return CliRunner().invoke(cli, ["check", str(store.folder), *options])


def problems(store: IndexStore) -> list[str]:
    result = check(store, "--json")
    found = [finding["problem"] for finding in json.loads(result.stdout)["findings"]]
    assert result.exit_code == (1 if found else 0), result.output
    return found


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_whole_index_is_whole(album_index: IndexStore) -> None:
    result = check(album_index)
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(f"files of {album_index.folder}: all is as it was written\n")


@pytest.mark.parametrize("place", ["photos", "faces", "successors", "neighbours", "clusterings", "runs", "."])
def test_a_flipped_bit_in_any_file_is_found_and_named(album_index: IndexStore, place: str) -> None:
    album_index.write_run({"kind": "index"})
    album_index.add_successors([("a" * 32, "b" * 32)])
    found = [
        path for path in (album_index.folder / place).rglob("*.*") if path.suffix in (".parquet", ".json")
    ]
    if place == ".":
        found = [album_index.folder / "current.json"]
    for path in found:
        whole = path.read_bytes()
        flip(path)
        assert any(str(path) in problem for problem in problems(album_index)), path
        path.write_bytes(whole)
    assert found
    assert problems(album_index) == []


def test_what_faces_have_become_is_never_said_to_be_made_anew(album_index: IndexStore) -> None:
    album_index.add_successors([("a" * 32, "b" * 32)])
    flip(next((album_index.folder / "successors").iterdir()))
    (problem,) = problems(album_index)
    assert "Restore it from a backup" in problem
    assert "made anew" not in problem


def test_the_cure_of_a_damaged_part_works(album_index: IndexStore) -> None:
    mark = album_index.parts.marks()[1]
    flip(album_index.parts.faces_of(mark))
    (problem,) = problems(album_index)
    assert f"Delete {mark} and run `photoclust run` again" in problem
    mark.unlink()
    with album_index.lock():
        assert len(album_index.photos()) == 13


def test_the_cure_of_a_damaged_grouping_works(album_index: IndexStore) -> None:
    current = album_index.current_clustering()
    assert current is not None
    folder = album_index.clusterings.folder / current.run_id
    flip(folder / "people.parquet")
    (problem,) = problems(album_index)
    assert f"Delete the folder {folder} and {album_index.folder / 'current.json'}" in problem


def test_vectors_that_are_no_unit_vectors_and_strange_photos_are_found(album_index: IndexStore) -> None:
    mark = album_index.parts.marks()[0]
    faces = album_index.parts.read_faces(mark)
    rows = faces.to_pylist()
    rows[0] |= {"embedding": [0.5] * 512, "photo_id": "f" * 32}
    album_index.parts.replace_faces(mark, pa.Table.from_pylist(rows, faces.schema))
    found = problems(album_index)
    assert any("has 1 embeddings that are no unit vectors" in problem for problem in found)
    assert any("has 1 photos of faces that it does not know" in problem for problem in found)


def test_faces_that_are_missing_and_lines_that_mean_nothing_are_found(album_index: IndexStore) -> None:
    mark = album_index.parts.marks()[0]
    album_index.parts.faces_of(mark).unlink()
    album_index.decisions_file.write_text("at,kind,person,faces,others,value\nnonsense,name,x,y,,z\n")
    album_index.decisions_file.chmod(0o600)
    found = problems(album_index)
    assert any("is missing" in problem for problem in found)
    assert any("decisions.csv" in problem for problem in found)


def test_what_others_can_read_is_found(album_index: IndexStore) -> None:
    mark = album_index.parts.marks()[0]
    mark.chmod(0o644)
    (problem,) = problems(album_index)
    assert str(mark) in problem
    assert f"chmod -R go= {album_index.folder}" in problem


@pytest.mark.parametrize(("count", "said"), [(1, ""), (2, " and one other"), (3, " and 2 others")])
def test_how_many_can_be_read_is_told_in_words_that_fit(
    album_index: IndexStore, count: int, said: str
) -> None:
    marks = sorted(album_index.parts.marks())[:count]
    for mark in marks:
        mark.chmod(0o644)
    (problem,) = problems(album_index)
    assert f".parquet{said} can be read by others than the owner." in problem


def test_an_index_of_an_earlier_version_is_no_finding(album_index: IndexStore) -> None:
    import pyarrow.parquet as pq

    graph = album_index.folder / "neighbours" / "graph.parquet"
    pq.write_table(files.read_table(graph), graph)
    assert problems(album_index) == []
    unverified = "of an earlier photoclust {} no checksum and cannot be verified\n"
    assert check(album_index).stdout.endswith(f": 1 file {unverified.format('carries')}")
    pointer = album_index.folder / "current.json"
    pointer.write_text(json.dumps(files.read_json(pointer)))
    assert check(album_index).stdout.endswith(f": 2 files {unverified.format('carry')}")
    assert json.loads(check(album_index, "--json").stdout)["without_checksum"] == 2
    flip(album_index.parts.marks()[0])
    said = check(album_index).stdout
    assert said.endswith(f": 1 to be looked at; 2 files {unverified.format('carry')}")
    assert "as it was written\n" not in said
