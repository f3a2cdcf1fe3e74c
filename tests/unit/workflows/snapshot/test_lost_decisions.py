"""Decisions that are gone all at once: the people stay as they are until somebody accepts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from photoclust.config import ClusterConfig
from photoclust.errors import DecisionsLostError
from photoclust.index import files
from photoclust.index.store import IndexStore
from photoclust.people.decisions.line import HEADER
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.forget import forget
from photoclust.workflows.people import correct
from photoclust.workflows.people.people_index import PeopleIndex

PeopleOf = Callable[[IndexStore], dict[str, str]]
CONFIG = ClusterConfig(k=10)
HEAD = ",".join(HEADER) + "\n"


@pytest.fixture
def named(album_index: IndexStore, people_of: PeopleOf) -> IndexStore:
    """Ada, Bea and Cleo have names, and Dora is ignored: four decisions."""
    people = people_of(album_index)
    for name in ("ada", "bea", "cleo"):
        people_index = PeopleIndex(album_index)
        correct.write(album_index, people_index, correct.name(people_index, people[name], name.title()))
    people_index = PeopleIndex(album_index)
    correct.write(album_index, people_index, correct.ignore(people_index, [people["dora"]]))
    group_faces(album_index, CONFIG)
    return album_index


def names(store: IndexStore) -> list[str]:
    return sorted(filter(None, PeopleIndex(store).names.values()))


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def deleted(file: Path) -> None:
    file.unlink()


def blank(file: Path) -> None:
    file.write_text(" \r\n\n")


def header_alone(file: Path) -> None:
    file.write_text(HEAD)


def cut_short(file: Path) -> None:
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:2]))


@pytest.mark.parametrize("lose", [emptied, deleted, blank, header_alone, cut_short])
def test_the_people_stay_when_all_or_most_decisions_are_gone(
    named: IndexStore, lose: Callable[[Path], None]
) -> None:
    run, content = named.clusterings.current(), named.decisions_file.read_bytes()
    lose(named.decisions_file)
    for _ in range(2):
        with pytest.raises(DecisionsLostError, match=r"decisions\.csv .*Cleo.*Index\.use\('\w+'\)"):
            group_faces(named, CONFIG)
    assert (named.clusterings.current(), names(named)) == (run, ["Ada", "Bea", "Cleo"])
    named.decisions_file.write_bytes(content)
    assert group_faces(named, CONFIG).unchanged


def test_that_they_are_gone_can_be_accepted(named: IndexStore) -> None:
    emptied(named.decisions_file)
    with pytest.raises(DecisionsLostError) as refused:
        group_faces(named, CONFIG)
    new = named.clusterings.runs()[-1]
    assert f"--use {new} " in refused.value.on_command_line
    named.clusterings.put_in_force(new)
    assert group_faces(named, CONFIG).unchanged
    assert names(named) == []


def test_nothing_is_added_to_a_file_that_has_lost_them(named: IndexStore) -> None:
    emptied(named.decisions_file)
    people_index = PeopleIndex(named)
    with pytest.raises(DecisionsLostError, match="tells how to go on"):
        correct.write(
            named, people_index, correct.name(people_index, people_index.person("Ada"), "Ada Lovelace")
        )
    assert named.decisions_file.read_bytes() == b""


@pytest.mark.parametrize("lines", [1, 2])
def test_lines_that_somebody_deletes_are_gone(named: IndexStore, lines: int) -> None:
    text = named.decisions_file.read_text().splitlines(keepends=True)
    named.decisions_file.write_text("".join([text[0], *text[1 + lines :]]))
    group_faces(named, CONFIG)
    assert names(named) == ["Ada", "Bea", "Cleo"][lines:]


def test_all_that_is_taken_back_is_no_loss(named: IndexStore) -> None:
    correct.take_back(named, PeopleIndex(named), 4)
    group_faces(named, CONFIG)
    assert names(named) == []


def test_who_is_forgotten_is_no_loss(named: IndexStore) -> None:
    forget(named, ["Ada", "Bea", "Cleo", *_ids(named, "")])
    group_faces(named, CONFIG)
    assert names(named) == []


def _ids(store: IndexStore, name: str) -> list[str]:
    return [person for person, row in PeopleIndex(store).people.items() if row["name"] == name]


def test_an_index_that_did_not_count_decisions_is_protected_by_its_names(named: IndexStore) -> None:
    current = named.current_clustering()
    assert current is not None
    path = named.folder / "clusterings" / current.run_id / "run.json"
    run = files.read_json(path)
    del run["decisions"]
    files.write_json(path, run)
    emptied(named.decisions_file)
    with pytest.raises(DecisionsLostError, match="Ada, Bea, Cleo"):
        group_faces(named, CONFIG)
