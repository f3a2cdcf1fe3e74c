"""Photos to be opened, in columns."""

from __future__ import annotations

import numpy as np
import pytest

from photoclust.index.planning import worklist
from photoclust.index.planning.worklist import Unanswered, WorkList, references, without
from photoclust.photo_refs import PhotoRef, Version


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> WorkList:
    monkeypatch.setattr(worklist, "_AT_ONCE", 4)
    work = WorkList()
    for number in range(10):
        work.add(PhotoRef(f"/{number}", number, Version.parse(str(number))), attempts=number)
    return work


def test_it_gives_what_was_added_in_order(work: WorkList) -> None:
    assert len(work) == 10
    assert [ref.uri for ref in work] == [f"/{number}" for number in range(10)]
    assert work.table["attempts"].to_pylist() == list(range(10))
    assert next(references(work.table.slice(7))) == PhotoRef("/7", 7, Version.parse("7"))


def test_rows_can_be_taken_out_and_more_be_added(work: WorkList) -> None:
    fewer = without(work, np.array([0, 3, 9]))
    fewer.add(PhotoRef("/new", 1, Version.parse("1")), 0)
    assert [ref.uri for ref in fewer] == ["/1", "/2", "/4", "/5", "/6", "/7", "/8", "/new"]
    assert len(without(work, np.zeros(0, np.int64))) == 10


def test_what_has_answered_no_longer_waits(work: WorkList) -> None:
    waiting = Unanswered(work.table)
    waiting.answered(["/3", "/unknown", "/8", "/3"])
    assert len(waiting) == 8
    assert "/3" not in waiting.table["uri"].to_pylist()
    waiting.answered(work.table["uri"].to_pylist())
    assert (len(waiting), len(waiting.table)) == (0, 0)
