"""A divided search gives the undivided graph, does nothing twice, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photoclust.config import ClusterConfig, EngineConfig
from photoclust.engine.neighbours import search_here, start_search
from photoclust.index.blocks import SearchBlocks
from photoclust.index.erasure.erase import erase
from photoclust.index.place import IndexPlace
from photoclust.index.searching import BlockSearch, DividedSearch
from photoclust.index.store import IndexStore
from photoclust.people.graph import blocks as people_blocks
from photoclust.people.graph.blocks import Comparison
from photoclust.people.graph.neighbours import NeighbourGraph, neighbours
from photoclust.people.graph.updating import update
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.forget import erasure_of


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_blocks, "QUERIES", 16)
    monkeypatch.setattr(people_blocks, "PIECE", 24)


def unit(n: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, 32)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Blocks:
    """Compares blocks in this process, notes which, and breaks off after some."""

    def __init__(self, lasts: int = 1000) -> None:
        self.lasts, self.done, self.starts = lasts, list[int](), 0

    def start(self) -> AbstractContextManager[BlockSearch]:
        self.starts += 1
        return nullcontext(self.search)

    def search(self, work: Comparison, blocks: Sequence[int]) -> Iterator[tuple[int, NeighbourGraph]]:
        for block, found in search_here(work, blocks):
            if len(self.done) == self.lasts:
                raise KeyboardInterrupt
            self.done.append(block)
            yield block, found


def quiet(_: int) -> AbstractContextManager[Any]:
    return nullcontext(lambda done: None)


def divided(blocks: Blocks, index: Path, divide_from: int = 1) -> DividedSearch:
    return DividedSearch(blocks.start, quiet, divide_from, partial(SearchBlocks, IndexPlace(index)))


def assert_same(left: NeighbourGraph, right: NeighbourGraph) -> None:
    np.testing.assert_array_equal(left.indices, right.indices)
    np.testing.assert_array_equal(left.distances, right.distances)


def test_a_divided_search_gives_the_undivided_graph(tmp_path: Path) -> None:
    rows = unit(100)
    assert_same(neighbours(rows, 5, search=divided(Blocks(), tmp_path)), neighbours(rows, 5))


def test_so_does_bringing_a_graph_up_to_date(tmp_path: Path) -> None:
    before, after = np.arange(0, 100, 2), np.arange(10, 90)
    position = np.where(np.isin(before, after), before - 10, -1)
    graph = neighbours(unit(100)[before], 5)
    updated = update(graph, position, unit(100)[after], 5, search=divided(Blocks(), tmp_path))
    assert_same(updated, neighbours(unit(100)[after], 5))


def test_few_faces_start_nothing(tmp_path: Path) -> None:
    blocks = Blocks()
    assert_same(
        neighbours(unit(50), 5, search=divided(blocks, tmp_path, divide_from=51)), neighbours(unit(50), 5)
    )
    assert (blocks.starts, list(tmp_path.iterdir())) == (0, [])


def test_a_search_that_was_killed_goes_on_with_the_blocks_not_done(tmp_path: Path) -> None:
    rows, killed, second, third = unit(100), Blocks(lasts=3), Blocks(), Blocks()
    with pytest.raises(KeyboardInterrupt):
        neighbours(rows, 5, search=divided(killed, tmp_path))
    assert_same(neighbours(rows, 5, search=divided(second, tmp_path)), neighbours(rows, 5))
    assert sorted([*killed.done, *second.done]) == list(range(7))
    assert_same(neighbours(rows, 5, search=divided(third, tmp_path)), neighbours(rows, 5))
    assert third.starts == 0


@pytest.mark.parametrize("change", ["a face", "the order", "k"])
def test_blocks_of_another_comparison_are_not_used(tmp_path: Path, change: str) -> None:
    rows, k, blocks = unit(100), 5, Blocks()
    neighbours(rows, k, search=divided(Blocks(), tmp_path))
    if change == "a face":
        rows[99] = unit(1, seed=1)
    elif change == "the order":
        rows = np.ascontiguousarray(rows[::-1])
    else:
        k = 6
    assert_same(neighbours(rows, k, search=divided(blocks, tmp_path)), neighbours(rows, k))
    assert sorted(blocks.done) == list(range(7))


def test_blocks_are_private_and_go_when_the_graph_is_written(tmp_path: Path, album_index: IndexStore) -> None:
    kept = SearchBlocks(album_index.place, "f" * 32)
    kept.write(3, np.zeros((2, 1), np.int32), np.ones((2, 1), np.float32))
    (part,) = kept.folder.iterdir()
    assert (part.stat().st_mode & 0o777, kept.folder.stat().st_mode & 0o777) == (0o600, 0o700)
    (album_index.folder / "neighbours" / "graph.parquet").unlink()
    config = ClusterConfig(k=9)
    search = DividedSearch(lambda: start_search(EngineConfig()), quiet, 1, album_index.search_blocks)
    with album_index.lock():
        group_faces(album_index, config, search=search)
    left = [path.name for path in (album_index.folder / "neighbours").rglob("*")]
    assert left == ["graph.parquet"]


def test_people_are_those_of_an_undivided_search(album_index: IndexStore) -> None:
    def people(search: dict[str, Any]) -> list[Any]:
        (album_index.folder / "neighbours" / "graph.parquet").unlink()
        with album_index.lock():
            group_faces(album_index, ClusterConfig(k=8, min_samples=1), **search)
        clustering = album_index.current_clustering()
        assert clustering is not None
        return clustering.assignments.to_pylist()

    blocks = Blocks()
    first = people({"search": divided(blocks, album_index.folder)})
    assert blocks.done
    (album_index.folder / "current.json").unlink()
    assert people({}) == first


def test_forgetting_somebody_removes_blocks(album_index: IndexStore) -> None:
    SearchBlocks(album_index.place, "f" * 32).write(
        0, np.zeros((2, 1), np.int32), np.ones((2, 1), np.float32)
    )
    clustering = album_index.current_clustering()
    assert clustering is not None
    with album_index.lock():
        erase(
            album_index.place,
            erasure_of(album_index, [clustering.people["person_id"][0].as_py()], (), False),
        )
    assert not (album_index.folder / "neighbours" / "blocks").exists()
