"""The `people` verbs: what is said holds, and what cannot be meant is one clear sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow.compute as pc
import pytest
from click.testing import CliRunner

from photoclust.cli.people import people
from photoclust.config import ClusterConfig
from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.people.decisions.file import added_lines, read_decisions
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.people import correct
from photoclust.workflows.people.people_index import PeopleIndex

PeopleOf = Callable[[IndexStore], dict[str, str]]


@pytest.fixture
def say(album_index: IndexStore) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(
            people, [*arguments, "--index", str(album_index.folder)], catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.fixture
def who(album_index: IndexStore, people_of: PeopleOf) -> dict[str, str]:
    return people_of(album_index)


def faces(store: IndexStore, person: str) -> list[str]:
    current = store.current_clustering()
    assert current is not None
    return current.assignments.filter(pc.field("person_id") == person)["face_id"].to_pylist()


def owners(store: IndexStore, ids: list[str]) -> list[str]:
    current = store.current_clustering()
    assert current is not None
    person = dict(
        zip(
            current.assignments["face_id"].to_pylist(),
            current.assignments["person_id"].to_pylist(),
            strict=True,
        )
    )
    return [person[face] for face in ids]


def test_a_name_is_listed_shown_and_kept(
    say: Callable[..., str], album_index: IndexStore, who: dict[str, str]
) -> None:
    say("name", who["ada"][:8], "Ada Lovelace")
    listed = json.loads(say("list", "--json"))
    assert [row["name"] for row in listed if row["person_id"] == who["ada"]] == ["Ada Lovelace"]
    assert len(json.loads(say("list", "--unnamed", "--json"))) == 3
    shown = json.loads(say("show", "Ada Lovelace", "--json"))
    assert len(shown["faces"]) == 9
    assert [line["kind"] for line in shown["decisions"]] == ["name"]
    assert "Ada Lovelace" in say("show", "Ada Lovelace")
    group_faces(album_index, ClusterConfig(k=8, min_cluster_size=4))
    assert "Ada Lovelace" in say("list")
    assert (album_index.decisions_file.stat().st_mode & 0o777) == 0o600


def test_what_is_known_of_a_person_is_said(
    say: Callable[..., str], album_index: IndexStore, who: dict[str, str]
) -> None:
    say("name", who["bea"], "Bea")
    say("name", who["dora"], "Dora")
    cleo = next(line for line in say("list").splitlines() if line.startswith(who["cleo"]))
    assert re.search(r"\d% sure; nearest: (Bea|Dora), .*% likely the same\)$", cleo)
    shown = say("show", "Bea")
    (row,) = (row for row in json.loads(say("list", "--json")) if row["name"] == "Bea")
    assert f"Cohesion {row['cohesion']:.2f}; weakest face {row['weakest_face_id']}" in shown
    page = (album_index.folder / "review" / "index.html").read_text()
    assert re.search(r"\d% sure; nearest: (Bea|Dora), ", page)


def test_faces_that_a_decision_placed_are_marked(
    say: Callable[..., str], album_index: IndexStore, who: dict[str, str]
) -> None:
    assert "decided" not in say("show", who["ada"])
    moved = faces(album_index, who["dora"])[0]
    say("same", moved, who["ada"])
    marked = {
        face["face_id"]: face["decided"] for face in json.loads(say("show", who["ada"], "--json"))["faces"]
    }
    assert marked[moved]
    line = next(line for line in say("show", who["ada"]).splitlines() if line.startswith(moved))
    assert " decided " in line
    assert "Line 2: " in say("show", who["ada"])


def test_a_merge_takes_everybody_along_and_a_split_undoes_it(
    say: Callable[..., str], album_index: IndexStore, who: dict[str, str]
) -> None:
    bea, cleo = faces(album_index, who["bea"]), faces(album_index, who["cleo"])
    say("name", who["cleo"], "Cleo")
    say("name", who["bea"], "Bea")
    say("merge", "Bea", "Cleo", "--yes")
    assert len(set(owners(album_index, bea + cleo))) == 1
    assert "Cleo" not in say("list")
    say("split", "Bea", *cleo)
    assert len(set(owners(album_index, bea))) == len(set(owners(album_index, cleo))) == 1
    assert owners(album_index, bea)[0] != owners(album_index, cleo)[0]


def test_not_her_and_back(say: Callable[..., str], album_index: IndexStore, who: dict[str, str]) -> None:
    face, *rest = faces(album_index, who["ada"])
    say("name", who["ada"], "Ada")
    say("reject", "Ada", face)
    assert owners(album_index, [face])[0] not in owners(album_index, rest)
    told = say("same", face, "Ada")
    assert "Not applied: Line 3 of the decisions (reject): it contradicts line 4" in told
    assert len(set(owners(album_index, [face, *rest]))) == 1


def test_different_people_of_one_name(
    say: Callable[..., str], album_index: IndexStore, who: dict[str, str]
) -> None:
    say("name", who["ada"], "Ada")
    say("name", who["bea"], "Ada", "--another")
    assert say("list").count("Ada") == 2
    with pytest.raises(UsageError, match="could be 2 of them"):
        say("show", "Ada")
    say("name", who["cleo"], "Cleo")
    say("name", who["dora"], "Cleo")
    assert say("list").count("Cleo") == 1


def test_ignored_people_leave_the_list_and_come_back(
    say: Callable[..., str], album_index: IndexStore, who: dict[str, str]
) -> None:
    say("ignore", who["ada"])
    assert who["ada"] not in say("list")
    assert who["ada"] in say("list", "--ignored")
    page = (album_index.folder / "review" / "index.html").read_text()
    assert page.index(who["dora"]) < page.index(who["ada"])
    say("ignore", who["ada"], "--undo")
    assert who["ada"] in say("list")


def test_a_cover_and_a_decision_for_later(
    say: Callable[..., str], album_index: IndexStore, who: dict[str, str]
) -> None:
    before = album_index.current_clustering()
    chosen = faces(album_index, who["ada"])[3]
    say("cover", who["ada"], chosen, "--later")
    say("different", who["ada"], who["bea"], "--later")
    after = album_index.current_clustering()
    assert before is not None
    assert after is not None
    assert after.run_id == before.run_id
    assert [line.kind for line in read_decisions(album_index.decisions_text()).lines] == [
        "cover",
        "different",
    ]
    say("same", *faces(album_index, who["dora"])[:2])
    current = album_index.current_clustering()
    assert current is not None
    (row,) = current.people.filter(pc.field("person_id") == who["ada"]).to_pylist()
    assert row["cover_face_id"] == chosen


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "Nobody"), "There is no person 'Nobody'"),
        (("show", "\x1b[2J"), r"There is no person '\\x1b"),
        (("reject", "PERSON", "zz"), "There is no face 'zz'"),
        (("merge", "PERSON", "PERSON"), "these are one"),
        (("split", "PERSON", "OTHER"), "not one of"),
        (("cover", "PERSON", "OTHER"), "not one of"),
        (("different", "PERSON", "PERSON"), "Nobody is different"),
        (("name", "PERSON", "a" * 201), "200 characters"),
        (("same", "PERSON"), "Name two"),
    ],
)
def test_what_cannot_be_meant(
    say: Callable[..., str],
    album_index: IndexStore,
    who: dict[str, str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    words = {"PERSON": who["ada"], "OTHER": faces(album_index, who["bea"])[0]}
    with pytest.raises(UsageError, match=message):
        say(*(words.get(argument, argument) for argument in arguments))
    assert not album_index.decisions_file.exists()


def test_a_misspelt_name_is_suggested(say: Callable[..., str], who: dict[str, str]) -> None:
    say("name", who["ada"], "Ada Lovelace")
    with pytest.raises(UsageError, match=r"did you mean Ada Lovelace\?"):
        say("show", "Ada Lovelac")


def test_a_linked_decisions_file_stays_a_link(
    say: Callable[..., str], album_index: IndexStore, who: dict[str, str]
) -> None:
    elsewhere = album_index.folder.parent / "mine.csv"
    elsewhere.write_bytes(b"at,kind,person,faces,others,value\r\n# caf\xe9 of mine")
    album_index.decisions_file.symlink_to(elsewhere)
    told = say("name", who["ada"], "Ada")
    assert album_index.decisions_file.is_symlink()
    assert elsewhere.read_bytes().startswith(b"at,kind,person,faces,others,value\r\n# caf\xe9 of mine\n2")
    assert "Not applied: Line 2" in told


def test_who_has_a_name_keeps_the_id_when_another_is_given_it(
    say: Callable[..., str], album_index: IndexStore, who: dict[str, str]
) -> None:
    say("name", who["dora"], "Ada Lovelace")
    ada = faces(album_index, who["ada"])
    say("name", who["ada"], "Ada Lovelace")
    assert set(owners(album_index, ada)) == {who["dora"]}, "who had the name, though with fewer faces"


def test_nobody_is_named_like_a_number_of_the_page(album_index: IndexStore, who: dict[str, str]) -> None:
    for name in ("Person 1", "person #1"):
        with pytest.raises(UsageError, match="without a name"):
            correct.name(PeopleIndex(album_index), who["bea"], name)


def test_a_name_from_elsewhere_that_is_a_number_of_another_is_asked_about(
    album_index: IndexStore, who: dict[str, str]
) -> None:
    numbered = PeopleIndex(album_index).called(who["ada"])
    said = correct.name(PeopleIndex(album_index), who["bea"], "Bea")
    lines = added_lines("", [replace(line, value=numbered) for line in said], datetime.now(UTC))
    album_index.decisions_file.write_text(lines)
    group_faces(album_index, ClusterConfig(k=10))
    with pytest.raises(UsageError, match="could be 2 of them") as refused:
        PeopleIndex(album_index).person(numbered)
    assert who["ada"] in str(refused.value)
    assert who["bea"] in str(refused.value)
    correct.write(
        album_index, people_index := PeopleIndex(album_index), correct.name(people_index, who["ada"], "Ada")
    )
    group_faces(album_index, ClusterConfig(k=10))
    assert PeopleIndex(album_index).person(numbered) == who["bea"]
