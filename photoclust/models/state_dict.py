"""Reads and checks the parameters of ``InceptionResnetV1`` from a file that somebody gave."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from photoclust.errors import WeightsError
from photoclust.models.frozen_graph import Array


def read_state_dict(path: Path) -> dict[str, Array]:
    """Read a state dict; nothing in the file is executed.

    Parameters
    ----------
    path
        PyTorch's ``.pt`` or safetensors; told apart by content.

    Returns
    -------
    dict
        Parameter name to float32 array, without the classification layer and batch norm's counters.

    Raises
    ------
    WeightsError
        The file is neither, or holds something else.
    """
    from safetensors.torch import load_file
    from torch import Tensor, load

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what PyTorch finds strange about the file is told below
            state: Any = (
                load_file(path) if is_safetensors(path) else load(path, map_location="cpu", weights_only=True)
            )
    except Exception as error:  # torch.load raises nearly anything on a file that is not its own
        raise WeightsError(f"{path} is neither a safetensors file nor a plain PyTorch state dict.") from error
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise WeightsError(f"{path} holds no state dict (names and tensors).")
    return {
        name: value.detach().float().contiguous().numpy()
        for name, value in state.items()
        if not name.startswith("logits.") and not name.endswith(".num_batches_tracked")
    }


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as one of safetensors does: eight bytes of length, then a JSON object."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


def check_state_dict(state: dict[str, Array], source: Path) -> None:
    """Refuse what is not a whole and finite set of the embedder's parameters.

    Parameters
    ----------
    state
        Parameter name to array.
    source
        The file they are from, for the message.

    Raises
    ------
    WeightsError
        A parameter is missing, surplus, of another shape or not finite.
    """
    expected = _shapes()
    if missing := sorted(expected.keys() - state.keys()):
        raise WeightsError(f"{source} holds no weights of InceptionResnetV1: {missing[0]} is missing.")
    if surplus := sorted(state.keys() - expected.keys()):
        raise WeightsError(f"{source} holds no weights of InceptionResnetV1: it has {surplus[0][:80]!r}.")
    for name, value in state.items():
        if value.shape != expected[name]:
            raise WeightsError(f"{source}: {name} has shape {value.shape} instead of {expected[name]}.")
        if not np.isfinite(value).all():
            raise WeightsError(f"{source}: {name} holds values that are not finite; the file is damaged.")


@cache
def _shapes() -> dict[str, tuple[int, ...]]:
    """Shape of every parameter that the embedder has."""
    import torch

    from photoclust.models.networks import InceptionResnetV1

    with torch.device("meta"):
        state = InceptionResnetV1().state_dict()
    return {name: tuple(t.shape) for name, t in state.items() if not name.endswith(".num_batches_tracked")}
