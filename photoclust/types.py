"""Type aliases used in several rooms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
"""Numbers of rows, of groups, or of whatever else is counted."""
Floats = npt.NDArray[np.float32]
"""Embeddings and what is as coarse as they are."""
Doubles = npt.NDArray[np.float64]
"""Evidence, lengths and what else must not be rounded."""
