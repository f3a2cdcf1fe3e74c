"""Photos to be opened, in columns."""

from __future__ import annotations

import pytest

from photoclust.index.planning import worklist
from photoclust.index.planning.worklist import Unanswered, references
from photoclust.photo_refs import PhotoRef, Version, ref_table


@pytest.fixture(params=[False, True], ids=["hashes", "every hash the same"])
def waiting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Unanswered:
    monkeypatch.setattr(worklist, "_AT_ONCE", 4)
    if request.param:
        monkeypatch.setattr(worklist, "hash", lambda _: 7, raising=False)
    refs = [PhotoRef(f"/{number}", number, Version.parse(str(number))) for number in range(10)]
    return Unanswered(ref_table(refs, list(range(10))))


def test_photos_are_given_in_order(waiting: Unanswered) -> None:
    assert [ref.uri for ref in references(waiting.table)] == [f"/{number}" for number in range(10)]
    assert next(references(waiting.table.slice(7))) == PhotoRef("/7", 7, Version.parse("7"))


def test_what_has_answered_no_longer_waits(waiting: Unanswered) -> None:
    uris = waiting.table["uri"].to_pylist()
    waiting.answered(["/3", "/unknown", "/8", "/3"])
    assert len(waiting) == 8
    assert "/3" not in waiting.table["uri"].to_pylist()
    waiting.answered(uris)
    assert (len(waiting), len(waiting.table)) == (0, 0)
