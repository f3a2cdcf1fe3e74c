"""A function whose kernels a GPU is given all at once, not one by one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]


class Recorded:
    """A function of a tensor, recorded as a CUDA graph for the shape that it was last called with.

    The network of the embedder has some 400 small kernels, which take longer to start than to run where few
    faces are embedded at once. Where a function cannot be recorded it is called as it is, as on a processor.

    Parameters
    ----------
    function
        Makes no copy between host and device, and its shapes depend on that of its argument alone.
    """

    def __init__(self, function: Function) -> None:
        self._function = function
        self._graph: torch.cuda.CUDAGraph | None = None
        self._given = self._result = torch.empty(0)
        self._possible = True

    def __call__(self, given: Tensor) -> Tensor:
        """Call it; on a GPU the result is valid until the next call."""
        if given.device.type != "cuda" or not self._possible:
            return self._function(given)
        if self._graph is None or self._given.shape != given.shape:
            self._record(given)
        if self._graph is None:
            return self._function(given)
        self._given.copy_(given, non_blocking=True)
        self._graph.replay()
        return self._result

    def forget(self) -> None:
        """Free the memory of what was recorded."""
        self._graph, self._given, self._result = None, torch.empty(0), torch.empty(0)

    def _record(self, given: Tensor) -> None:
        self.forget()
        inputs, graph = given.clone(), torch.cuda.CUDAGraph()
        try:
            self._warm_up(inputs)
            # other threads may lock memory meanwhile, which a recording of theirs as well would forbid
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                result = self._function(inputs)
        except (torch.OutOfMemoryError, torch.AcceleratorError):
            raise
        except RuntimeError:
            self._possible = False
            return
        self._graph, self._given, self._result = graph, inputs, result

    def _warm_up(self, inputs: Tensor) -> None:
        """Call it a few times on a stream of its own, so that libraries are set up before it is recorded."""
        here, aside = torch.cuda.current_stream(inputs.device), torch.cuda.Stream(inputs.device)
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            for _ in range(3):
                self._function(inputs)
        here.wait_stream(aside)
