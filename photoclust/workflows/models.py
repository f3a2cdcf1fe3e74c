"""Embedding models: which there are, and how they come to be on this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from photoclust.models.weights import ModelState, fetch, import_file, list_models

__all__ = ["ModelReport", "fetch", "import_file", "models"]


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
        The weights in the cache and their hash; None where there are none.
    trained_on, lfw_accuracy, licence, source
        The data set; share of the pairs of Labeled Faces in the Wild, in [0, 1], that it tells rightly; terms
        and origin of the weights. None for a model that was imported under a name of its own.
    """

    name: str
    state: str
    path: Path | None
    sha256: str | None
    trained_on: str | None
    lfw_accuracy: float | None
    licence: str | None
    source: str | None

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self) | {"path": str(self.path) if self.path else None}


def models() -> list[ModelReport]:
    """Every model that is known or was imported."""
    return [_report(state) for state in list_models()]


def _report(state: ModelState) -> ModelReport:
    known = state.model
    return ModelReport(
        state.name,
        state.state,
        state.path,
        state.sha256,
        trained_on=known.trained_on if known else None,
        lfw_accuracy=known.lfw_accuracy if known else None,
        licence=known.licence if known else None,
        source=known.source if known else None,
    )
