"""What verification, and the rule of one face per person and photo, know of faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class VerifyInput:
    """What verification knows of n faces.

    Attributes
    ----------
    embeddings
        float32, shape (n, d), unit rows, centred (`Calibration.centred`) if the model has a calibration.
    quality
        float32, shape (n,), in [0, 1].
    photos
        int, shape (n,): equal for faces of one photo.
    boxes
        float32, shape (n, 4): x0, y0, x1, y1 in pixels of the photo.
    """

    embeddings: npt.NDArray[np.float32]
    quality: npt.NDArray[np.float32]
    photos: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.embeddings)
