"""The reader of frozen graphs, on graphs written here byte by byte."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from photoclust.errors import WeightsError
from photoclust.models.frozen_graph import facenet_state_dict, float_constants


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def part(field: int, content: bytes | str) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def const(name: str, values: np.ndarray, shape: tuple[int, ...], kind: int = 1) -> bytes:
    dimensions = b"".join(part(2, number(1, size)) for size in shape)
    tensor = number(1, kind) + part(2, dimensions) + part(4, values.astype("<f4").tobytes())
    attribute = part(1, "value") + part(2, part(8, tensor))
    return part(1, part(1, name) + part(2, "Const") + part(5, attribute))


def write(folder: Path, *nodes: bytes) -> Path:
    path = folder / "graph.pb"
    path.write_bytes(b"".join(nodes))
    return path


def test_reads_name_shape_and_values(tmp_path: Path) -> None:
    values = np.arange(300, dtype=np.float32).reshape(3, 4, 25)

    found = float_constants(write(tmp_path, const("a/b", values, values.shape)))

    assert list(found) == ["a/b"]
    np.testing.assert_array_equal(found["a/b"], values)


def test_one_value_stands_for_all(tmp_path: Path) -> None:
    tensor = number(1, 1) + part(2, part(2, number(1, 3))) + b"\x2d" + struct.pack("<f", 2.5)
    node = part(1, part(1, "x") + part(2, "Const") + part(5, part(1, "value") + part(2, part(8, tensor))))

    np.testing.assert_array_equal(float_constants(write(tmp_path, node))["x"], [2.5, 2.5, 2.5])


def test_leaves_out_integers_and_operations(tmp_path: Path) -> None:
    integers = const("ints", np.zeros(2), (2,), kind=3)
    operation = part(1, part(1, "relu") + part(2, "Relu") + part(3, "x"))

    assert float_constants(write(tmp_path, integers, operation)) == {}


@pytest.mark.parametrize("content", [b"\x0a\xff\x01short", b"\x0b", b"\x0a", b"GIF89a"])
def test_refuses_what_is_no_graph(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "graph.pb"
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=r"graph\.pb cannot be read"):
        float_constants(path)


def test_refuses_a_graph_of_something_else() -> None:
    with pytest.raises(WeightsError, match="Bottleneck"):
        facenet_state_dict({"InceptionResnetV1/Conv2d_1a_3x3/weights": np.zeros((3, 3, 3, 32), np.float32)})
