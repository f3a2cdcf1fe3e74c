"""How long photoclust waits: for files, for object stores, and for other writers.

Whoever calls photoclust puts limits in force for a block of code, and whatever is read within it, at any
depth, is read under them, as numbers of `decimal` are computed under its context. Processes that an engine
starts are given the limits as an argument, threads of a pool by `photoclust.storage.retry.handed_over`.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field

from photoclust.errors import UsageError


@dataclass(frozen=True)
class RetryPolicy:
    """Time limits of requests to an object store, in seconds.

    Parameters
    ----------
    connect, read
        For a connection to be made, and for the next bytes of an answer to come.
    request
        For one whole answer, however steadily it drips.
    total
        For asking again: stores answer 503 for a minute while they spread a load that is new to them.
    first_pause, longest_pause
        Bounds of the pause before the second and the later attempts.
    """

    connect: float = 10.0
    read: float = 20.0
    request: float = 100.0
    total: float = 180.0
    first_pause: float = 0.1
    longest_pause: float = 15.0

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class TimeLimits:
    """How long to wait, in seconds.

    Parameters
    ----------
    read
        A local file that does not answer for so long could not be read.
    lease
        For how long a writer holds an index in an object store unless it renews that, which it does four
        times in this span. A writer that was killed keeps other machines out for so long.
    part
        Rows of photos that have waited for so long are written: what a kill may cost.
    store
        Limits of requests to object stores.
    """

    read: float = 60.0
    lease: float = 120.0
    part: float = 20.0
    store: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        _check(self)


def _check(limits: RetryPolicy | TimeLimits) -> None:
    for name, value in asdict(limits).items():
        if name != "store" and not value >= 0:  # NaN compares false
            raise UsageError(f"The limit {name!r} must be a number of seconds, 0 or more, not {value}.")


_DEFAULTS = TimeLimits()
_in_force = ContextVar("time_limits", default=_DEFAULTS)


def time_limits() -> TimeLimits:
    """Give the limits in force: those of the innermost `limited`, or the defaults."""
    return _in_force.get()


@contextmanager
def limited(limits: TimeLimits) -> Generator[None]:
    """Put `limits` in force within the context."""
    token = _in_force.set(limits)
    try:
        yield
    finally:
        _in_force.reset(token)
