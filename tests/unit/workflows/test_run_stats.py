"""What a run says of itself."""

from __future__ import annotations

import pytest

from photoclust.workflows.run_stats import IndexReport


def report(photos_a_second: float | None = 10.0, **seconds: float) -> IndexReport:
    return IndexReport(100, 0, {"ok": 100}, 0, 0, 0, 60.0, photos_a_second, stage_seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (
            {"find": 10, "read": 1, "decode": 4, "detect": 60, "embed": 35},
            "detect-bound: detect 60 %, embed 35 %, decode 4 %, read 1 % of the work; "
            "2.0 processes busy on average",
        ),
        (
            {"read": 1, "decode": 60, "detect": 30, "embed": 9, "gpu": 24},
            "decode-bound: decode 60 %, detect 30 %, embed 9 %, read 1 % of the work; "
            "1.7 processes and 0.40 GPUs busy on average",
        ),
        ({"find": 40, "detect": 10}, "find-bound: 40 of 60 s went into finding out what to do"),
    ],
)
def test_a_run_names_what_took_longest(seconds: dict[str, float], said: str) -> None:
    assert report(**seconds).bottleneck == said


def test_of_few_photos_nothing_is_said() -> None:
    assert report(None, find=1, detect=2).bottleneck is None
    assert report(find=1).bottleneck is None
