"""A head: a few layers applied to the embeddings of another model.

The file is safetensors. Its tensors are ``0.weight``, float32, shape (m, d), and ``0.bias``, shape (m,), then
``1.weight`` and so on, as many layers as there are; between two layers negative numbers become 0. With
``residual`` = ``true`` in the metadata of the file, what the layers give is added to what they were given.

A head takes embeddings as an index holds them, rounded to float16. So applied to those of an index it gives
what it gives for the photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from photoclust.errors import WeightsError
from photoclust.models.frozen_graph import Array

_RESIDUAL = "residual"


@dataclass(frozen=True)
class Head:
    """Layers and how they are put together.

    Attributes
    ----------
    layers
        Weight, shape (m, d), and bias, shape (m,), of each.
    residual
        Whether the input is added to the output.
    """

    layers: tuple[tuple[Array, Array], ...]
    residual: bool = False

    @property
    def takes(self) -> int:
        """Numbers of an embedding that it is given."""
        return self.layers[0][0].shape[1]

    @property
    def gives(self) -> int:
        """Numbers of an embedding that it makes."""
        return self.layers[-1][0].shape[0]

    def __call__(self, embeddings: npt.NDArray[np.float32 | np.float16]) -> npt.NDArray[np.float32]:
        """Apply it to embeddings of the parent.

        Parameters
        ----------
        embeddings
            float16 or float32, shape (n, d): unit rows.

        Returns
        -------
        float32, shape (n, m), not normalised.
        """
        given = embeddings.astype(np.float16).astype(
            np.float64
        )  # float64, rounded once: see `hubness.product`
        values = given
        for position, (weight, bias) in enumerate(self.layers):
            values = np.maximum(values, 0) if position else values
            values = values @ weight.T.astype(np.float64) + bias
        return (values + given if self.residual else values).astype(np.float32)


def write_head(head: Head, path: Path) -> None:
    """Write a head as the module describes."""
    from safetensors.numpy import save_file

    tensors = {
        f"{position}.{name}": np.ascontiguousarray(value, np.float32)
        for position, layer in enumerate(head.layers)
        for name, value in zip(("weight", "bias"), layer, strict=True)
    }
    save_file(tensors, path, {_RESIDUAL: str(head.residual).lower()})


def read_head(path: Path) -> Head:
    """Read a head; nothing in the file is executed.

    Raises
    ------
    WeightsError
        The file is no head, or its layers do not fit one another.
    """
    from safetensors import safe_open

    try:
        with safe_open(path, "np") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no dict
            residual = (file.metadata() or {}).get(_RESIDUAL) == "true"
    except Exception as error:  # safetensors raises its own class, and OSError
        raise WeightsError(f"{path} is no safetensors file.") from error
    count = len(tensors) // 2
    if not count or set(tensors) != {f"{i}.{name}" for i in range(count) for name in ("weight", "bias")}:
        raise WeightsError(f"{path} is no head: its tensors must be 0.weight, 0.bias, 1.weight and so on.")
    head = Head(tuple((tensors[f"{i}.weight"], tensors[f"{i}.bias"]) for i in range(count)), residual)
    _check(head, path)
    return head


def _check(head: Head, path: Path) -> None:
    width: int | None = None
    for weight, bias in head.layers:
        fits = weight.ndim == 2 and bias.shape == weight.shape[:1] and width in (None, weight.shape[1])
        if not fits:
            raise WeightsError(f"{path} is no head: its layers do not fit one another.")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise WeightsError(f"{path} holds values that are not finite; the file is damaged.")
        width = weight.shape[0]
    if head.residual and head.takes != head.gives:
        raise WeightsError(f"{path} is no head: a residual one gives as many numbers as it takes.")
