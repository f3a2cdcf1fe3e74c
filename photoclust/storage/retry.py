"""How long to wait for a store, how often to ask again, and the count of it.

What may pass (503, a reset, a stall) is asked again with growing, random pauses until a time limit; what will
not (404, 403) is final at once. Every request that had to be repeated is counted, so that a run can say so.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import TypeVar

from photoclust.errors import ObjectStoreError
from photoclust.limits import RetryPolicy

Answer = TypeVar("Answer")
Argument = TypeVar("Argument")


class TransientError(Exception):
    """A request failed in a way that may pass; `unreachable` where nobody answered at all."""

    def __init__(self, reason: str, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unreachable = unreachable


@dataclass
class Retried:
    """How many requests had to be repeated."""

    requests: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, more: int = 1) -> None:
        """Count more, from any thread."""
        with self._turn:
            self.requests += more


_counting: ContextVar[Retried | None] = ContextVar("retried", default=None)
_door: ContextVar[bool] = ContextVar("at_the_door", default=False)


@contextmanager
def counting_retries() -> Generator[Retried]:
    """Count the requests repeated within the context, by this thread and in steps it hands to others."""
    retried = Retried()
    token = _counting.set(retried)
    try:
        yield retried
    finally:
        _counting.reset(token)


def count_retries(requests: int) -> None:
    """Count requests that another process had to repeat."""
    if retried := _counting.get():
        retried.count(requests)


@contextmanager
def at_the_door() -> Generator[None]:
    """Take a store that cannot be reached at all for a wrong address, and say so at once."""
    token = _door.set(True)
    try:
        yield
    finally:
        _door.reset(token)


def handed_over(step: Callable[[Argument], Answer]) -> Callable[[Argument], Answer]:
    """`step` for other threads to take: they count what they repeat and wait as long as this one does."""
    context = copy_context()
    return lambda argument: context.copy().run(step, argument)


def with_retries(request: Callable[[], Answer], policy: RetryPolicy) -> Answer:
    """Ask until there is an answer, or until the policy gives up.

    The pause before attempt n is drawn evenly from 0 to ``first_pause`` times 2 to the n, which spreads
    callers best ("full jitter": https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

    Parameters
    ----------
    request
        Raises `TransientError` for what may pass; any other error is final.
    policy
        The limits.

    Raises
    ------
    ObjectStoreError
        When the policy gives up.
    """
    began, attempt = time.monotonic(), 0
    while True:
        try:
            return request()
        except TransientError as error:
            pause = random.uniform(0, min(policy.longest_pause, policy.first_pause * 2**attempt))  # noqa: S311
            attempt += 1
            waited = time.monotonic() - began
            if error.unreachable and _door.get():
                raise ObjectStoreError(error.reason) from error
            if waited + pause > policy.total:
                tries = f"{attempt} {'attempt' if attempt == 1 else 'attempts'} in {waited:.0f} s"
                raise ObjectStoreError(f"{error.reason} ({tries})") from error
            if retried := _counting.get():
                retried.count()
            time.sleep(pause)
