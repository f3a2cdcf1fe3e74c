"""The files of an index as objects of a store, by the names they have in a working copy."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from photoclust.errors import IndexFormatError, IndexLockedError, ObjectStoreError
from photoclust.index.remote.order import HEAD, is_ours
from photoclust.storage.object_store import ObjectInfo, ObjectStore
from photoclust.storage.whole import read_whole


class StoredFiles:
    """What lies under `prefix`; parameters are those of `photoclust.index.remote.mirror.Mirror`."""

    def __init__(self, store: ObjectStore, prefix: str, uri: str) -> None:
        self.store, self.prefix, self.uri = store, prefix, uri

    def listed(self) -> dict[str, ObjectInfo]:
        """List what lies there, by name; without names that could not be files of an index."""
        try:
            found = [
                (entry.key.removeprefix(self.prefix), entry) for entry in self.store.objects(self.prefix)
            ]
        except FileNotFoundError:  # a store with real folders
            return {}
        return {name: entry for name, entry in found if is_ours(name)}

    def require_index(self, there: dict[str, ObjectInfo]) -> None:
        """Make sure that what lies there is an index, or nothing.

        Raises
        ------
        IndexFormatError
            It is something else.
        """
        if there and HEAD not in there:
            raise IndexFormatError(
                f"{self.uri} holds no index but other objects, {min(there)!r} for one; "
                "choose a new prefix for the index."
            )

    def info(self, name: str) -> ObjectInfo | None:
        """Look at one file; None where there is none."""
        return self.store.info(self.prefix + name)

    def read(self, name: str) -> bytes:
        """Read a file."""
        return self.store.read(self.prefix + name)

    def content(self, found: ObjectInfo) -> bytes | None:
        """Read a file that was listed; None where it was deleted since."""
        try:
            return read_whole(self.store, found)
        except ObjectStoreError:
            if self.store.info(found.key) is None:
                return None
            raise

    def put(self, name: str, content: bytes, known: str) -> str | None:
        """Write a file and give its tag, unless the one there has another tag than `known`; empty for none.

        So whoever slept through the end of the lease changes nothing that somebody else has written since.

        Raises
        ------
        IndexLockedError
            Somebody else has written it.
        """
        key = self.prefix + name
        written = self.store.write(key, content, only_new=not known, replaces=known)
        if not written and not self._is_there(key, content):
            raise IndexLockedError(
                f"Somebody else has written {self.uri}/{name}; nothing more is written. Try again."
            )
        found = self.store.info(key)
        return found.tag if found else None

    def _is_there(self, key: str, content: bytes) -> bool:
        """Whether an object has this content: of a put whose answer was lost, or of another machine's."""
        return self.store.info(key) is not None and self.store.read(key) == content

    def delete(self, name: str) -> None:
        """Delete a file."""
        self.store.delete(self.prefix + name)

    @contextmanager
    def explained(self) -> Generator[None]:
        """Let what the store raises name the index."""
        try:
            yield
        except ObjectStoreError as error:
            raise ObjectStoreError(f"The index {self.uri} cannot be read: {error}.") from error
