"""Starting a Ray of this machine: again where it was too slow."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

PAUSES = (2.0, 10.0)
"""Seconds before the second and the third attempt. Ray gives its processes 30 s, which may be too little on a
busy machine, and has no way to ask for more."""


def start_again(init: Callable[[], object], stop: Callable[[], object]) -> None:
    """Start Ray, again where it failed in a way that may pass.

    Parameters
    ----------
    init
        Starts it; raises whatever it likes.
    stop
        Cleans up what a failed start has left in this process.
    """
    for pause in (*PAUSES, None):
        before = set(_children())
        try:
            init()
        except Exception as error:  # "The current node timed out" is a bare Exception of Ray's
            stop()
            _end(set(_children()) - before)
            if pause is None or not _may_pass(error):
                raise
            logging.getLogger("photoclust").info("Ray has not started in time; trying again.")
            time.sleep(pause)
        else:
            return


def _may_pass(error: Exception) -> bool:
    slow = isinstance(error, ConnectionError | TimeoutError)
    return slow or not isinstance(error, OSError | ValueError | ImportError | MemoryError)


def _children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _end(processes: set[psutil.Process]) -> None:
    """End what a failed start has left running."""
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=10)
