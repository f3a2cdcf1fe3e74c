"""Reads the weights out of a frozen TensorFlow graph, without TensorFlow.

A frozen graph is a ``GraphDef`` protocol buffer in which every weight is a ``Const`` node. Few message types
and wire types are all that is needed of it: https://protobuf.dev/programming-guides/encoding and
tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape}.proto.

`facenet_state_dict` then names the constants as facenet-pytorch's ``InceptionResnetV1`` does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from photoclust.errors import WeightsError

Array: TypeAlias = npt.NDArray[np.float32]

_DT_FLOAT = 1
_ROOT = "InceptionResnetV1/"
_BOTTLENECK = "Bottleneck/BatchNorm/"
# `tf.contrib.slim.batch_norm` of the training code and BatchNorm of facenet-pytorch agree on it.
_BATCH_NORM_EPSILON = 0.001


def float_constants(path: Path) -> dict[str, Array]:
    """Every float32 constant of a frozen graph.

    Parameters
    ----------
    path
        A serialised ``GraphDef``.

    Returns
    -------
    dict
        Node name to float32 array in TensorFlow's layout, in the order of the file.

    Raises
    ------
    WeightsError
        The file cannot be read or is no such graph.
    """
    try:
        graph = memoryview(path.read_bytes())
        nodes = (value for field, value in _fields(graph) if field == 1)
        return dict(constant for node in nodes if (constant := _float_constant(node)))
    except (OSError, ValueError, IndexError, KeyError, TypeError) as error:
        raise WeightsError(f"{path} cannot be read as a frozen TensorFlow graph: {error}.") from error


def facenet_state_dict(constants: Mapping[str, Array]) -> dict[str, Array]:
    """State dict of facenet-pytorch's ``InceptionResnetV1`` from the constants of a FaceNet graph.

    The graph's batch norms are already folded into convolution and offset, save that of the bottleneck. A
    folded one becomes a batch norm that only adds its offset: scale 1, mean 0, variance 1 − epsilon.

    Parameters
    ----------
    constants
        What `float_constants` read.

    Returns
    -------
    dict
        Parameter name to float32 array in PyTorch's layout.

    Raises
    ------
    WeightsError
        A constant is missing.
    """
    inner = {name.removeprefix(_ROOT): value for name, value in constants.items() if name.startswith(_ROOT)}
    try:
        state = _bottleneck(inner)
        for source, target in _convolution_names(inner).items():
            state |= _convolution(inner, source, target)
    except KeyError as error:
        raise WeightsError(f"The frozen graph is not FaceNet's: it has no constant {error}.") from error
    return state


def _convolution_names(names: Mapping[str, Array]) -> dict[str, str]:
    """Scope of each convolution in the graph to its module in PyTorch.

    Where a branch is a chain, its convolutions sort in the order in which they are applied.
    """
    chains: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        if name.endswith("/weights") and not name.startswith("Bottleneck"):
            scope = name.removesuffix("/weights")
            chains[scope.rpartition("/")[0]].append(scope)
    return {
        scope: _module_name(scope, index if len(chain) > 1 else None)
        for chain in chains.values()
        for index, scope in enumerate(chain)
    }


def _module_name(scope: str, index: int | None) -> str:
    """``Repeat_1/block17_3/Branch_1/Conv2d_0b_1x7``, second of its chain, is ``repeat_2.2.branch1.1``."""
    block, _, convolution = scope.rpartition("/")
    if not block:
        return convolution.lower().rpartition("_")[0]
    block, _, branch = block.partition("/Branch_")
    if repeat := re.fullmatch(r"Repeat(?:_(\d))?/block\d+_(\d+)", block):
        block = f"repeat_{int(repeat[1] or 0) + 1}.{int(repeat[2]) - 1}"
    if not branch:
        return f"{block.lower()}.conv2d"
    return f"{block.lower()}.branch{branch}" + ("" if index is None else f".{index}")


def _convolution(constants: Mapping[str, Array], source: str, target: str) -> dict[str, Array]:
    kernel = np.ascontiguousarray(constants[f"{source}/weights"].transpose(3, 2, 0, 1))  # HWIO to OIHW
    if f"{source}/biases" in constants:
        return {f"{target}.weight": kernel, f"{target}.bias": constants[f"{source}/biases"]}
    offset = constants[f"{source}/Conv2D_bn_offset"]
    return {
        f"{target}.conv.weight": kernel,
        f"{target}.bn.weight": np.ones_like(offset),
        f"{target}.bn.bias": offset,
        f"{target}.bn.running_mean": np.zeros_like(offset),
        f"{target}.bn.running_var": np.full_like(offset, 1 - _BATCH_NORM_EPSILON),
    }


def _bottleneck(constants: Mapping[str, Array]) -> dict[str, Array]:
    return {
        "last_linear.weight": np.ascontiguousarray(constants["Bottleneck/weights"].T),
        "last_bn.weight": constants[f"{_BOTTLENECK}Const"],
        "last_bn.bias": constants[f"{_BOTTLENECK}beta"],
        "last_bn.running_mean": constants[f"{_BOTTLENECK}moving_mean"],
        "last_bn.running_var": constants[f"{_BOTTLENECK}moving_variance"],
    }


def _float_constant(node: memoryview) -> tuple[str, Array] | None:
    """Name and value where a ``NodeDef`` is a float constant."""
    name, operation, tensor = "", "", memoryview(b"")
    for field, value in _fields(node):
        if field == 1:
            name = str(value, "utf-8")
        elif field == 2:
            operation = str(value, "utf-8")
        elif field == 5:  # an entry of the map of attributes: 1 its key, 2 its AttrValue
            entry = dict(_fields(value))
            tensor = dict(_fields(entry[2]))[8] if str(entry[1], "utf-8") == "value" else tensor
    parts = dict(_fields(tensor)) if operation == "Const" else {}
    return (name, _tensor(parts)) if parts.get(1) == _DT_FLOAT else None


def _tensor(parts: dict[int, Any]) -> Array:
    """A ``TensorProto``: 2 its shape, 4 its bytes or 5 its values; one value stands for all."""
    shape = [
        int(dict(_fields(dimension)).get(1, 0)) for _, dimension in _fields(parts.get(2, memoryview(b"")))
    ]
    values = np.frombuffer(parts[4] if 4 in parts else parts[5], "<f4").astype(np.float32)
    return values.reshape(shape) if values.size == np.prod(shape) else np.full(shape, values[0])


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Number of each field of a protocol buffer message, and its value: an int, or the bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind} at byte {at}")
        if at + size > len(message):
            raise ValueError("it ends too early")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A varint and the place behind it."""
    value = shift = 0
    while True:
        byte = message[at]
        at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, at
