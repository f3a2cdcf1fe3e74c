"""Names with braces stand for what a shell would make of them."""

from __future__ import annotations

import pytest

from photoclust.errors import UsageError
from photoclust.photos.sources.braces import expanded


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.tar", ["a.tar"]),
        ("s{008..010}.tar", ["s008.tar", "s009.tar", "s010.tar"]),
        ("s{9..11}", ["s9", "s10", "s11"]),
        ("s{2..0}", ["s2", "s1", "s0"]),
        ("{a,b}/{0..1}", ["a/0", "a/1", "b/0", "b/1"]),
        ("{a,}x", ["ax", "x"]),
        ("{a}{}{b", ["{a}{}{b"]),
    ],
)
def test_names(text, names):
    assert list(expanded(text)) == names


def test_too_many_are_refused():
    with pytest.raises(UsageError, match="more than 1,000,000 names"):
        list(expanded("{0..999999999}"))
