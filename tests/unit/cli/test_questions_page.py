"""``suggest`` and ``explain`` name photos by their paths, and write a page with the pictures."""

from __future__ import annotations

import base64
import json
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from photoclust.cli import cli
from photoclust.errors import OutputError
from photoclust.index.store import IndexStore
from photoclust.records import FACE_SCHEMA, PHOTO_SCHEMA

PeopleOf = Callable[[IndexStore], dict[str, str]]
SUGGEST = ("people", "suggest", "--min-chance", "0%", "--most", "100")


def run(store: IndexStore, *words: str) -> str:
    done = CliRunner().invoke(cli, [*words, "--index", str(store.folder)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def photo_of(store: IndexStore) -> dict[str, str]:
    """Uri of each face's photo."""
    uris = {row["photo_id"]: row["uri"] for row in store.photos().to_pylist()}
    return {row["face_id"]: uris[row["photo_id"]] for row in store.faces().to_pylist()}


def pictures(store: IndexStore, face_ids: set[str]) -> set[str]:
    rows = [row for row in store.faces(["thumbnail"]).to_pylist() if row["face_id"] in face_ids]
    return {base64.b64encode(row["thumbnail"]).decode() for row in rows}


def shown(page: str) -> set[str]:
    return set(re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page))


def test_questions_show_the_photos_of_both_sides(
    album_index: IndexStore, people_of: PeopleOf, tmp_path: Path
) -> None:
    file, photos = tmp_path / "page.html", photo_of(album_index)
    asked = json.loads(run(album_index, *SUGGEST, "--json", "--html", str(file)))
    assert {one["kind"] for one in asked} >= {"merge", "doubt"}
    current = album_index.current_clustering()
    assert current is not None
    person_of = {row["face_id"]: row["person_id"] for row in current.assignments.to_pylist()}
    faces: set[str] = set()
    for one in asked:
        left, right = one["sides"]
        for side in (left, right):
            assert side["faces"]
            assert all(face["uri"] == photos[face["face_id"]] for face in side["faces"])
            own = {person_of[face["face_id"]] for face in side["faces"]}
            assert not side["person"] or own == {side["person"]}
            faces |= {face["face_id"] for face in side["faces"][:8]}
        if one["kind"] == "doubt":
            assert [face["face_id"] for face in left["faces"]] == one["faces"]
    page = file.read_text()
    assert page.count("<article") == len(asked)
    assert page.count('class="side"') == 2 * len(asked)
    assert shown(page) == pictures(album_index, faces)
    assert all(one["yes"].split()[2] in page for one in asked)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = run(album_index, *SUGGEST)
    assert all(one["sides"][1]["faces"][0]["uri"] in text for one in asked)


def test_reasons_show_both_faces_and_the_weakest_step(
    album_index: IndexStore, people_of: PeopleOf, tmp_path: Path
) -> None:
    who, photos, file = people_of(album_index), photo_of(album_index), tmp_path / "why.html"
    words = "explain", who["ada"], who["bea"]
    found = json.loads(run(album_index, *words, "--json", "--html", str(file)))
    for side, face in zip(found["sides"], found["faces"], strict=True):
        assert side["faces"][0] == {"face_id": face, "uri": photos[face]}
    text = run(album_index, *words)
    step = found["way"]["faces"][found["weakest_step"] : found["weakest_step"] + 2]
    assert all(photos[face] in text for face in (*found["faces"], *step))
    page = file.read_text()
    assert "They are not one person" in page
    assert "kept apart" in page
    assert pictures(album_index, {*found["faces"], *step}) <= shown(page)
    assert found["chance"] is None, "a photo that shows both keeps them apart"
    apart = json.loads(run(album_index, "explain", who["bea"], who["cleo"], "--json"))
    assert 0 < apart["chance"] < 0.5
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_hostile_names_do_no_harm(album_index: IndexStore, people_of: PeopleOf, tmp_path: Path) -> None:
    bad = [
        row | {"uri": f'/a/<img src=x>"\u202e\x1b[2J{number}.jpg'}
        for number, row in enumerate(album_index.photos().to_pylist())
    ]
    album_index.append(pa.Table.from_pylist(bad, PHOTO_SCHEMA), FACE_SCHEMA.empty_table())
    who, file = people_of(album_index), tmp_path / "page.html"
    run(album_index, "people", "name", who["ada"], "<script>alert(1)</script>\u202eirts")
    for words in (SUGGEST, ("explain", who["ada"], who["bea"])):
        text = run(album_index, *words, "--html", str(file))
        page = file.read_text()
        assert "<script" not in page
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
        assert "&lt;script&gt;alert(1)" in page
        assert "<img src=x>" in text
        assert not {"\u202e", "\x1b"} & set(page + text)


def test_a_page_cannot_be_written_over_a_folder(album_index: IndexStore, tmp_path: Path) -> None:
    words = [*SUGGEST, "--html", str(tmp_path / "no" / "page.html"), "--index", str(album_index.folder)]
    with pytest.raises(OutputError, match="cannot be written"):
        cli.main(words, standalone_mode=False)
