"""Runs of indexing that have begun and not ended: at work now, or killed.

::

    INDEX/unfinished.json      since when, on which host, and by which command
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from photoclust.errors import IndexCorruptError, MissingPhotosError
from photoclust.index import files

_NAME = "unfinished.json"


@contextmanager
def unfinished(index: Path, verb: str = "run") -> Generator[None]:
    """Let it be known that work has begun, until it has ended well; the caller holds the index's lock.

    Parameters
    ----------
    index
        Folder of the index.
    verb
        Name of the command that does the work: to be given again should it be killed.
    """
    began = datetime.now(UTC).isoformat(timespec="seconds")
    files.write_json(index / _NAME, {"began": began, "host": socket.gethostname(), "verb": verb})
    try:
        yield
    except MissingPhotosError:  # refused before anything was done
        (index / _NAME).unlink(missing_ok=True)
        raise
    (index / _NAME).unlink(missing_ok=True)


def unfinished_run(index: Path) -> dict[str, Any] | None:
    """What is known of a run that has not ended, ``began``, ``host``, ``verb``; None where there is none."""
    try:
        return files.read_json(index / _NAME)
    except (FileNotFoundError, IndexCorruptError):
        return None
