"""What an embedder asks of a network."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt


class Network(Protocol):
    """What embeds crops: uint8, shape (n, side, side, 3), to float32, shape (n, d), of any length."""

    batch_size: int | None
    """Crops that it takes at once, where that is fixed."""

    def __call__(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Embed crops at once."""
        ...

    def to_processor(self) -> None:
        """Leave the GPU."""
        ...


@runtime_checkable
class MakesMirrorImages(Protocol):
    """A network that makes the mirror images itself."""

    def mirrored(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Embed crops and their mirror images at once; the sums of both."""
        ...
