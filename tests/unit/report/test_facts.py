"""What is known of a person, in words."""

from __future__ import annotations

import pytest

from photoclust.report.facts import facts_in_words, in_a_line, percent


def test_what_is_known_and_what_is_not() -> None:
    sure, near = {"confidence": 0.979}, {"nearest_person_id": "b", "nearest_chance_same": 0.03}
    assert facts_in_words(sure | near, {"b": "Bea"}) == "97% sure; nearest: Bea, 3% likely the same"
    assert facts_in_words(near, {"b": ""}) == "nearest: b, 3% likely the same"
    assert facts_in_words(sure | {"nearest_person_id": None}, {}) == "97% sure"
    assert facts_in_words({}, {}) == ""
    assert "\x1b" not in facts_in_words(near, {"b": "\x1b[2J"})


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.0, "0%"), (0.0001, "under 1%"), (0.0101, "1%"), (0.9999, "99%"), (1.0, "100%")],
)
def test_nothing_is_rounded_to_certainty(probability: float, words: str) -> None:
    assert percent(probability) == words


def test_one_face_in_one_photo_is_said_in_the_singular() -> None:
    row = {"person_id": "a", "faces": 1, "photos": 1, "name": "Ada", "number": 1, "ignored": False}
    one, two = in_a_line(row), in_a_line(row | {"faces": 2, "photos": 2})
    assert one.split() == ["a", "1", "face", "1", "photo", "Ada"]
    assert two.split() == ["a", "2", "faces", "2", "photos", "Ada"]
    assert one.index("Ada") == two.index("Ada")
