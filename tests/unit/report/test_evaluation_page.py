"""The evaluation page and its diagram."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from photoclust.errors import OutputError
from photoclust.report.evaluation_page import (
    CARDS_SHOWN,
    FACES_SHOWN,
    SIDES_SHOWN,
    evaluation_page,
    write_evaluation,
)
from photoclust.report.reliability_diagram import BAR, SIDE, diagram, stretched

EVIL = "</style><script>document.title='owned'</script>"
EDGES = (0.0, 0.5, 0.9, 0.99, 1.0)
BIN = {"low": 0.9, "high": 0.99, "count": 8, "said": 0.95, "right": 0.75, "right_low": 0.4, "right_high": 0.9}
BIN |= {"verdict": "too sure"}


def values(name: str = "Ada", faces: int = 3, wrong: int = 1) -> dict[str, Any]:
    scores = {"precision": 1.0, "recall": 0.5, "f": 0.667}
    held = {"bins": [BIN], "overall": BIN, "calibration_error": 0.2, "brier": 0.1}
    held |= {"calibration_error_by_chance": 0.05}
    sure = {"confidence": 0.987, "person": name, "group": "g", "mostly": "", "others": [name], "photo": name}
    offender = {"kind": "split", "name": name, "wrong_pairs": 2}
    offender |= {"parts": [{"name": "g", "rows": list(range(faces))}, {"name": "", "rows": [0]}]}
    row = {"photo": f"/p/{name}.jpg", "person": name, "group": "g", "confidence": 0.987}
    return {
        "faces": faces,
        "people": 1,
        "groups": 1,
        "alone": 0,
        "split": 1,
        "mixed": 0,
        "nmi": 1.0,
        "pairwise": scores,
        "bcubed": scores,
        "worst": [offender],
        "confidence": {"faces": held, "people": held, "edges": EDGES, "unjudged": 0, "decided": 0}
        | {"sure_but_wrong": [sure | {"row": 0} for _ in range(wrong)]},
        "labelled": [row] * faces,
        "names": {"g": name},
        "notes": [name],
    }


def thumbnails(rows: Any) -> dict[int, bytes]:
    return dict.fromkeys(rows, b"\xff\xd8jpeg")


def test_the_page_shows_what_was_said_and_stands_alone() -> None:
    page = evaluation_page(values(), "album", thumbnails)
    assert page.count("<svg") == 2
    assert "8 faces said to be 90% to 99% sure, 95.0% on average: 75.0% right" in page
    assert "too sure" in page
    assert "98% sure" in page
    assert "2 wrong pairs of faces" in page
    assert not re.search(r"<script|src=.http|@import|url\(", page)


def test_nothing_wrong_is_said() -> None:
    page = evaluation_page(values(wrong=0) | {"worst": []}, "album", thumbnails)
    assert "Nothing is wrong" in page


def test_a_page_replaces_a_file_and_nothing_else(tmp_path: Path) -> None:
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    link.symlink_to(page)
    write_evaluation(values(), "album", thumbnails, link)
    assert link.is_symlink()
    assert page.read_text().startswith("<!doctype html>")
    assert page.stat().st_mode & 0o777 == 0o600
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="choose another name"):
        write_evaluation(values(), "album", thumbnails, tmp_path / "pipe")


def test_hostile_names_are_only_text() -> None:
    page = evaluation_page(values(EVIL), EVIL, thumbnails)
    assert "<script" not in page
    assert page.count("</style>") == 1


def test_a_page_has_bounds() -> None:
    many = values(faces=FACES_SHOWN + 5, wrong=CARDS_SHOWN + 2)
    parts = [{"name": f"g{i}", "rows": [0]} for i in range(SIDES_SHOWN + 3)]
    many["worst"] = [many["worst"][0] | {"parts": parts}]
    page = evaluation_page(many, "album", thumbnails)
    assert "and 2 more; --json lists them all" in page
    assert "and 3 more" in page
    asked: list[int] = []
    evaluation_page(values(faces=100), "album", lambda rows: asked.extend(rows) or thumbnails(rows))
    assert len(asked) == FACES_SHOWN


@pytest.mark.parametrize(
    ("share", "place"), [(0, 0), (0.25, 0.5), (0.5, 1), (0.7, 1.5), (0.995, 3.5), (1, 4)]
)
def test_every_bin_has_the_same_room_on_an_axis(share: float, place: float) -> None:
    assert stretched(share, EDGES) == pytest.approx(place * SIDE / 4, abs=0.01)


def test_a_mark_lies_on_the_diagonal_where_what_was_said_is_right() -> None:
    honest = BIN | {"said": 0.97, "right": 0.97}
    [mark] = diagram("faces", [honest], EDGES).marks
    assert mark.x == pytest.approx(SIDE - mark.y)
    assert mark.top < mark.bottom
    assert mark.bar == BAR
