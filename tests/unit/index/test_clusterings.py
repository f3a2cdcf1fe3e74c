"""Clusterings on disk: which are kept, which is meant, which is in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from photoclust.errors import IndexCorruptError, IndexMissingError, UsageError
from photoclust.index.clusterings import KEPT, Clustering, Clusterings
from photoclust.index.files import write_json
from photoclust.records import ASSIGNMENT_SCHEMA, PERSON_SCHEMA


@pytest.fixture
def clusterings(tmp_path: Path) -> Clusterings:
    return Clusterings(tmp_path)


def add(clusterings: Clusterings, run_id: str, in_force: bool = True) -> None:
    tables = ASSIGNMENT_SCHEMA.empty_table(), PERSON_SCHEMA.empty_table()
    clusterings.write(Clustering(run_id, *tables, {"run": run_id}))
    if in_force:
        clusterings.put_in_force(run_id)


def test_what_was_written_is_read(clusterings: Clusterings) -> None:
    add(clusterings, "a")
    found = clusterings.read("a")
    assert (found.run_id, found.run, len(found.retired)) == ("a", {"run": "a"}, 0)


def test_current_and_previous_follow_what_is_put_in_force(clusterings: Clusterings) -> None:
    assert (clusterings.current(), clusterings.previous()) == (None, None)
    add(clusterings, "a")
    assert (clusterings.current(), clusterings.previous()) == ("a", None)
    add(clusterings, "b")
    add(clusterings, "c", in_force=False)
    assert (clusterings.current(), clusterings.previous()) == ("b", "a")
    clusterings.put_in_force("a")
    assert (clusterings.find("current"), clusterings.find("previous")) == ("a", "b")
    clusterings.put_in_force("a")
    assert clusterings.previous() == "b"


def test_a_clustering_is_found_by_its_beginning(clusterings: Clusterings) -> None:
    for run_id in ("2026a", "2026ab", "2027"):
        add(clusterings, run_id)
    assert clusterings.find("2027") == clusterings.find("20270"[:4]) == "2027"
    assert clusterings.find("2026a") == "2026a"  # whole, and the beginning of another
    with pytest.raises(UsageError, match="2 clusterings begin with '2026'"):
        clusterings.find("2026")
    with pytest.raises(IndexMissingError, match=r"Index\.groupings"):
        clusterings.find("1999")


def test_the_oldest_go_but_never_those_in_use(clusterings: Clusterings) -> None:
    add(clusterings, "000")
    add(clusterings, "001")
    for number in range(2, KEPT + 10):
        add(clusterings, f"{number:03d}", in_force=False)
    assert clusterings.runs() == ["000", "001", *(f"{n:03d}" for n in range(10, KEPT + 10))]


def test_a_damaged_pointer_is_no_way_out_of_the_index(clusterings: Clusterings) -> None:
    add(clusterings, "a")
    for values in ({"run_id": "../a"}, {"run_id": 7}, {"run_id": "b"}, {"run_id": "a", "previous": "../a"}):
        write_json(clusterings.pointer, values)
        with pytest.raises(IndexCorruptError, match=r"current\.json"):
            _ = clusterings.current(), clusterings.previous()
