"""Person ids of an index, through corrections taken back and groupings gone back to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from photoclust.config import ClusterConfig
from photoclust.errors import IndexCorruptError
from photoclust.index.store import IndexStore
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.forget import forget
from photoclust.workflows.people import correct
from photoclust.workflows.people.people_index import PeopleIndex
from photoclust.workflows.snapshot.history import past_of

PeopleOf = Callable[[IndexStore], dict[str, str]]
CONFIG = ClusterConfig(k=10)


def say(store: IndexStore, *decisions: object) -> None:
    for one in decisions:
        correct.write(store, PeopleIndex(store), one)  # pyright: ignore[reportArgumentType]
    group_faces(store, CONFIG)


def take_back(store: IndexStore, lines: int) -> None:
    text = store.decisions_file.read_text().splitlines(keepends=True)
    store.decisions_file.write_text("".join(text[:-lines]))
    group_faces(store, CONFIG)


@pytest.mark.parametrize("named", [(), ("dora",), ("ada", "dora")])
def test_a_merge_taken_back_leaves_everybody_their_id(
    album_index: IndexStore, people_of: PeopleOf, named: tuple[str, ...]
) -> None:
    before = people_of(album_index)
    for name in named:
        say(album_index, correct.name(PeopleIndex(album_index), before[name], name.title()))
    said = correct.merge(PeopleIndex(album_index), [before["dora"], before["ada"]])
    say(album_index, said)
    assert len(set(people_of(album_index).values())) == 3
    take_back(album_index, len(said))
    assert people_of(album_index) == before


def test_whom_an_old_id_leads_to_follows_their_faces(album_index: IndexStore, people_of: PeopleOf) -> None:
    before = people_of(album_index)
    say(album_index, correct.name(PeopleIndex(album_index), before["dora"], "Dora"))
    say(album_index, correct.merge(PeopleIndex(album_index), [before["dora"], before["ada"]]))
    assert PeopleIndex(album_index).person(before["ada"]) == before["dora"]
    take_back(album_index, 1)
    assert PeopleIndex(album_index).person(before["ada"]) == before["ada"]


def test_an_id_given_after_a_grouping_is_not_given_anew_when_it_is_gone_back_to(
    album_index: IndexStore, people_of: PeopleOf
) -> None:
    before, first = people_of(album_index), album_index.clusterings.current()
    assert first is not None
    people_index = PeopleIndex(album_index)
    part = sorted(people_index.faces_of(before["ada"]))[:4]
    say(album_index, correct.split(people_index, before["ada"], part))
    given = set(PeopleIndex(album_index).people) - set(people_index.people)
    album_index.clusterings.put_in_force(first)
    ids = set(past_of(album_index, album_index.current_clustering()).identities)
    assert given
    assert given <= ids
    album_index.decisions_file.unlink()
    group_faces(album_index, ClusterConfig(k=9))
    assert people_of(album_index) == before
    assert set(past_of(album_index, None).identities) == ids


def test_ids_survive_the_loss_of_what_says_which_grouping_is_in_force(
    album_index: IndexStore, people_of: PeopleOf
) -> None:
    before = people_of(album_index)
    album_index.clusterings.pointer.unlink()
    group_faces(album_index, ClusterConfig(k=9))
    assert people_of(album_index) == before


def test_an_index_of_an_earlier_version_keeps_its_ids(album_index: IndexStore, people_of: PeopleOf) -> None:
    before = people_of(album_index)
    say(album_index, correct.merge(PeopleIndex(album_index), [before["ada"], before["bea"]]))
    (album_index.folder / "ids.parquet").unlink()
    current = album_index.current_clustering()
    assert current is not None
    old = replace(current, people=current.people.drop_columns(["number"]))
    album_index.clusterings.write(old)
    album_index.clusterings.put_in_force(old.run_id)
    take_back(album_index, 1)
    assert people_of(album_index) == before
    numbers = [row["number"] for row in PeopleIndex(album_index).people.values()]
    assert sorted(numbers) == [1, 2, 3, 4]


def test_numbers_of_people_stay_and_are_not_given_again(album_index: IndexStore, people_of: PeopleOf) -> None:
    before = people_of(album_index)
    numbers = {name: PeopleIndex(album_index).people[person]["number"] for name, person in before.items()}
    assert sorted(numbers.values()) == [1, 2, 3, 4]
    say(album_index, correct.merge(PeopleIndex(album_index), [before["dora"], before["ada"]]))
    forget(album_index, [before["bea"]])
    people_index = PeopleIndex(album_index)
    kept = {row["person_id"]: row["number"] for row in people_index.people.values()}
    assert all(numbers[name] == kept[person] for name, person in before.items() if person in kept)
    assert before["bea"] not in past_of(album_index, None).identities
    person = next(iter(kept))
    say(album_index, correct.split(people_index, person, sorted(people_index.faces_of(person))[:2]))
    new = set(PeopleIndex(album_index).people) - set(kept)
    assert {PeopleIndex(album_index).people[one]["number"] for one in new} == {5}


def test_damage_to_the_list_of_ids_is_told_with_its_cure(
    album_index: IndexStore, people_of: PeopleOf
) -> None:
    before = people_of(album_index)
    file = album_index.folder / "ids.parquet"
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(
        IndexCorruptError, match=r"ids.parquet is damaged .*Delete it and run `photoclust cluster`"
    ):
        group_faces(album_index, ClusterConfig(k=9))
    file.unlink()
    group_faces(album_index, ClusterConfig(k=9))
    assert people_of(album_index) == before
