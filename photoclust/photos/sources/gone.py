"""Whether a photo that was known is gone, or only out of reach, which is another thing."""

from __future__ import annotations

import stat
from functools import lru_cache
from pathlib import Path

from photoclust.errors import ObjectStoreError, UsageError
from photoclust.photo_refs import PhotoRef
from photoclust.photos.sources import buckets, files
from photoclust.photos.sources.pages import pages
from photoclust.records import container_of, local_path, page_of
from photoclust.storage.uris import is_object_uri


def is_gone(uri: str) -> bool:
    """Tell whether there is no photo at a uri; false where it cannot be reached.

    Of a member of an archive or a table it is asked only when a listing did not name it. So it is gone unless
    that listing ended early.
    """
    container = container_of(uri)
    if container is None:
        return _is_object_gone(uri) if is_object_uri(uri) else _is_file_gone(uri)
    if is_gone(container):
        return True
    if page_of(uri):
        return _is_page_gone(container, uri)
    archive = buckets.look_at(container) if is_object_uri(container) else _file(container)
    return _is_whole(archive)


def _is_page_gone(container: str, uri: str) -> bool:
    try:
        return all(ref.uri != uri for ref in pages(_file(container)))
    except (OSError, ValueError):
        return False


def _is_file_gone(uri: str) -> bool:
    try:
        return stat.S_ISDIR(Path(local_path(uri)).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False


def _is_object_gone(uri: str) -> bool:
    try:
        store, key = buckets.opened(uri)
        return store.info(key) is None
    except (ObjectStoreError, UsageError):
        return False


def _file(uri: str) -> PhotoRef:
    path = local_path(uri)
    return files.reference(path, files.status_of(path))


@lru_cache(maxsize=64)
def _is_whole(archive: PhotoRef) -> bool:
    """Tell whether a container can be listed to its end."""
    from photoclust.photos.sources.references import members

    try:
        return all(ref.uri != archive.uri for ref in members(archive, None, by_name=False))
    except UsageError:
        return False
