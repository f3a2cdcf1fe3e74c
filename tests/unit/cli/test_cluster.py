"""`photoclust cluster --approximate-from`: said where it is used, and undone by an exact run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from photoclust.cli.cluster import cluster
from photoclust.config import ClusterConfig
from photoclust.errors import UsageError
from photoclust.index.graph import StoredGraph
from photoclust.index.store import IndexStore

Run = Callable[..., str]


@pytest.fixture
def run(album_index: IndexStore) -> Run:
    def run(*arguments: str) -> str:
        place = ["--index", str(album_index.folder), "--neighbours", "5", "--progress", "lines"]
        done = CliRunner().invoke(cluster, [*arguments, *place], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def stored(store: IndexStore) -> StoredGraph:
    graph = store.read_graph()
    assert graph is not None
    return graph


def record(store: IndexStore) -> dict[str, Any]:
    current = store.current_clustering()
    assert current is not None
    return current.run


def test_recall_is_recorded_and_told(run: Run, album_index: IndexStore) -> None:
    said = run("--approximate-from", "1")
    found = record(album_index)["neighbour_recall"]
    assert 0.9 <= found <= 1
    assert f"Compared approximately: {found:.1%} of the nearest faces were found" in said
    assert json.loads(run("--approximate-from", "1", "--json"))["grouping"]["neighbour_recall"] == found
    assert stored(album_index).approximate


def test_an_exact_run_builds_the_graph_anew(run: Run, album_index: IndexStore) -> None:
    run()
    exact = stored(album_index)
    (album_index.folder / "neighbours" / "graph.parquet").unlink()
    run("--approximate-from", "1")
    assert stored(album_index).approximate
    assert "approximately" not in run()
    again = stored(album_index)
    assert not again.approximate
    np.testing.assert_array_equal(again.indices.flatten(), exact.indices.flatten())
    assert record(album_index)["neighbour_recall"] is None


def test_fewer_faces_are_compared_exactly(run: Run, album_index: IndexStore) -> None:
    run("--approximate-from", "1")
    assert "approximately" not in run("--approximate-from", "1000000")
    assert not stored(album_index).approximate


def test_an_exact_graph_that_is_there_is_used(run: Run, album_index: IndexStore) -> None:
    run()
    assert "approximately" not in run("--approximate-from", "1")
    assert not stored(album_index).approximate


def test_no_number_of_faces_is_refused() -> None:
    with pytest.raises(UsageError, match="approximate_from must be 1 or more"):
        ClusterConfig(approximate_from=0)
