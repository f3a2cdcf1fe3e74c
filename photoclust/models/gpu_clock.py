"""How long a GPU works."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch


class GpuClock:
    """Adds up the time from the first to the last of the kernels that blocks of code start.

    That of other processes on the same GPU, which take turns with these kernels, is in it.

    Parameters
    ----------
    device
        What the kernels run on; the time of a processor is not taken.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._seconds = device, 0.0

    @contextmanager
    def running(self) -> Generator[None]:
        """Add the time of the kernels of a block, and wait for the last."""
        if self._device.type != "cuda":
            yield
            return
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record(torch.cuda.current_stream(self._device))
        yield  # what an error stops is not counted
        end.record(torch.cuda.current_stream(self._device))
        end.synchronize()
        self._seconds += begin.elapsed_time(end) / 1000

    def taken(self) -> float:
        """Seconds added up since this was asked before."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds
