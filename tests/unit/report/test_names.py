"""Names as people see them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.records import local_path
from photoclust.report.names import file_link, file_name, visible


@given(st.text(st.characters(codec=None, categories=None)), st.integers(10, 200))
def test_what_is_visible_is_bounded_and_can_be_written(text: str, limit: int) -> None:
    seen = visible(text, limit)
    assert len(seen) <= limit
    seen.encode()
    assert not set(seen) & set("\n\r\t\x00\x1b\u202e\u2066\u2028\udc80")


def test_ordinary_names_stay_as_they_are() -> None:
    name = "Zoë שלום 家族 👩\u200d👧 (1) & 'x'.jpg"
    assert visible(name) == name


def test_a_long_name_keeps_both_ends() -> None:
    assert visible("a" * 300 + "z.jpg", 30) == "a" * 19 + "…" + "a" * 5 + "z.jpg"


@pytest.mark.parametrize(
    ("uri", "name", "link"),
    [
        ("/a/b c#?.jpg", "b c#?.jpg", "file:///a/b%20c%23%3F.jpg"),
        ('/a/"><x>.jpg', '"><x>.jpg', "file:///a/%22%3E%3Cx%3E.jpg"),
        ("file:///a/%FF.jpg", "\udcff.jpg", "file:///a/%FF.jpg"),
        ("s3://bucket/a/b.jpg", "b.jpg", None),
        ("javascript:alert(1)", "javascript:alert(1)", None),
    ],
)
def test_links_lead_to_local_files_only(uri: str, name: str, link: str | None) -> None:
    assert (file_name(uri), file_link(uri)) == (name, link)


def test_a_name_that_is_not_utf8_becomes_its_path_again() -> None:
    assert local_path("file:///a/%FF%20.jpg") == "/a/\udcff .jpg"
