"""Whether a photo that could not be read is the only one, or all photos went out of reach with it.

A drive that is pulled out, a share that is gone or a bucket that refuses says nothing about any photo in it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from photoclust.errors import ObjectStoreError, SourceLostError, UsageError
from photoclust.photos.sources import buckets, files
from photoclust.photos.sources.bounded import BoundedFile, within
from photoclust.records import container_of, local_path
from photoclust.storage.retry import TransientError, at_the_door
from photoclust.storage.uris import is_object_uri, parse_uri

MANY = 10
"""Failures in succession after which a photo that could be read before is read again, as a test."""


class Roots:
    """The folders, buckets and archives that a run reads from, as they were when it began.

    Parameters
    ----------
    prefixes
        What the uris of the photos in each begin with.
    """

    def __init__(self, prefixes: Sequence[str]) -> None:
        self._devices = {prefix: _device(prefix) for prefix in prefixes}
        self._readable: dict[str, str] = {}

    def root(self, uri: str) -> str:
        """What the uri of a photo begins with: the longest of the prefixes, or its folder."""
        found = [prefix for prefix in self._devices if uri.startswith(prefix)]
        place = container_of(uri) or uri
        return max(found, key=len, default=place.rpartition("/")[0] + "/")

    def was_read(self, uri: str) -> None:
        """Take note of a photo that could be read."""
        self._readable[self.root(uri)] = uri

    def require(self, uri: str, in_succession: int, reason: str) -> None:
        """Make sure that others can be read where a photo could not.

        Parameters
        ----------
        uri
            Of the photo.
        in_succession
            How many could not be read since one could.
        reason
            Why it could not be read.

        Raises
        ------
        SourceLostError
            The place itself is not there, or what could be read before cannot be any more.
        """
        root, listed = self.root(uri), self._devices
        if is_object_uri(uri):
            lost = _is_store_lost(uri, root, root in listed)
        else:
            lost = _is_lost(root, listed.get(root))
        if lost:
            raise _lost(root, reason)
        witness = self._readable.get(root)
        if in_succession >= MANY and witness and not _is_readable(witness):
            raise _lost(root, reason)


def _lost(root: str, reason: str) -> SourceLostError:
    place = local_path(root.removesuffix("!/"))
    return SourceLostError(
        f"{place.rstrip('/') or '/'} can no longer be read ({reason}); is a drive or a network share gone? "
        "What was finished is kept, and nothing is noted of the other photos. Try again when it is "
        "back."
    )


def require_there(prefixes: Sequence[str]) -> None:
    """Make sure that the folders that were searched are still there.

    Raises
    ------
    SourceLostError
        One is not.
    """
    for prefix in prefixes:
        if not is_object_uri(prefix) and not Path(_path(prefix)).exists():
            raise _lost(prefix, "it is not there")


def _path(prefix: str) -> str:
    return local_path(prefix.removesuffix("!/"))


def _device(prefix: str) -> int | None:
    status = None if is_object_uri(prefix) else files.status_of(_path(prefix))
    return status.st_dev if status else None


def _is_lost(root: str, device: int | None) -> bool:
    """Tell whether a folder or archive is not the one it was; an empty folder is where a drive has been."""
    try:
        return within(lambda: _is_folder_lost(root, device))
    except (OSError, ValueError):
        return True


def _is_folder_lost(root: str, device: int | None) -> bool:
    status = Path(_path(root)).stat()
    if device not in (None, status.st_dev):
        return True
    if not stat.S_ISDIR(status.st_mode):
        return False
    with os.scandir(_path(root)) as entries:
        return next(entries, None) is None


def _is_store_lost(uri: str, root: str, listed: bool) -> bool:
    """Tell whether a bucket has stopped answering, or a listing that was allowed is refused or empty.

    Where nothing was listed, as not everybody may, a refusal may be for this one object.
    """
    try:
        store, key = buckets.opened(container_of(uri) or uri)
        with at_the_door():
            if listed and not root.endswith("!/"):
                return next(iter(store.objects(parse_uri(root)[1])), None) is None
            return store.info(key) is None and listed
    except ObjectStoreError as error:
        return listed or isinstance(error.__cause__, TransientError)
    except (FileNotFoundError, UsageError):
        return listed


def _is_readable(uri: str) -> bool:
    """Tell whether the first byte of a photo, or of the archive it lies in, can be read."""
    place = container_of(uri) or uri
    try:
        if is_object_uri(place):
            store, key = buckets.opened(place)
            return len(store.read(key, 0, 1)) > 0
        with BoundedFile(local_path(place)) as file:
            return len(file.read(1)) > 0
    except (ObjectStoreError, UsageError, OSError, ValueError):
        return False
