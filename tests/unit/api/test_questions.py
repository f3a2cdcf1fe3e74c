"""What an index holds, what has changed, and what a setting does, as a program asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

import photoclust
from photoclust.cli import cli
from photoclust.index.store import IndexStore


@pytest.fixture
def index(album_index: IndexStore) -> photoclust.Index:
    return photoclust.open(album_index.folder)


@pytest.fixture(autouse=True)
def silent(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


def _said(*words: str) -> object:
    return json.loads(CliRunner().invoke(cli, [*words, "--json"]).output)


def test_status_is_that_of_the_command_line(index: photoclust.Index) -> None:
    found = index.status()
    said = _said("status", "--index", index.location)
    assert isinstance(said, dict)
    assert said.pop("next").startswith("open ")
    assert json.loads(json.dumps(found.to_dict())) == said
    assert (found.photos.seen, found.faces, found.unfinished, found.grouped) == (18, 21, None, True)
    assert found.grouping is not None
    assert found.grouping.people == 4


def test_status_before_anything_was_grouped(tmp_path: object) -> None:
    found = photoclust.create(f"{tmp_path}/new").status()
    assert (found.photos.seen, found.faces, found.grouping, found.grouped) == (0, 0, None, False)


def test_what_became_of_people(index: photoclust.Index) -> None:
    with pytest.raises(photoclust.errors.IndexMissingError):
        index.diff()
    ada, bea = index.people[0].id, index.people[1].id
    index.correct.merge(ada, bea)
    found = index.diff()
    assert json.loads(json.dumps(found.to_dict())) == _said("diff", "--index", index.location)
    assert [(one.kind, one.person_id, one.other_id) for one in found.changes if one.kind == "merged"] == [
        ("merged", bea, ada)
    ]
    before, after = index.groupings
    assert (before.people, before.place, after.people, after.place) == (4, "previous", 3, "current")
    assert index.diff(before.run_id, after.run_id) == found
    assert index.diff(after.run_id, after.run_id).changes == ()
    with pytest.raises(photoclust.errors.IndexMissingError, match=r"no clustering .never."):
        index.diff("never")


def test_a_sweep_says_what_a_setting_does_and_how_far_it_is(index: photoclust.Index) -> None:
    told: list[tuple[str, int, int]] = []
    found = index.sweep("min_cluster_size", [2, 7], "folders", progress=lambda *said: told.append(said))
    said = _said("sweep", index.location, "--parameter", "min_cluster_size", "--values", "2,7",
                 "--labels", "folders")  # fmt: skip
    assert json.loads(json.dumps(found.to_dict())) == said
    assert [(point.value, point.people, point.in_force) for point in found.points] == [
        (2, 4, True),
        (7, 1, False),
    ]
    assert told == [("group", 0, 2), ("group", 1, 2), ("group", 2, 2)]
    assert len(index.groupings) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("k",), "parameter must be one of false_join_rate, min_quality"),
        (("min_samples", [2.5]), "whole number, not 2.5"),
        (("min_quality", [0.5], "no.csv"), "no.csv"),
    ],
)
def test_a_sweep_that_cannot_be_made_is_refused(
    index: photoclust.Index, arguments: tuple[object, ...], words: str
) -> None:
    with pytest.raises(photoclust.errors.UsageError, match=words):
        index.sweep(*arguments)  # pyright: ignore[reportArgumentType]
