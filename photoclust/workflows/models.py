"""Embedding models: which there are, and how they come to be on this machine."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from photoclust.errors import WeightsError
from photoclust.models.cards import MODELS, Card
from photoclust.models.download import DownloadProgress
from photoclust.models.installing import fetch as fetch_model
from photoclust.models.installing import import_file, install, remove, require_sha256
from photoclust.models.weights import ModelState, card_of, list_models
from photoclust.people.calibration.files import calibration_name

__all__ = ["ModelReport", "card_for", "fetch", "import_model", "models", "remove", "show"]


@dataclass(frozen=True)
class ModelReport:
    """An embedding model that is known or was imported.

    Attributes
    ----------
    name
        What an index is made with.
    state
        ``ready``, ``on first use`` (comes with an installed package) or ``absent`` (must be fetched).
    path, sha256
        The file in the cache and its hash; None where there are none.
    trained_on, lfw_accuracy, licence, source, format, dimension, commercial, measured
        As on its card, see `photoclust.models.cards.Card`; None where it has none.
    calibration
        Which is used: ``shipped``, or the name of one that `photoclust calibrate` made; None for none.
    """

    name: str
    state: str
    path: Path | None
    sha256: str | None
    trained_on: str | None
    lfw_accuracy: float | None
    licence: str | None
    source: str | None
    format: str | None = None
    dimension: int | None = None
    commercial: bool | None = None
    measured: bool | None = None
    calibration: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self) | {"path": str(self.path) if self.path else None}


def models() -> list[ModelReport]:
    """Every model that is known or was imported."""
    return [_report(state) for state in list_models()]


def show(name: str) -> tuple[Card, ModelReport]:
    """Card and state of a model.

    Raises
    ------
    WeightsError
        There is none of that name.
    """
    card = card_of(name)
    return card, next(_report(state) for state in list_models() if state.name == name)


def fetch(name: str, progress: DownloadProgress | None = None, accepted: bool = False) -> Path:
    """Make a known model ready, from its release page if need be.

    Parameters
    ----------
    name
        A name that `models` lists.
    progress
        Called with the bytes received so far and the bytes expected.
    accepted
        Whether the user accepts a licence that forbids commercial use.

    Raises
    ------
    WeightsError
        No such model, its licence was not accepted, the network or the disk failed, or the file received is
        not the one expected.
    """
    if name in MODELS:
        _require_accepted(MODELS[name], accepted)
    return fetch_model(name, progress)


def card_for(card: str, name: str | None = None) -> Card:
    """The card that a user names: a file, or a model that photoclust knows.

    Parameters
    ----------
    card
        Name of a known model, or path of a TOML file.
    name
        Name that the model gets instead of the card's.

    Raises
    ------
    ModelCardError
        There is no such card, or it is none.
    """
    found = MODELS[card] if card in MODELS else Card.read(Path(card))
    return found if name is None else replace(found, name=name)


def import_model(path: Path, name: str | None, card: str | None, accepted: bool = False) -> tuple[str, Path]:
    """Take a model from a file.

    Parameters
    ----------
    path
        The file.
    name
        What ``--model`` will take; the card's by default.
    card
        See `card_for`; without one the file holds parameters of InceptionResnetV1.
    accepted
        Whether the user accepts a licence that forbids commercial use.

    Returns
    -------
    tuple
        Its name, and where it is kept.

    Raises
    ------
    WeightsError
        The card or the file cannot be used, do not belong together, the licence was not accepted, or the name
        stands for another model.
    """
    if card is None:
        if name is None:
            raise WeightsError(f"{path} needs a card (--card), or a name for weights of InceptionResnetV1.")
        _require_accepted(MODELS.get(name), accepted)
        return name, import_file(name, path)
    found = card_for(card, name)
    if not path.is_file():
        raise WeightsError(f"There is no file {path}.")
    require_sha256(found, path, card)
    _require_accepted(found, accepted)
    return found.name, install(found, path)


def _require_accepted(card: Card | None, accepted: bool) -> None:
    if card is not None and not card.commercial and not accepted:
        raise WeightsError(
            f"{card.name} is not for commercial use ({card.licence}); accept its licence first."
        )


def _report(state: ModelState) -> ModelReport:
    known = asdict(state.card) if state.card else {}
    about = {one.name: known.get(one.name) for one in fields(ModelReport) if one.name not in _OF_STATE}
    with suppress(WeightsError):  # damaged, or of other weights; whoever uses it is told
        about["calibration"] = calibration_name(state.name)
    return ModelReport(state.name, state.state, state.path, state.sha256, **about)


_OF_STATE = ("name", "state", "path", "sha256")
