"""What is said can be taken back, says how, and asks before two people with names become one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from photoclust.cli.people import people
from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.people.decisions.file import read_decisions
from photoclust.workflows.people.people_index import PeopleIndex

PeopleOf = Callable[[IndexStore], dict[str, str]]
Say = Callable[..., str]


@pytest.fixture
def say(album_index: IndexStore) -> Say:
    def run(*arguments: str, index: bool = True) -> str:
        place = ["--index", str(album_index.folder)] if index else []
        done = CliRunner().invoke(people, [*arguments, *place], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.fixture
def who(album_index: IndexStore, people_of: PeopleOf) -> dict[str, str]:
    return people_of(album_index)


def number(store: IndexStore, person: str) -> str:
    return f"Person {PeopleIndex(store).people[person]['number']}"


def test_what_is_said_is_taken_back_and_said_again(
    say: Say, album_index: IndexStore, who: dict[str, str], people_of: PeopleOf
) -> None:
    ada = number(album_index, who["ada"])
    say("name", who["ada"], "Ada")
    say("name", who["dora"], "Dora")
    told = say("merge", "Dora", "Ada", "--yes")
    assert told.startswith(f"Joined Dora and Ada. `photoclust people undo --index {album_index.folder}`")
    assert len(set(people_of(album_index).values())) == 3
    assert "Taken back: Joined Dora and Ada.\n" in say("undo")
    assert people_of(album_index) == who
    assert f"Taken back: Named {ada} 'Ada'." in say("undo", "2")
    assert not any(PeopleIndex(album_index).names.values())
    assert say("log").count("(taken back)") == 3
    say("undo", "--redo")
    assert PeopleIndex(album_index).names[who["ada"]] == "Ada"
    say("undo", "2", "--redo")
    assert len(set(people_of(album_index).values())) == 3
    with pytest.raises(UsageError, match="Nothing was taken back"):
        say("undo", "--redo")
    rows = json.loads(say("log", "--json"))
    assert [(row["lines"], row["taken_back"]) for row in rows] == [
        ([4, 5], False),
        ([3], False),
        ([2], False),
    ]


def test_there_may_be_nothing_to_take_back(say: Say) -> None:
    assert say("log") == "Nothing has been said yet.\n"
    with pytest.raises(UsageError, match="Nothing has been said"):
        say("undo")


@pytest.mark.parametrize(
    "command", [("merge", "Ada", "Dora"), ("name", "Dora", "Ada"), ("same", "Ada", "Dora")]
)
def test_two_people_with_names_become_one_only_when_it_is_meant(
    say: Say, album_index: IndexStore, who: dict[str, str], command: tuple[str, ...]
) -> None:
    say("name", who["ada"], "Ada")
    say("name", who["dora"], "Dora")
    before = album_index.decisions_text()
    with pytest.raises(UsageError, match=r"'Ada' and 'Dora' both have a name .* join_named=True") as refused:
        say(*command)
    assert refused.value.on_command_line.endswith("nothing was changed. If that is meant, add --yes.")
    assert album_index.decisions_text() == before
    say(*command, "--yes")
    assert len(PeopleIndex(album_index).people) == 3


def test_a_name_that_joins_says_so(say: Say, album_index: IndexStore, who: dict[str, str]) -> None:
    say("name", who["ada"], "Ada")
    dora = number(album_index, who["dora"])
    told = say("name", dora, "Ada")
    assert told.startswith(f"Named {dora} 'Ada': one person now with the 'Ada' there was, of 9 faces. ")


def test_the_number_of_the_page_is_understood_and_stays(
    say: Say, album_index: IndexStore, who: dict[str, str]
) -> None:
    dora, ada = number(album_index, who["dora"]), number(album_index, who["ada"])
    page = album_index.folder / "review" / "index.html"
    say("merge", ada, number(album_index, who["bea"]))
    assert f"<bdi>{dora}</bdi>" in page.read_text()
    assert who["dora"] in say("show", dora.lower())
    assert who["dora"] in say("find", dora)
    say("rename", dora, "Dora")
    assert who["dora"] in say("show", dora)
    say("merge", "Dora", number(album_index, who["cleo"]))
    (row,) = json.loads(say("find", "DOR", "--json"))
    assert row["person_id"] == who["dora"]
    with pytest.raises(UsageError, match="Person 99 is nobody's number"):
        say("show", "Person 99")


def test_words_that_others_use(say: Say, album_index: IndexStore, who: dict[str, str]) -> None:
    say("hide", who["ada"])
    assert who["ada"] not in say("list")
    with pytest.raises(
        UsageError, match=r"`photoclust forget PERSON` erases .*`photoclust people ignore PERSON`"
    ):
        say("delete", who["ada"])


def test_the_index_need_not_be_named(
    say: Say, album_index: IndexStore, who: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PHOTOCLUST_INDEX", str(album_index.folder))
    assert who["ada"] in say("list", index=False)
    monkeypatch.delenv("PHOTOCLUST_INDEX")
    for folder in (album_index.folder, album_index.folder.parent):
        monkeypatch.chdir(folder)
        assert who["ada"] in say("list", index=False)
    monkeypatch.chdir(album_index.folder / "photos")
    done = CliRunner().invoke(people, ["list"])
    assert done.exit_code == 2
    assert "PHOTOCLUST_INDEX" in done.output


def test_log_reads_what_was_said_before_there_was_an_undo(say: Say, album_index: IndexStore) -> None:
    face = PeopleIndex(album_index).assignments["face_id"][0].as_py()
    line = f"2026-01-01T00:00:00Z,cover,p,{face},,\n"
    album_index.decisions_file.write_text("at,kind,person,faces,others,value\n" + line)
    assert "Chose a cover for" in say("log")
    assert len(read_decisions(album_index.decisions_text()).lines) == 1


def test_what_was_said_is_told_with_the_names_of_its_time(
    say: Say, album_index: IndexStore, who: dict[str, str]
) -> None:
    ada, bea, cleo = (number(album_index, who[name]) for name in ("ada", "bea", "cleo"))
    say("merge", cleo, bea)
    say("undo")
    say("name", who["ada"], "Ada")
    say("name", who["bea"], "Bea")
    say("name", who["bea"], "Beatrice")
    say("merge", "Ada", "Beatrice", "--yes")
    say("name", "Ada", "Ada Lovelace")
    said = [row["said"] for row in json.loads(say("log", "--json"))]
    assert said == [
        "Named Ada 'Ada Lovelace'",
        "Joined Ada and Beatrice",
        "Named Bea 'Beatrice'",
        f"Named {bea} 'Bea'",
        f"Named {ada} 'Ada'",
        f"Joined {cleo} and {bea}",
    ]
    taken_back = say("undo", "5")
    assert taken_back.startswith("".join(f"Taken back: {line}.\n" for line in said[:5]))
    assert [row["said"] for row in json.loads(say("log", "--json"))] == said
    assert say("undo", "2", "--redo").startswith(f"Holds again: {said[5]}.\nHolds again: {said[4]}.\n")


def test_what_was_taken_back_last_holds_again_first(
    say: Say, album_index: IndexStore, who: dict[str, str]
) -> None:
    say("name", who["ada"], "Ada", "--later")
    say("undo")
    say("name", who["bea"], "Bea", "--later")
    say("name", who["dora"], "Dora", "--later")
    say("undo")
    say("undo", "--redo")
    assert {"Bea", "Dora"} == set(PeopleIndex(album_index).names.values()) - {""}
    say("undo", "--redo")  # what was taken back before others were said comes last
    assert {"Ada", "Bea", "Dora"} == set(PeopleIndex(album_index).names.values()) - {""}
