"""Bursts brought together: a rearrangement, with each burst in one place."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from photoclust.report.bursts import together, with_room


def rows(people: list[str], bursts: list[int | None]) -> pa.Table:
    quality = np.linspace(0, 1, len(people), dtype=np.float32)
    columns = {"row": pa.array(range(len(people)), pa.int64()), "person_id": pa.array(people, pa.string())}
    return pa.table(columns | {"burst": pa.array(bursts, pa.int32()), "quality": quality})


@pytest.mark.parametrize("seed", range(5))
def test_every_face_stays_and_each_burst_of_a_person_is_in_one_place(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = sorted(rng.choice(["a", "b", "c"], 60).tolist())
    bursts = [None if number < 3 else number for number in rng.integers(0, 9, 60).tolist()]
    found = together(rows(people, bursts))
    order, numbers = found["row"].to_numpy(), found["burst"].to_numpy()
    assert sorted(order.tolist()) == list(range(60))
    assert found["person_id"].to_pylist() == people
    assert (np.diff(numbers) >= 0).all()
    keys = [(people[row], bursts[row]) if bursts[row] is not None else row for row in order.tolist()]
    assert len(set(zip(keys, numbers.tolist(), strict=True))) == len(set(keys)) == numbers.max() + 1
    left, starts = with_room(found, np.array([0, people.count("a"), 60]), tiles=60, alike=60)
    assert left.drop_columns("alike").equals(found)
    assert starts.tolist() == [0, people.count("a"), 60]


def test_there_is_room_for_so_many_bursts_and_so_many_faces_of_each() -> None:
    found = together(rows(["a"] * 6 + ["b"] * 3, [0, 0, 0, 1, 1, None, 0, 0, None]))
    left, starts = with_room(found, np.array([0, 6, 9]), tiles=2, alike=2)
    assert left["row"].to_pylist() == [2, 1, 4, 3, 7, 6, 8]
    assert left["alike"].to_pylist() == [3, 3, 2, 2, 2, 2, 1]
    assert starts.tolist() == [0, 4, 7]


def test_nothing_is_no_trouble() -> None:
    none = together(rows([], []))
    assert with_room(none, np.array([0]), 5, 5)[1].tolist() == [0]
