"""``photoclust people suggest`` and ``photoclust explain``: questions with their answers, and reasons."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from photoclust.cli import cli
from photoclust.config import ClusterConfig, IndexSettings
from photoclust.errors import IndexMissingError, UsageError
from photoclust.index import files
from photoclust.index.store import IndexStore
from photoclust.records import FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.stages import face_id
from photoclust.workflows.cluster import group_faces

PeopleOf = Callable[[IndexStore], dict[str, str]]


def run(capsys: pytest.CaptureFixture[str], store: IndexStore, *arguments: str) -> str:
    capsys.readouterr()
    cli.main([*arguments, "--index", str(store.folder)], standalone_mode=False)
    return capsys.readouterr().out


def suggested(capsys: pytest.CaptureFixture[str], store: IndexStore, least: str = "0%") -> list[dict]:
    """Questions, also those that are hardly possible, as all are among people who have nothing in common."""
    words = "people", "suggest", "--json", "--most", "100", "--min-chance", least
    return json.loads(run(capsys, store, *words))


def test_what_is_denied_is_not_asked_again(
    album_index: IndexStore, people_of: PeopleOf, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = next(one for one in suggested(capsys, album_index) if one["kind"] == "merge")
    assert set(asked["people"]) <= set(people_of(album_index).values())
    words = shlex.split(asked["no"])
    assert words[:3] == ["photoclust", "people", "different"]
    cli.main(words[1:], standalone_mode=False)
    again = [one["people"] for one in suggested(capsys, album_index) if one["kind"] == "merge"]
    assert asked["people"] not in again


def test_what_is_accepted_is_done(
    album_index: IndexStore, people_of: PeopleOf, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = next(one for one in suggested(capsys, album_index) if one["kind"] == "merge")
    cli.main(shlex.split(asked["yes"])[1:], standalone_mode=False)
    names = [name for name, person in people_of(album_index).items() if person in asked["people"]]
    assert len(names) == 2 or len(set(people_of(album_index).values())) == 3


def test_questions_can_be_read(album_index: IndexStore, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, album_index, "people", "suggest", "--min-chance", "0%")
    assert text.startswith("1. ")
    assert "yes: photoclust people" in text


def test_two_faces_of_one_person(
    album_index: IndexStore, people_of: PeopleOf, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = people_of(album_index)["ada"]
    assert album_index.current_clustering() is not None
    rows = album_index.current_clustering().assignments.to_pylist()
    one, other = [row["face_id"] for row in rows if row["person_id"] == ada][:2]
    found = json.loads(run(capsys, album_index, "explain", one, other, "--json"))
    assert found["same_person"]
    assert found["evidence"] > 0
    assert (found["way"]["faces"][0], found["way"]["faces"][-1]) == (one, other)
    assert max(found["way"]["steps"]) <= found["cosine_distance"] + 1e-6
    assert "They are one person." in run(capsys, album_index, "explain", one, other)


def test_two_people(album_index: IndexStore, people_of: PeopleOf, capsys: pytest.CaptureFixture[str]) -> None:
    who = people_of(album_index)
    found = json.loads(run(capsys, album_index, "explain", who["ada"], who["bea"], "--json"))
    assert found["people"] == [who["ada"], who["bea"]]
    assert not found["same_person"]
    assert found["kept_apart"], "one photo shows both"
    assert found["group_evidence"] < found["required_evidence"]
    text = run(capsys, album_index, "explain", who["ada"], who["bea"])
    assert "not one person" in text
    assert "keeps them apart" in text


def test_reasons_are_those_of_the_grouping_in_force(
    album_index: IndexStore, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = album_index.photos().to_pylist()[0]
    face = next(row for row in album_index.faces().to_pylist() if row["photo_id"] == photo["photo_id"])
    twice = {"photo_id": "f" * 32, "uri": "/photos/mirror.jpg"}
    boxes = (np.array([left, 0, left + 100, 100], np.float32) for left in (0, 150))
    ids = [{"photo_id": "f" * 32, "face_id": face_id("f" * 32, box), "box": box} for box in boxes]
    photos = pa.Table.from_pylist([photo | twice], PHOTO_SCHEMA)
    album_index.append(photos, pa.Table.from_pylist([face | one for one in ids], FACE_SCHEMA))
    for copies in (True, False):
        group_faces(album_index, ClusterConfig(k=10, photo_copies=copies))
        words = [one["face_id"] for one in ids]
        found = json.loads(run(capsys, album_index, "explain", *words, "--json"))
        assert (found["same_person"], found["kept_apart"]) == (copies, not copies)


def test_reasons_say_that_nobody_joins_faces_of_low_quality(
    album_index: IndexStore, people_of: PeopleOf, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = album_index.photos().to_pylist()[0]
    face = next(row for row in album_index.faces().to_pylist() if row["photo_id"] == photo["photo_id"])
    blurred = np.zeros(len(face["embedding"]), np.float16)
    blurred[0] = 1
    boxes = (np.array([left, 0, left + 9, 9], np.float32) for left in (0, 150))
    new = [
        {"photo_id": "f" * 32, "face_id": face_id("f" * 32, box), "box": box, "quality": 0.1} for box in boxes
    ]
    photos = pa.Table.from_pylist([photo | {"photo_id": "f" * 32, "uri": "/photos/blur.jpg"}], PHOTO_SCHEMA)
    rows = [face | one | {"embedding": blurred} for one in new]
    album_index.append(photos, pa.Table.from_pylist(rows, FACE_SCHEMA))
    one, other = (row["face_id"] for row in new)
    said = f"at,kind,person,faces,others,value\n2026-03-01T18:22:05.120000Z,name,,{one},,Ada\n"
    album_index.add_decisions(said)
    group_faces(album_index, ClusterConfig(k=10))
    sentence = "faces of low quality join people with better ones alone"
    assert json.loads(run(capsys, album_index, "explain", one, other, "--json"))["too_poor"]
    assert sentence in run(capsys, album_index, "explain", one, other)
    assert sentence not in run(capsys, album_index, "explain", one, people_of(album_index)["bea"])


def test_what_is_hardly_possible_is_not_asked(
    album_index: IndexStore, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = suggested(capsys, album_index)
    assert suggested(capsys, album_index, "100%") == []
    assert "nothing to ask" in run(capsys, album_index, "people", "suggest", "--min-chance", "100%")
    likeliest = max(one["chance"] for one in asked)
    assert len(suggested(capsys, album_index, f"{100 * likeliest / 2}%")) < len(asked)


def test_a_grouping_of_older_settings_is_asked_about(
    album_index: IndexStore, capsys: pytest.CaptureFixture[str]
) -> None:
    path = album_index.folder / "clusterings" / str(album_index.clusterings.current()) / "run.json"
    run_file = files.read_json(path)
    del run_file["config"]["photo_copies"]
    files.write_json(path, run_file)
    assert suggested(capsys, album_index)


def test_a_face_is_not_weighed_against_itself(
    album_index: IndexStore, people_of: PeopleOf, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = people_of(album_index)["ada"]
    text = run(capsys, album_index, "explain", ada, ada)
    assert text.startswith("Both are face ")
    assert len(text.splitlines()) == 1


def test_names_in_reasons_cannot_turn_the_reading_direction(
    album_index: IndexStore, people_of: PeopleOf, capsys: pytest.CaptureFixture[str]
) -> None:
    who = people_of(album_index)
    run(capsys, album_index, "people", "name", who["ada"], "\u202enirts")
    run(capsys, album_index, "people", "different", who["ada"], who["bea"])
    run(capsys, album_index, "people", "merge", who["ada"], who["cleo"])
    ada = people_of(album_index)["ada"]
    faces = json.loads(run(capsys, album_index, "people", "show", ada, "--json"))["faces"]
    text = run(capsys, album_index, "explain", faces[0]["face_id"], faces[-1]["face_id"])
    assert "\u202e" not in text
    assert "\N{REPLACEMENT CHARACTER}nirts" in text


def test_strangers_and_an_index_without_people(
    album_index: IndexStore, people_of: PeopleOf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="nobody"):
        run(capsys, album_index, "explain", people_of(album_index)["ada"], "nobody")
    empty = IndexStore.create(tmp_path / "empty", IndexSettings(), "abc123")
    with pytest.raises(IndexMissingError):
        run(capsys, empty, "explain", "a", "b")
    with pytest.raises(IndexMissingError):
        run(capsys, empty, "people", "suggest")
