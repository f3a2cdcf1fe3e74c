"""Watching: a file is whole when two looks agree, and grouping never takes more than its share."""

from __future__ import annotations

from photoclust.records import PhotoRef
from photoclust.watching import GROUPING_SHARE, Pacing, Settling


def ref(name: str, size: int = 1, version: str = "1") -> PhotoRef:
    return PhotoRef(name, size, version)


def test_a_file_is_whole_when_two_looks_agree() -> None:
    settling = Settling()
    assert settling.look([ref("a")]) == ([], 1)
    assert settling.look([ref("a"), ref("b", 10)]) == ([ref("a")], 1)
    assert settling.look([ref("a"), ref("b", 20)]) == ([ref("a")], 1)
    assert settling.look([ref("a"), ref("b", 20, "2")]) == ([ref("a")], 1)
    assert settling.look([ref("a"), ref("b", 20, "2")]) == ([ref("a"), ref("b", 20, "2")], 0)


def test_a_file_that_goes_and_comes_is_looked_at_twice_again() -> None:
    settling = Settling()
    for refs in ([ref("a")], [ref("a")], []):
        settling.look(refs)
    assert settling.look([ref("a")]) == ([], 1)


def test_a_quiet_moment_is_used_and_nothing_is_done_twice() -> None:
    pacing = Pacing(pending=True)
    assert pacing.is_due(0, quiet=True)
    pacing.grouped(0, 5)
    assert not pacing.is_due(1000, quiet=True)
    pacing.pending = True
    assert pacing.is_due(6, quiet=True)


def test_while_photos_keep_arriving_grouping_takes_a_tenth_of_the_time() -> None:
    pacing, now, spent = Pacing(), 0.0, 0.0
    while now < 100_000:
        pacing.pending = True
        if pacing.is_due(now, quiet=False):
            pacing.grouped(now, now + 7)
            now, spent = now + 7, spent + 7
        now += 1
    assert 0.8 * GROUPING_SHARE < spent / now < GROUPING_SHARE
