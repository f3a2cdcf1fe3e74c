"""Heads on stored embeddings: they begin as what they stand on, and learn what to change.

Of an embedding x a head gives f(x) / |f(x)|. With m the mean of the training embeddings:

- ``linear``: f(x) = x + W x + b, with W of zeros and b = −m at first;
- ``mlp``: f(x) = x + W₂ relu(W₁ x + b₁) + b₂, with W₂ of zeros and b₂ = −m at first.

So a head begins as the embeddings with their mean taken away, which is what it is held against.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 256
_DECAY = 0.1
"""Weight decay of what a head adds: little data makes little of it."""


class ResidualHead(nn.Module):
    """A residual head.

    Parameters
    ----------
    kind
        ``linear`` or ``mlp``.
    mean
        float32, shape (d,): what is taken away from embeddings at first.
    """

    def __init__(self, kind: str, mean: Tensor) -> None:
        super().__init__()
        size = len(mean)
        last = nn.Linear(size if kind == "linear" else HIDDEN, size)
        nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.copy_(-mean)
        first = [] if kind == "linear" else [nn.Linear(size, HIDDEN), nn.ReLU()]
        self.change = nn.Sequential(*first, last)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Map unit rows, float32, shape (n, d), to unit rows of the same shape."""
        return functional.normalize(embeddings + self.change(embeddings))

    def parameter_groups(self, rate: float) -> list[dict[str, Any]]:
        """Weights, which decay, and biases, which do not, at one rate."""
        named = list(self.named_parameters())
        weights = [one for name, one in named if name.endswith("weight")]
        biases = [one for name, one in named if name.endswith("bias")]
        return [
            {"params": weights, "lr": rate, "weight_decay": _DECAY},
            {"params": biases, "lr": rate, "weight_decay": 0.0},
        ]

    def layers(self) -> tuple[tuple[Tensor, Tensor], ...]:
        """Weight and bias of each layer, the first first."""
        linear = (one for one in self.change if isinstance(one, nn.Linear))
        return tuple((one.weight.detach(), one.bias.detach()) for one in linear)


def mean_embedding(embeddings: Tensor) -> Tensor:
    """Mean of rows, in float64: float32, shape (d,)."""
    return embeddings.to(torch.float64).mean(0).to(torch.float32)


def centred(embeddings: Tensor, mean: Tensor) -> Tensor:
    """What a head begins as: the mean taken away, scaled to unit length."""
    return functional.normalize(embeddings - mean)
