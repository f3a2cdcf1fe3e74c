"""A plan made in parts that lie on disk is that made in memory, and that of plain dictionaries."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from planned import Planned, planned

from photoclust.index.planning import plan as planning
from photoclust.index.planning import shuffle
from photoclust.index.planning.absence import Absence, gone_from
from photoclust.photo_refs import PhotoRef, Version
from photoclust.records import FAILED, MISSING, PHOTO_SCHEMA, PhotoIdentity

FOLDER = "/a/"


@dataclass(frozen=True)
class File:
    """A file and what it holds."""

    size: int
    version: str
    picture: str  # "" where it cannot be read

    def ref(self, uri: str) -> PhotoRef:
        return PhotoRef(uri, self.size, Version.parse(self.version))


uris = st.sampled_from([f"{FOLDER}{n}" for n in range(12)] + [f"/b/{n}" for n in range(4)])
files = st.builds(
    File, st.integers(0, 3), st.sampled_from(["1", "2", "etag:x", "etag:y"]), st.sampled_from(["", *"PQRS"])
)
statuses = st.sampled_from(["ok", "no_face", "forgotten", "decode", "read"])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, File]]:
    """Rows that were written, the oldest first, and what is there now: kept, moved, changed, new, or gone."""
    before = draw(st.dictionaries(uris, files, max_size=12))
    rows = [_row(uri, file, draw(statuses), draw(st.booleans())) for uri, file in before.items()]
    rows += [_row(uri, file, "ok", False) for uri, file in draw(st.lists(st.tuples(uris, files), max_size=3))]
    now = {uri: file for uri, file in before.items() if draw(st.integers(0, 3))}
    moved = {draw(uris): now.pop(uri) for uri in list(now) if not draw(st.integers(0, 3))}
    return rows, now | moved | draw(st.dictionaries(uris, files, max_size=6))


def _row(uri: str, file: File, status: str, missing: bool) -> dict[str, Any]:
    failed = status in ("decode", "read")
    row = file.ref(uri).row() | {"photo_id": "" if status == "read" else file.picture, "attempts": 2}
    row |= {"status": FAILED if failed else status, "stage": status if failed else None}
    return row | {"status": MISSING, "former_status": row["status"]} if missing else row


@contextmanager
def in_parts(rows: int, work: int) -> Generator[None]:
    before = shuffle.ROWS_IN_MEMORY, shuffle.PARTS, planning.WORK_AT_ONCE
    shuffle.ROWS_IN_MEMORY, shuffle.PARTS, planning.WORK_AT_ONCE = rows, 3, work
    try:
        yield
    finally:
        shuffle.ROWS_IN_MEMORY, shuffle.PARTS, planning.WORK_AT_ONCE = before


def outcome(
    rows: list[dict[str, Any]], there: dict[str, File], retry_failed: bool
) -> tuple[Planned, dict[str, Any]]:
    """A plan, and all that follows from it, in an order of its own."""

    def identify(ref: PhotoRef) -> PhotoIdentity | None:
        picture = there[ref.uri].picture
        return PhotoIdentity(picture, picture.lower(), {}) if picture else None

    def is_gone(uri: str) -> bool:
        return uri not in there

    work = planned(
        [file.ref(uri) for uri, file in there.items()],
        pa.Table.from_pylist(rows, PHOTO_SCHEMA),
        identify,
        retry_failed,
        gone_from([FOLDER], is_gone),
    )
    absence = Absence(work.plan, [FOLDER])
    lost = absence.lost
    gone = [
        row for table in absence.rows(lambda uri: "x" if uri[-1] == "3" else "") for row in table.to_pylist()
    ]
    left = [row for table in absence.moves_back(is_gone) for row in table.to_pylist()]
    for ref in work.table.to_pylist():
        photo = pa.Table.from_pylist([_row(ref["uri"], there[ref["uri"]], "ok", False)], PHOTO_SCHEMA)
        left += absence.moves_of(photo, is_gone).to_pylist()
    plan = work.plan
    counts = (
        plan.opened,
        plan.copies,
        plan.known_copies,
        plan.returned,
        plan.unchanged,
        plan.unread,
        plan.gone,
    )
    return work, {
        "opened": work.table.to_pylist(),
        "copies": work.copies,
        "back": _by_uri(work.back),
        "changed": work.changed,
        "unseen": sorted(work.unseen),
        "gone": _by_uri(gone),
        "left": _by_uri(left),
        "counts": (*counts, lost, absence.lost, absence.moved, absence.left_out),
    }


def _by_uri(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["uri"])


@given(histories(), st.booleans(), st.integers(0, 7), st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_parts_give_what_one_table_gives(
    history: tuple[list[dict[str, Any]], dict[str, File]], retry_failed: bool, rows: int, work: int
) -> None:
    _, whole = outcome(*history, retry_failed)
    with in_parts(rows, work):
        assert outcome(*history, retry_failed)[1] == whole


@given(histories(), st.booleans())
@settings(deadline=None, max_examples=150)
def test_the_plan_is_that_of_dictionaries(
    history: tuple[list[dict[str, Any]], dict[str, File]], retry_failed: bool
) -> None:
    rows, there = history
    work, _ = outcome(rows, there, retry_failed)
    opened, copies, back, unchanged = expected(rows, there, retry_failed)
    assert sorted(work.uris) == sorted(opened)
    assert {photo: sorted(uris) for photo, uris in work.copies.items()} == copies
    assert sorted((row["uri"], row["photo_id"]) for row in work.back) == sorted(back)
    assert work.plan.unchanged == unchanged


Expected = tuple[list[str], dict[str, list[str]], list[tuple[str, str]], int]


def expected(rows: list[dict[str, Any]], there: dict[str, File], retry_failed: bool) -> Expected:  # noqa: C901 (the whole rule at once)
    """Uris to open, those of copies by picture, uris and pictures of rows to write, how many stay."""
    known = {row["uri"]: row | {"status": row.get("former_status") or row["status"]} for row in rows}
    missing = {row["uri"] for row in rows if {r["uri"]: r for r in rows}[row["uri"]]["status"] == MISSING}
    again = {
        uri for uri, row in known.items() if row["status"] == FAILED and (retry_failed or uri in missing)
    }
    candidates, late, back, unchanged = [], [], [], 0
    for uri, file in there.items():
        row = known.get(uri)
        if row is None or (row["size"], row["version"]) != (file.size, file.version) or uri in again:
            candidates.append(uri)
        elif row["status"] == FAILED and row["stage"] == "read":
            late += [uri] if file.picture else []
            unchanged += not file.picture
        elif uri in missing:
            back.append((uri, row["photo_id"]))
        else:
            unchanged += 1
    candidates += late

    def look(size: int, version: str) -> tuple[int, str]:
        return size, version if version.startswith("etag:") else ""

    looks = [look(there[uri].size, there[uri].version) for uri in candidates]
    like: dict[tuple[int, str], set[str]] = {}
    for uri, row in known.items():
        if row["photo_id"] and uri not in again:
            like.setdefault(look(row["size"], row["version"]), set()).add(row["photo_id"])
    opened, copies, first = [], dict[str, list[str]](), set[str]()
    for uri, seen in zip(candidates, looks, strict=True):
        file, row = there[uri], known.get(uri, {"photo_id": "", "status": ""})
        is_same = (row.get("size"), row.get("version")) == (file.size, file.version)
        changed = bool(row["photo_id"]) and not is_same
        alike = file.size and (looks.count(seen) > 1 or seen in like or changed)
        names = {file.picture, file.picture.lower()}
        if not alike or not file.picture:
            opened.append(uri)
        elif changed and row["photo_id"] in names and row["status"] != FAILED:
            back.append((uri, row["photo_id"]))
        elif names & like.get(seen, set()):
            back.append((uri, file.picture))
        elif file.picture in first:
            copies.setdefault(file.picture, []).append(uri)
        else:
            first.add(file.picture)
            opened.append(uri)
    return opened, {photo: sorted(uris) for photo, uris in copies.items()}, back, unchanged
