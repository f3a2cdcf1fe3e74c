"""Starting a Ray of this machine: again where it was too slow, and in a folder whose path is short enough."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import psutil

PAUSES = (2.0, 10.0)
"""Seconds before the second and the third attempt. Ray gives its processes 30 s, which may be too little on a
busy machine, and has no way to ask for more."""

_SESSION = "/session_2026-01-01_00-00-00_000000_1000000/sockets/plasma_store"
_SHORT = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  in them a folder of our own with a random name is made
_LONGEST_SOCKET = 107  # bytes of the path of a Unix socket, see unix(7)


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


@contextmanager
def short_folder() -> Generator[str | None]:
    """Folder for Ray's sockets and logs: its own choice (None), unless no socket there could have a name."""
    place = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or tempfile.gettempdir()
    if len(os.fsencode(f"{place}/ray{_SESSION}")) <= _LONGEST_SOCKET:
        yield None
        return
    folder = tempfile.mkdtemp(prefix="ray-", dir=next(filter(os.path.isdir, _SHORT)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
