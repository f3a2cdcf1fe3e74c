"""Versions of photos keep the text that indexes of every version have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.photo_refs import UNREACHABLE, PhotoRef, Version, VersionKind


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (Version.modified(1700000000123456789), "1700000000123456789"),
        (Version.content("9b2c"), "etag:9b2c"),
        (Version.content("9b2c").at("1024"), "etag:9b2c@1024"),
        (Version.modified(17).at("512"), "17@512"),
        (Version.content("17").at("0.3"), "etag:17@0.3"),
        (Version.refused("row group 3 expands @ 100"), "refused: row group 3 expands @ 100"),
        (UNREACHABLE, "missing"),
    ],
)
def test_the_text_is_that_of_earlier_indexes(version: Version, text: str) -> None:
    assert str(version) == text
    assert Version.parse(text) == version


@given(st.one_of(st.text(), st.from_regex(r"(etag:|refused: |missing)?[a-z@.0-9]*", fullmatch=True)))
def test_any_text_is_kept(text: str) -> None:
    version = Version.parse(text)
    assert str(version) == text
    assert version.is_refused == text.startswith("refused: ")
    assert version.names_content == text.startswith("etag:")
    assert (version.kind is VersionKind.UNREACHABLE) == (text == "missing")


def test_a_reference_is_read_back_from_its_row() -> None:
    ref = PhotoRef("/a.tar!/b.jpg", 7, Version.content("x").at("512"))
    assert PhotoRef.of_row({**ref.row(), "status": "ok"}) == ref
