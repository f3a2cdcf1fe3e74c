"""SIGTERM and SIGHUP end a command as Control-C does: what was finished is written, locks are released."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGHUP)


class StopSignal(KeyboardInterrupt):
    """A signal that asks this process to end; whatever copes with Control-C copes with it."""


_received: list[int] = []


def install() -> None:
    """Let these signals raise `StopSignal` in the main thread; what is ignored, as by nohup, stays so."""
    for number in _ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, _: FrameType | None) -> None:
    for ending in _ENDING:  # a second one would interrupt the writing of what was finished
        signal.signal(ending, signal.SIG_IGN)
    _received.append(number)
    raise StopSignal


def received() -> bool:
    """Tell whether such a signal has come."""
    return bool(_received)


def exit_code() -> int:
    """128 and the number of the signal that ended this process; without one it was Control-C."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def say_interrupted() -> None:
    """Say what an interruption means, if anybody can still hear it."""
    name = signal.Signals(_received[0]).name if _received else ""
    how = f"Stopped by {name}" if name else "Interrupted"
    with suppress(OSError, ValueError):  # the terminal may be gone
        sys.stderr.write(f"{how}; what was finished is kept. Run the same command to continue.\n")
        sys.stderr.flush()


def drop_output() -> None:
    """Send what is still to be written to stdout nowhere: whoever read it has gone, or its disk is full."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
