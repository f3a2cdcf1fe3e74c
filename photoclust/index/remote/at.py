"""`at`: the place to work in, wherever the index lies."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import blake2b
from pathlib import Path

from photoclust.errors import IndexCorruptError, IndexStoreError, UsageError
from photoclust.index import files
from photoclust.index.place import IndexPlace
from photoclust.index.prepared import drop_stale
from photoclust.index.remote.mirror import Mirror
from photoclust.records import printable
from photoclust.storage.object_store import open_store
from photoclust.storage.places import cache_dir
from photoclust.storage.retry import at_the_door
from photoclust.storage.uris import is_object_uri, parse_uri
from photoclust.types import Advance, Progress


def _silent(_: int) -> AbstractContextManager[Advance]:
    return nullcontext(lambda _: None)


@contextmanager
def at(location: str, progress: Progress = _silent, job: str = "") -> Generator[IndexPlace]:
    """Place of the index at `location`: the path itself, or for a URI a working copy, brought up to date.

    Parameters
    ----------
    location
        A folder, or ``s3://BUCKET/PREFIX`` and its like. A folder that is a working copy stands for its URI.
    progress, job
        See `Mirror`.

    Raises
    ------
    UsageError
        The URI means nothing, or no path can be like this.
    ObjectStoreError
        The store cannot be read.
    """
    if "\0" in location:  # what Python says of it is a ValueError, which is no error of ours
        raise UsageError(f"{printable(location)!r} is no path: it holds a NUL character.")
    uri = _uri_of(location)
    if uri is None:
        yield IndexPlace(Path(location))
        return
    place, key = parse_uri(uri)
    key = key.strip("/")
    uri = place.uri(key)
    mark = blake2b(uri.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
    name = re.sub(r"[^\w-]", "_", key.rpartition("/")[2] or place.bucket)[:60]
    folder = cache_dir().absolute() / "indexes" / mark / name
    with at_the_door():
        mirror = Mirror(open_store(place), f"{key}/" if key else "", uri, folder, progress, job)
        mirror.fetch()
        drop_stale(folder)
    with _called(uri, folder), _fetched_again(mirror):
        yield IndexPlace(folder, mirror)


@contextmanager
def _fetched_again(mirror: Mirror) -> Generator[None]:
    """Blame the working copy first: the index itself may be whole."""
    try:
        yield
    except IndexCorruptError as error:
        mirror.distrust()
        raise IndexCorruptError(
            "The working copy of an index is damaged, and will be fetched again: try again. If it "
            f"says the same, what is stored is damaged. {error}"
        ) from error


def _uri_of(location: str) -> str | None:
    if is_object_uri(location):
        return location
    if "://" in location:
        raise UsageError(f"{location} is no index: name its folder, or s3://, gs:// or az://BUCKET/PREFIX.")
    folder = Path(location).absolute()
    if folder.parent.parent != cache_dir().absolute() / "indexes":
        return None
    try:
        return str(files.read_json(folder.parent / "state.json")["uri"])
    except (OSError, KeyError, IndexStoreError):
        return None


@contextmanager
def _called(uri: str, folder: Path) -> Generator[None]:
    """Let errors name the index as the user does."""
    try:
        yield
    except IndexStoreError as error:
        error.args = tuple(str(part).replace(str(folder), uri) for part in error.args)
        raise
