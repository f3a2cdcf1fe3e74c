"""Where an index is worked on: a folder, which may be a working copy of an index that lies elsewhere.

`photoclust.index.remote.at.at` gives the place of what is named. A store that is opened there takes the lock
of the original too, and tells it when something is finished.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
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


@dataclass(frozen=True)
class IndexPlace:
    """A folder with an index, and the `original` that it is a working copy of, if it is one."""

    folder: Path
    original: Original | None = None

    @classmethod
    def of(cls, location: Location) -> IndexPlace:
        """Give the place that a folder is, unless it is a place already."""
        return location if isinstance(location, IndexPlace) else cls(Path(location))

    @property
    def called(self) -> str:
        """How the user names the index: by the URI of its original, or by the absolute path."""
        return self.original.uri if self.original else str(self.folder.absolute())

    def held(self) -> AbstractContextManager[None]:
        """Hold the original, if there is one."""
        return self.original.held() if self.original else nullcontext()

    def written(self) -> None:
        """Say that something in the folder is finished."""
        if self.original:
            self.original.written()


Location = str | Path | IndexPlace
"""A folder with an index, or its place."""
