"""Type aliases used in several rooms."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
"""Numbers of rows, of groups, or of whatever else is counted."""
Floats = npt.NDArray[np.float32]
"""Embeddings and what is as coarse as they are."""
Doubles = npt.NDArray[np.float64]
"""Evidence, lengths and what else must not be rounded."""
MakeArray = Callable[[tuple[int, ...], npt.DTypeLike], npt.NDArray[Any]]
"""`numpy.empty`, or what makes large arrays elsewhere than in memory."""
Advance = Callable[[int], None]
"""Is told how many more are done."""
Progress = Callable[[int], AbstractContextManager[Advance]]
"""Is called with the number of what is to be done; gives what is told of each few done."""
