"""Local files that make no reader wait for ever: pipes, devices, files of /proc, a share that has stalled.

A file is opened without waiting and only if it is a regular one. Each read has a time limit, kept by a thread
that is given up when it is late: nothing else ends a read in which the system itself waits.
"""

from __future__ import annotations

import io
import os
import stat
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from photoclust.limits import time_limits

Answer = TypeVar("Answer")

_BLOCK = 8 * 1024**2
NO_FILE = "it is a pipe, socket or device, not a file"


def within(step: Callable[[], Answer], seconds: float | None = None) -> Answer:
    """Do something that may never end.

    Raises
    ------
    TimeoutError
        It has not ended in time, by default that of `photoclust.limits.TimeLimits.read`.
    """
    limit = time_limits().read if seconds is None else seconds
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(step())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit)
    if errors:
        raise errors[0]
    if not answers:
        raise TimeoutError(f"it did not answer for {limit:g} seconds")
    return answers[0]


class BoundedFile(io.RawIOBase):
    """A file of this machine of which every read has a time limit.

    Parameters
    ----------
    path
        Where it is.
    regular
        Refuse what is no regular file; else wait, for so long, until a pipe has a writer.

    Raises
    ------
    OSError
        It cannot be opened, in time.
    """

    def __init__(self, path: str, regular: bool = True) -> None:
        flags = os.O_RDONLY | os.O_CLOEXEC | (os.O_NONBLOCK if regular else 0)
        self._file = within(lambda: os.open(path, flags))
        status = os.fstat(self._file)
        self.size = status.st_size
        if stat.S_ISDIR(status.st_mode) or (regular and not stat.S_ISREG(status.st_mode)):
            self.close()
            raise OSError("it is a folder" if stat.S_ISDIR(status.st_mode) else NO_FILE)

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        return os.lseek(self._file, offset, whence)

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return os.lseek(self._file, 0, os.SEEK_CUR)

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; a file of size 0 has none, whatever /proc makes up."""
        content = within(lambda: os.read(self._file, min(len(buffer), _BLOCK)))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """See `io.RawIOBase`."""
        if not self.closed:
            os.close(self._file)
        super().close()


def read_up_to(file: BoundedFile, most: int) -> bytes:
    """The first bytes of a file, `most` at most."""
    content = bytearray()
    while len(content) < most and (more := file.read(min(most - len(content), _BLOCK))):
        content += more
    return bytes(content)
