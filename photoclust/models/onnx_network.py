"""A network in an ONNX file, run by ONNX Runtime on a processor.

ONNX Runtime is an extra, ``photoclust[onnx]``: it weighs 76 MB, and the default model does without it. Its
builds for Linux and macOS send usage data to their maker from version 1.29 on, with an id of the machine that
they keep in the user's cache. The extra asks for an earlier version. Should a later one be installed, the
variable that switches this off (``ORT_DISABLE_TELEMETRY``) is set before it is loaded, and then it makes no
id, no file and no connection (1.32, seen with strace). On Windows its own function switches it off.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.errors import WeightsError
from photoclust.models.cards import Card

_SILENT = {"ORT_DISABLE_TELEMETRY": "1", "ORT_TELEMETRY_DISABLED": "1"}


def runtime() -> Any:
    """ONNX Runtime, told to send nothing.

    Raises
    ------
    WeightsError
        It is not installed.
    """
    os.environ.update(_SILENT)
    try:
        import onnxruntime
    except ImportError as error:
        raise WeightsError(
            "A model in ONNX needs ONNX Runtime; install it with pip install 'photoclust[onnx]'."
        ) from error
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(4)  # what matters of its warnings is said in our own words
    return onnxruntime


class OnnxNetwork:
    """A network from an ONNX file, see `photoclust.models.network.Network`.

    One thread, so that vectors do not depend on the machine.

    Attributes
    ----------
    batch_size
        Crops that it takes at once, where that is fixed in the file; else None.

    Raises
    ------
    WeightsError
        The file is no network that ONNX Runtime can run, or its input or output does not fit the card.
    """

    def __init__(self, weights: Path, card: Card) -> None:
        onnxruntime = runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(weights), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its classes of errors are not public
            raise WeightsError(f"{weights} is no ONNX model that ONNX Runtime can run.") from error
        self._card = card
        self._input = _only_input(self._session, weights)
        self.batch_size, self._channels_last = _layout(self._input.shape, card, weights)
        self._mean = np.array(card.mean, np.float32)
        self._deviation = np.array(card.deviation, np.float32)
        _require_output(self._session.get_outputs()[0].shape, card, weights)

    def to_processor(self) -> None:
        """It is there already."""

    def __call__(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Embed as many crops as are given, at once."""
        ordered = crops if self._card.channels == "RGB" else crops[..., ::-1]
        values = (ordered.astype(np.float32) - self._mean) / self._deviation
        if not self._channels_last:
            values = np.ascontiguousarray(values.transpose(0, 3, 1, 2))
        (found, *_) = self._session.run(None, {self._input.name: values})
        return np.asarray(found, np.float32).reshape(len(crops), -1)


def _only_input(session: Any, weights: Path) -> Any:
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type != "tensor(float)":
        kinds = ", ".join(f"{one.name} {one.type}" for one in inputs)
        raise WeightsError(f"{weights} takes {kinds or 'nothing'}; a model of faces takes one tensor(float).")
    return inputs[0]


def _layout(shape: list[Any], card: Card, weights: Path) -> tuple[int | None, bool]:
    """How many crops a network takes at once, None for any, and whether channels come last."""
    side = card.size
    # a size that is left open in the file is a name or nothing, and fits any
    sizes = [size if isinstance(size, int) else None for size in shape[1:]]
    for channels_last, wanted in ((False, (3, side, side)), (True, (side, side, 3))):
        if len(sizes) == 3 and all(one in (size, None) for one, size in zip(sizes, wanted, strict=True)):
            return (shape[0] if isinstance(shape[0], int) else None), channels_last
    raise WeightsError(
        f"{weights} takes an input of shape {_words(shape)}, which does not fit the card of {card.name}: "
        f"3 channels of {side} x {side} pixels."
    )


def _require_output(shape: list[Any], card: Card, weights: Path) -> None:
    sizes = [size for size in shape[1:] if size != 1]
    if sizes and isinstance(sizes[-1], int) and (len(sizes) > 1 or sizes[0] != card.dimension):
        raise WeightsError(
            f"{weights} gives an output of shape {_words(shape)}, which does not fit the card of {card.name}:"
            f" {card.dimension} numbers for each face."
        )


def _words(shape: list[Any]) -> str:
    return "(" + ", ".join("?" if size is None else str(size) for size in shape) + ")"
