"""The three networks of MTCNN with the weights that facenet-pytorch carries."""

from __future__ import annotations

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from photoclust.errors import WeightsError

N = TypeVar("N", bound=nn.Module)

SHA256 = {
    "pnet": "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
    "rnet": "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86",
    "onet": "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d",
}


def loaded(make: type[N], device: torch.device | str = "cpu") -> N:
    """A network, ready for use, channels last in memory.

    Parameters
    ----------
    make
        One of `photoclust.models.networks.PNet`, ``RNet`` and ``ONet``.
    device
        Where it runs.

    Raises
    ------
    WeightsError
        If the weights inside facenet-pytorch are missing or not the ones this was measured with.
    """
    network = make()
    network.load_state_dict(torch.load(io.BytesIO(_weights(make.__name__.lower())), weights_only=True))
    network.eval().requires_grad_(False)
    return network.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _weights(name: str) -> bytes:
    """The bytes of a network's weights, checked."""
    package = find_spec("facenet_pytorch")  # found, never imported: that takes seconds
    if package is None or package.origin is None:
        raise WeightsError("facenet-pytorch, which holds the detector's weights, is not installed.")
    path = Path(package.origin).parent / "data" / f"{name}.pt"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): reinstall facenet-pytorch.") from error
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise WeightsError(
            f"{path} is not the file photoclust was tested with: reinstall facenet-pytorch==2.5.3."
        )
    return content
