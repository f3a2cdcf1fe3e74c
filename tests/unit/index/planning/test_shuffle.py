"""Rows come back by their key, whether they were in memory or on disk."""

from __future__ import annotations

from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from photoclust.index.planning import shuffle
from photoclust.index.planning.shuffle import PARTS, Shuffle, Sieve, by, by_order, hashes

SCHEMA = pa.schema([("key", pa.string()), ("row", pa.int64())])


def rows(keys: list[str], start: int = 0) -> pa.Table:
    return pa.table({"key": keys, "row": range(start, start + len(keys))}, schema=SCHEMA)


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=8), st.sampled_from([1, 5, 1000]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_all_rows_of_a_key_are_in_one_part_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tables: list[list[str]], in_memory: int
) -> None:
    monkeypatch.setattr(shuffle, "ROWS_IN_MEMORY", in_memory)
    shuffled = Shuffle(tmp_path, by("key"), left=SCHEMA, right=SCHEMA)
    given: dict[str, list[list[int]]] = {}
    for number, keys in enumerate(tables):
        shuffled.add("left" if number % 2 else "right", rows(keys, 100 * number))
        for row, key in enumerate(keys):
            given.setdefault(key, [[], []])[number % 2].append(100 * number + row)
    found: dict[str, list[list[int]]] = {}
    for number, part in enumerate(shuffled):
        assert part.keys() == {"left", "right"}
        for side, kind in enumerate(("right", "left")):
            for key, row in zip(*part[kind].to_pydict().values(), strict=True):
                assert number == shuffled.part_of(key)
                found.setdefault(key, [[], []])[side].append(row)
    assert found == given
    assert sum(map(len, shuffled.tables("left"))) == shuffled.rows["left"]
    assert not list(tmp_path.iterdir())


def test_parts_by_number_are_in_order_and_large_numbers_come_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shuffle, "ROWS_IN_MEMORY", 100)
    shuffled = Shuffle(tmp_path, by_order("row", 1000), all=SCHEMA)
    numbers = np.random.default_rng(0).permutation(2000)
    for some in np.array_split(numbers, 20):
        shuffled.add("all", pa.table({"key": ["k"] * len(some), "row": some}, schema=SCHEMA))
    parts = [part["row"].to_pylist() for part in shuffled.parts("all") if len(part)]
    assert len(parts) == PARTS
    assert sorted(chain.from_iterable(parts)) == list(range(2000))
    assert all(max(one) < min(other) for one, other in pairwise(parts))


def test_a_sieve_lets_through_all_that_is_wanted_and_little_else() -> None:
    sieve = Sieve()
    wanted = hashes(pa.chunked_array([[f"wanted {number}" for number in range(1000)]]))
    sieve.want(wanted)
    assert sieve(wanted).all()
    assert sieve(hashes(pa.chunked_array([[f"other {number}" for number in range(1000)]]))).sum() < 10
