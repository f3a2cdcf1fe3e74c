"""Local files that appear whole or not at all, for the owner's eyes only."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from photoclust.storage.writers import writer_tag

TEMPORARY = ".tmp-"
"""Begins the names of files that are not whole yet."""


@contextmanager
def whole_file(path: Path, new: bool = False) -> Generator[BinaryIO]:
    """Open a temporary neighbour of `path`, mode 0600, synced to disk before it takes its name.

    What was written can be read.

    Where the context ends with an error, `path` stays as it was.

    Parameters
    ----------
    path
        The file to be.
    new
        Never take the place of a file that is there.

    Raises
    ------
    FileExistsError
        There is one, and it must be new.
    OSError
        The place cannot be written.
    """
    temporary = path.with_name(f"{TEMPORARY}{writer_tag()}")
    try:
        with os.fdopen(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if new:
            _link(temporary, path)
        else:
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _link(temporary: Path, path: Path) -> None:
    """Give a file its name if nobody has it; where there are no hard links, as nearly so as can be."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:
        if path.exists():
            raise FileExistsError(errno.EEXIST, "there is one already", str(path)) from None
        temporary.replace(path)
