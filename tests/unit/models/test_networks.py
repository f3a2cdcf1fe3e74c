"""The networks are those of facenet-pytorch, to the bit: names and order of parameters, what comes out."""

from __future__ import annotations

from collections.abc import Callable

import facenet_pytorch
import pytest
import torch
from facenet_pytorch.models import mtcnn
from torch import nn

from photoclust.models import networks

NETWORKS: list[tuple[Callable[[], nn.Module], Callable[[], nn.Module], int]] = [
    (networks.InceptionResnetV1, facenet_pytorch.InceptionResnetV1, 160),
    (networks.PNet, mtcnn.PNet, 31),
    (networks.RNet, mtcnn.RNet, 24),
    (networks.ONet, mtcnn.ONet, 48),
]


def outputs(network: nn.Module, side: int) -> list[torch.Tensor]:
    crops = torch.rand(3, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        found = network.eval()(crops)
    return list(found) if isinstance(found, tuple) else [found]


@pytest.mark.parametrize(("ours", "theirs", "side"), NETWORKS)
def test_equals_facenet_pytorch(
    ours: Callable[[], nn.Module], theirs: Callable[[], nn.Module], side: int
) -> None:
    own, stock = ours(), theirs()
    assert list(own.state_dict()) == list(stock.state_dict())
    own.load_state_dict(stock.state_dict())
    for one, other in zip(outputs(own, side), outputs(stock, side), strict=True):
        assert torch.equal(one, other)


def test_trains_as_facenet_pytorch() -> None:
    crops, found = torch.rand(2, 3, 160, 160), []
    for make in (networks.InceptionResnetV1, facenet_pytorch.InceptionResnetV1):
        torch.manual_seed(0)
        found.append(make().train()(crops))
    assert torch.equal(*found)
