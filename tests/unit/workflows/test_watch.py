"""Watching: a file is whole when two looks agree, and grouping never takes more than its share."""

from __future__ import annotations

from photoclust.photo_refs import PhotoRef, Version
from photoclust.workflows.watch import GROUPING_SHARE, Pacing, Settling, Sight


def ref(name: str, size: int = 1, version: str = "1") -> PhotoRef:
    return PhotoRef(name, size, Version.parse(version))


def looked(settling: Settling, *refs: PhotoRef) -> tuple[list[PhotoRef], int]:
    """What is whole, and the number of what is not."""
    sight = settling.look(iter(refs))
    return [ref for ref in refs if ref in sight], sight.waiting


def test_a_file_is_whole_when_two_looks_agree() -> None:
    settling = Settling()
    assert looked(settling, ref("a")) == ([], 1)
    assert looked(settling, ref("a"), ref("b", 10)) == ([ref("a")], 1)
    assert looked(settling, ref("a"), ref("b", 20)) == ([ref("a")], 1)
    assert looked(settling, ref("a"), ref("b", 20, "2")) == ([ref("a")], 1)
    assert looked(settling, ref("a"), ref("b", 20, "2")) == ([ref("a"), ref("b", 20, "2")], 0)


def test_a_file_that_goes_and_comes_is_looked_at_twice_again() -> None:
    settling = Settling()
    for refs in ([ref("a")], [ref("a")], []):
        looked(settling, *refs)
    assert looked(settling, ref("a")) == ([], 1)


def test_an_object_is_whole_at_once_and_anew_when_it_changes() -> None:
    settling = Settling()
    first, second = (ref("s3://b/a.jpg", 1, f"etag:{tag}") for tag in ("1", "2"))
    assert looked(settling, first, ref("/a")) == ([first], 1)
    before = settling.look([second])
    assert second in before
    assert first not in before
    assert settling.look([second]).is_as(before)


def test_what_is_new_is_counted() -> None:
    settling = Settling()
    few = [ref(f"s3://b/{n}", 1, f"etag:{n}") for n in range(3)]
    more = [ref(f"s3://b/{n}", 1, f"etag:{n}") for n in range(1, 5)]
    assert settling.look(more).more_than(settling.look(few)) == 2
    assert settling.look([]).more_than(Sight()) == 0


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
