"""Rows of photos on disk stay as they were in every version, and are read into columns of their own."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from photoclust.index.photo_rows import STORED_SCHEMA, from_disk, to_disk
from photoclust.records import PHOTO_SCHEMA

PLAIN = {"photo_id": "p", "uri": "/a.jpg", "size": 1, "version": "1", "attempts": 1}


def stored(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist([PLAIN | row for row in rows], schema=STORED_SCHEMA)


def test_the_columns_on_disk_are_those_of_earlier_versions() -> None:
    assert STORED_SCHEMA.names == [
        *("photo_id", "uri", "size", "version", "width", "height", "orientation", "taken_at"),
        *("status", "stage", "error", "attempts"),
    ]


def test_what_a_missing_photo_was_has_a_column() -> None:
    table = from_disk(
        stored(
            {"status": "missing", "stage": "failed", "error": "why"},
            {"status": "missing", "stage": "ok", "error": "left out: --exclude"},
            {"status": "failed", "stage": "read", "error": "left out: is what the disk says"},
        )
    )
    assert table.schema.equals(PHOTO_SCHEMA)
    columns = ("status", "former_status", "left_out", "stage", "error")
    assert [tuple(row[name] for name in columns) for row in table.to_pylist()] == [
        ("missing", "failed", None, None, "why"),
        ("missing", "ok", "--exclude", None, None),
        ("failed", None, None, "read", "left out: is what the disk says"),
    ]


TEXT = st.one_of(st.none(), st.text(max_size=5), st.text(max_size=5).map("left out: ".__add__))
STATUS = st.sampled_from(["ok", "no_face", "failed", "forgotten", "missing"])


@given(st.lists(st.fixed_dictionaries({"status": STATUS, "stage": TEXT, "error": TEXT}), max_size=4))
def test_whatever_is_on_disk_is_written_back_the_same(rows: list[dict]) -> None:
    table = stored(*rows)
    assert to_disk(from_disk(table)).equals(table)
