"""`photoclust.list_models`, `fetch_model`, `import_model` and `remove_model`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from photoclust.api.questions import PathOrUri
from photoclust.workflows import models as workflow
from photoclust.workflows.models import ModelReport

DownloadCallback = Callable[[int, int], None]
"""Is called with the bytes received so far and the bytes expected."""


def list_models() -> tuple[ModelReport, ...]:
    """The embedding models that photoclust knows, and those that were imported.

    Examples
    --------
    >>> [model.name for model in photoclust.list_models() if model.state == "ready"]    # doctest: +SKIP
    ['casia-webface', 'our-school']
    """
    return tuple(workflow.models())


def fetch_model(
    name: str, *, accept_licence: bool = False, progress: DownloadCallback | None = None
) -> ModelReport:
    """Make a known model ready, from its release page if it is not here yet.

    Parameters
    ----------
    name
        A name that `list_models` gives.
    accept_licence
        Whether the user accepts a licence that forbids commercial use.
    progress
        Called with the bytes received so far and the bytes expected.

    Raises
    ------
    WeightsError
        No such model, its licence was not accepted, the network or the disk failed, or the file received is
        not the one expected.
    """
    workflow.fetch(name, progress, accept_licence)
    return workflow.show(name)[1]


def import_model(
    file: PathOrUri,
    *,
    card: PathOrUri | None = None,
    name: str | None = None,
    accept_licence: bool = False,
) -> ModelReport:
    """Take a model from a file, as a card describes it; what the file holds is never run as code.

    Parameters
    ----------
    file
        Path of an ONNX file, a head, or parameters of facenet-pytorch's InceptionResnetV1.
    card
        Path of a TOML file, or the name of a known model; None for parameters of InceptionResnetV1.
    name
        What the model is called here; needed without a card, which has a name.
    accept_licence
        Whether the user accepts a licence that forbids commercial use.

    Raises
    ------
    ModelCardError
        There is no such card, or it is none.
    WeightsError
        The file cannot be used or does not fit its card, the licence was not accepted, or the name stands for
        another model.

    Examples
    --------
    >>> photoclust.import_model("network.onnx", card="network.toml").dimension    # doctest: +SKIP
    512
    """
    known = None if card is None else str(card)
    return workflow.show(workflow.import_model(Path(file), name, known, accept_licence)[0])[1]


def remove_model(name: str) -> None:
    """Delete the file, the card and the calibration of a model from this machine.

    An index made with it can then only be looked at.

    Raises
    ------
    WeightsError
        It is not here, or a head needs it.
    """
    workflow.remove(name)
