"""The working copy of an index in an object store, and what is known of each of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from photoclust.errors import IndexStoreError
from photoclust.index import files
from photoclust.index.remote.order import HEAD, is_ours, stamp

Known = dict[str, list[Any]]
"""Of each file the object's tag, and the file's size and time, when they were last the same."""


class WorkingCopy:
    """The folder CACHE/indexes/HASH/NAME, with the state and the lock beside it.

    Parameters
    ----------
    folder
        The working copy, an index as any other.
    uri
        What it is a copy of.
    """

    def __init__(self, folder: Path, uri: str) -> None:
        self.folder, self.uri = folder, uri
        for place in (folder.parent.parent, folder.parent, folder):
            files.make_folder(place)
        self._state = folder.parent / "state.json"

    def files(self) -> list[tuple[str, Path]]:
        """Names and paths of the files that belong to the index."""
        found = ((path.relative_to(self.folder).as_posix(), path) for path in self.folder.rglob("*"))
        return [
            (name, path) for name, path in found if is_ours(name) and path.is_file() and not path.is_symlink()
        ]

    def stamp(self, name: str) -> list[int] | None:
        """Size and time of a file, if it is there."""
        return stamp(self.folder / name)

    def head(self) -> bytes | None:
        """What makes it an index, if it is one yet."""
        head = self.folder / HEAD
        return head.read_bytes() if head.is_file() else None

    def remembered(self) -> Known:
        """What was known of each file; nothing where that cannot be read, so that all is fetched anew."""
        try:
            state = files.read_json(self._state)
        except (OSError, IndexStoreError):
            return {}
        return state.get("files", {}) if state.get("uri") == self.uri else {}

    def remember(self, known: Known) -> None:
        """Keep what is known of each file."""
        files.write_json(self._state, {"uri": self.uri, "files": dict(known)})

    def sync_lock(self) -> FileLock:
        """For one process at a time, which fetches or writes."""
        return FileLock(self.folder.parent / "sync.lock", mode=0o600)

    def is_being_written(self) -> bool:
        """Whether it is a writer that has the lock for fetching, and not another reader."""
        writing = FileLock(self.folder / ".lock", mode=0o600)
        try:
            writing.acquire(timeout=0)
        except Timeout:
            return True
        writing.release()
        return False
