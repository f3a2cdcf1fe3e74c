"""Indexes whose folder is a working copy of one that lies elsewhere.

The store works on folders. Whoever keeps an index elsewhere registers its working copy here, and is then
asked for the lock and told when something is finished.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol


class Original(Protocol):
    """Where the index lies that a folder is a working copy of."""

    @property
    def uri(self) -> str:
        """How the user names it."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Be the only writer anywhere, with the folder up to date; at the end it has what the folder has."""
        ...

    def written(self) -> None:
        """Take over what is new, changed or gone in the folder."""
        ...


_originals: dict[Path, Original] = {}


@contextmanager
def working_copy(folder: Path, original: Original) -> Generator[None]:
    """Let `folder` be a working copy of `original` within the context."""
    _originals[folder] = original
    try:
        yield
    finally:
        _originals.pop(folder)


def elsewhere(folder: Path) -> bool:
    """Whether `folder` is a working copy."""
    return folder in _originals


def held(folder: Path) -> AbstractContextManager[None]:
    """Hold the original of `folder`, if there is one."""
    original = _originals.get(folder)
    return original.held() if original else nullcontext()


def written(folder: Path) -> None:
    """Say that something in `folder` is finished."""
    if original := _originals.get(folder):
        original.written()


def called(folder: Path) -> str:
    """How the user names the index in `folder`: by the URI of its original, or by the absolute path."""
    original = _originals.get(folder)
    return original.uri if original else str(folder.absolute())
