"""What a training is given: what learns, what from, and who else trains it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from photoclust.types import Rows


class Learner(Protocol):
    """A network or head that can be trained: maps inputs to unit rows."""

    def __call__(self, inputs: Tensor) -> Tensor: ...  # noqa: D102
    def parameter_groups(self, rate: float) -> list[dict[str, Any]]: ...  # noqa: D102


@dataclass(frozen=True)
class Material:
    """What is learned from.

    Attributes
    ----------
    inputs
        Gives what the network is given of some faces, varied by chance if the second argument is true.
    person
        int64, shape (n,): whose face each is.
    photos
        Photo of each, for messages.
    training, validation
        int64: rows of either side; everybody in training has two photos and more.
    """

    inputs: Callable[[Rows, bool], Tensor]
    person: Rows
    photos: list[str]
    training: Rows
    validation: Rows


@dataclass(frozen=True)
class Workers:
    """What several processes that train one network share; by default there is one.

    Attributes
    ----------
    rank, count
        Which of how many this is.
    wrap
        Makes a network one whose gradients are averaged over all.
    average
        Replaces a tensor by its mean over all.
    """

    rank: int = 0
    count: int = 1
    wrap: Callable[[nn.Module], nn.Module] = lambda network: network
    average: Callable[[Tensor], None] = lambda _: None
