"""Small networks in ONNX for tests, and cards for them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from photoclust.models import Card

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
SIDE, DIMENSION = 96, 24


def network(
    path: Path, batch: int | str = "n", side: int = SIDE, last: bool = False, inputs: int = 1
) -> Path:
    """A convolution, its mean over the picture and no more."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(DIMENSION, 3, 8, 8)).astype(np.float32)
    shape = [batch, side, side, 3] if last else [batch, 3, side, side]
    floats, make = onnx.TensorProto.FLOAT, onnx.helper
    nodes = [make.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2])] if last else []
    nodes += [
        make.make_node("Conv", ["planes" if last else "pixels", "kernel"], ["maps"], strides=[8, 8]),
        make.make_node("Relu", ["maps"], ["positive"]),
        make.make_node("GlobalAveragePool", ["positive"], ["means"]),
        make.make_node("Flatten", ["means"], ["embedding"]),
    ]
    taken = [make.make_tensor_value_info("pixels", floats, shape)]
    taken += [make.make_tensor_value_info(f"other{i}", floats, [1]) for i in range(inputs - 1)]
    graph = make.make_graph(
        nodes,
        "small",
        taken,
        [make.make_tensor_value_info("embedding", floats, [batch, DIMENSION])],
        [onnx.numpy_helper.from_array(kernel, "kernel")],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def card(path: Path, **changes: object) -> Card:
    made = Card("small", "onnx", DIMENSION, "MIT", "made here", sha256(path), size=SIDE, margin=0)
    return replace(made, **changes)
