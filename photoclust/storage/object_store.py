"""The interface: list, look, read, write and delete objects, whatever store they lie in.

`open_store` gives the one that a URI asks for. Errors are an `ObjectStoreError` with a reason that fits after
a colon; what may pass has been tried again by then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Protocol

from photoclust.errors import ObjectStoreError, PhotoclustError, UsageError
from photoclust.limits import RetryPolicy, time_limits
from photoclust.storage.retry import TransientError
from photoclust.storage.uris import Place

_ADAPTERS = {"s3": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az"}
_EXTRAS = {"boto3": "s3", "botocore": "s3", "google": "gs", "requests": "gs", "azure": "az"}

EXPECTED = (PhotoclustError, TransientError, FileNotFoundError, FileExistsError, EOFError, MemoryError)
"""What adapters raise on purpose, and what says nothing about a store."""


def not_understood(error: Exception) -> ObjectStoreError:
    """What to say of an answer that a client library stumbles over."""
    line = (str(error).splitlines() or [""])[0][:200]
    return ObjectStoreError(
        f"the answer was not understood ({type(error).__name__}: {line}); is the endpoint the right one, and "
        "is there a proxy before it?"
    )


@dataclass(frozen=True)
class ObjectInfo:
    """An object as a listing names it; `tag` changes with the content (an etag, or a time).

    ``modified`` is when it was written, in seconds since 1970 by the store's own clock; None where it does
    not say.
    """

    key: str
    size: int
    tag: str
    modified: float | None = field(default=None, compare=False)


class ObjectStore(Protocol):
    """A bucket."""

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """List the objects whose keys begin with `prefix` (empty, or ending in ``/``), streamed in order."""
        ...

    def info(self, key: str) -> ObjectInfo | None:
        """Look at one object; None where there is none."""
        ...

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Read an object, or `length` bytes of it from `start` (fewer at its end)."""
        ...

    def write(
        self, key: str, content: bytes | memoryview, only_new: bool = False, replaces: str = ""
    ) -> bool:
        """Write an object in one request, or return False.

        False where there is one already and it must be `only_new`, or where the one that is there has
        another tag than `replaces`, if that is given.
        """
        ...

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        ...


def open_store(place: Place) -> ObjectStore:
    """Open a bucket, under the time limits in force; one client serves a process.

    Raises
    ------
    UsageError
        When the scheme is unknown, or the package for it is missing.
    """
    return _open(place, time_limits().store, os.getpid())


def every_page(
    page: Callable[[str | None], tuple[list[ObjectInfo], str | None]],
) -> Iterator[ObjectInfo]:
    """List page by page, one being all that is ever held; each gives what leads to the next, or None."""
    token: str | None = None
    while True:
        found, token = page(token)
        yield from found
        if not token:
            return


@lru_cache(maxsize=16)  # by process too: connections must not be shared with a forked one
def _open(place: Place, policy: RetryPolicy, _: int) -> ObjectStore:
    adapter = _ADAPTERS.get(place.scheme)
    if adapter is None:
        raise UsageError(
            f"{place.scheme}:// is no kind of place that is known; give a path of this machine, "
            "or s3://, gs:// or az://BUCKET/PREFIX."
        )
    try:
        return import_module(f"photoclust.storage.{adapter}").connect(place, policy)
    except ImportError as error:
        package = error.name or "a package"
        extra = _EXTRAS.get(package.partition(".")[0], place.scheme)
        raise UsageError(
            f"{place.scheme}:// needs the package {package}, which is not installed: "
            f"pip install 'photoclust[{extra}]'."
        ) from error
