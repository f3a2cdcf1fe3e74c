"""Cards: what they must say, and what is said of those that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from photoclust.errors import ModelCardError
from photoclust.models.cards import ARCFACE_112, MODELS, Card

TEXT = """
name = "ours"
format = "onnx"
dimension = 64
licence = "MIT"
source = "our school"
sha256 = "{}"
size = 112
template = "arcface-112"
mean = [1, 2, 3]
deviation = 4
""".format("0" * 64)


@pytest.mark.parametrize("name", MODELS)
def test_shipped_cards_say_licence_and_hash(name: str) -> None:
    card = MODELS[name]

    assert card.licence
    assert card.sha256 or card.source_sha256 or name == "dlib"
    assert Card.of_text(card.to_text(), "again") == card
    assert card.measured == (name == "casia-webface")


def test_non_commercial_is_marked() -> None:
    assert [name for name, card in MODELS.items() if not card.commercial] == ["arcface-r50"]


def test_reads_what_a_card_says() -> None:
    card = Card.of_text(TEXT, "card.toml")

    assert card.crop.template == ARCFACE_112
    assert (card.mean, card.deviation) == ((1.0, 2.0, 3.0), (4.0, 4.0, 4.0))
    assert Card.of_text(card.to_text(), "again") == card


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('licence = "MIT"', "", "it has no licence"),
        ('licence = "MIT"', 'licence = " "', "says nothing under licence"),
        ('name = "ours"', 'name = "../ours"', "cannot name a model"),
        ('format = "onnx"', 'format = "pickle"', "format must be one of"),
        ('format = "onnx"', 'format = "head"', "a head needs parent"),
        ("dimension = 64", "dimension = 0", "dimension must lie in"),
        ("dimension = 64", 'dimension = "64"', "dimension must be a whole number"),
        ("dimension = 64", "dimension = true", "dimension must be a whole number"),
        ("size = 112", "size = 12", "size must lie in"),
        ("size = 112", "size = 112\nsides = 3", "there is no key 'sides'"),
        ('"arcface-112"', '"mine"', "template must be"),
        ('"arcface-112"', "[[1, 2], [3]]", "template must be a list of points"),
        ('"arcface-112"', "[[1, 2]]", "two to five points"),
        ("mean = [1, 2, 3]", "mean = [1, 2]", "mean must be a number or three"),
        ("deviation = 4", "deviation = 0", "deviation must be positive"),
        ("0" * 64, "xyz", "sha256 must be 64 hexadecimal digits"),
        ("size = 112", 'size = 112\ndistance = "euclidean"', "distance must be cosine"),
        ("size = 112", 'size = 112\nchannels = "GRB"', "channels must be RGB or BGR"),
        ('name = "ours"', "name = ", "not TOML"),
    ],
)
def test_says_what_is_wrong(old: str, new: str, message: str) -> None:
    with pytest.raises(ModelCardError, match=message) as caught:
        Card.of_text(TEXT.replace(old, new), "card.toml")
    assert str(caught.value).startswith("card.toml is no card of a model: ")
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "card.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ModelCardError, match=r"card\.toml cannot be read as a card"):
        Card.read(path)
