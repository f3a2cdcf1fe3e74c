"""Where the seconds go: a stopwatch that is read stage by stage."""

from __future__ import annotations

import time


class Stopwatch:
    """Time since it was made, divided among stages.

    Attributes
    ----------
    seconds
        Of each stage, in the order in which they first ended.
    """

    def __init__(self) -> None:
        self._began = self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """Charge the time since the last lap to `stage`."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now

    @property
    def total(self) -> float:
        """Seconds since it was made."""
        return time.perf_counter() - self._began
