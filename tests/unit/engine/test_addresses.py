"""No password of an address in what is shown."""

from __future__ import annotations

import pytest

from photoclust.engine.addresses import without_password


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("No Ray at http://me:secret@head:8265 (x)", "No Ray at http://head:8265 (x)"),
        ("http://me:se/cr@et@head:8265", "http://head:8265"),
        ("RAY://me:secret@head:10001", "RAY://head:10001"),
        ("at me:secret@head:6379: timed out", "at head:6379: timed out"),
        ("s3://bucket/face@2x.jpg cannot be read", "s3://bucket/face@2x.jpg cannot be read"),
    ],
)
def test_user_and_password_are_left_out(text: str, shown: str) -> None:
    assert without_password(text, "me:secret@head:6379") == shown


def test_an_address_without_a_password_stays() -> None:
    assert without_password("No Ray at head:6379", "head:6379") == "No Ray at head:6379"
