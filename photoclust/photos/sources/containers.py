"""Files that hold photos, opened as streams wherever they lie.

What lies far away is read in blocks as it is needed. What is compressed can only be read forwards, so one
such stream is kept open for the next member; members of one archive come in order.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, Any, cast

from photoclust.errors import ObjectStoreError, PhotoclustError, PhotoError
from photoclust.photo_refs import PhotoRef
from photoclust.photos.sources.bounded import BoundedFile
from photoclust.photos.sources.buckets import opened
from photoclust.photos.sources.files import read_reason
from photoclust.records import local_path
from photoclust.storage.object_store import ObjectStore
from photoclust.storage.uris import is_object_uri

_BLOCK = 1024**2
_GZIP = b"\x1f\x8b"  # RFC 1952
_TRUSTED_BYTES, _MOST_EXPANSION = 256 * 1024**2, 100


class _Object(io.RawIOBase):
    """An object as a file."""

    def __init__(self, store: ObjectStore, key: str, size: int) -> None:
        self.store, self.key, self.size, self.position = store, key, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        self.position = max(0, base + offset)
        return self.position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self.size - self.position)
        if wanted <= 0:
            return 0
        content = self.store.read(self.key, self.position, wanted)
        buffer[: len(content)] = content
        self.position += len(content)
        return len(content)


class _Gzip(gzip.GzipFile):
    """A compressed stream that refuses to become absurdly larger than it was."""

    def __init__(self, raw: IO[bytes]) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self.raw_file = raw

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        position = self.tell()
        if position > _TRUSTED_BYTES and position > _MOST_EXPANSION * self.raw_file.tell():
            raise OSError(f"it expands more than {_MOST_EXPANSION}-fold, as no archive of photos does")
        return content

    def close(self) -> None:
        super().close()
        self.raw_file.close()


def open_container(uri: str, size: int) -> IO[bytes]:
    """Open a local file or an object of `size` bytes for reading in any order."""
    if is_object_uri(uri):
        store, key = opened(uri)
        return cast(IO[bytes], io.BufferedReader(_Object(store, key, size), _BLOCK))
    file = BoundedFile(local_path(uri))
    if not file.size:
        file.close()
        raise OSError("the archive is damaged (empty file)")
    return cast(IO[bytes], io.BufferedReader(file, _BLOCK))


def open_archive(uri: str, size: int) -> IO[bytes]:
    """Open a container, decompressed where it is compressed, whatever its name says."""
    file = open_container(uri, size)
    begins = file.read(2)
    file.seek(0)
    return cast(IO[bytes], _Gzip(file)) if begins == _GZIP else file


@contextmanager
def refusing() -> Generator[None]:
    """Turn what goes wrong with a container into a reason.

    Raises
    ------
    PhotoError
        Stage ``read``.
    """
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise PhotoError("read", "the archive is damaged") from error
    except (PhotoclustError, MemoryError) as error:
        if isinstance(error, ObjectStoreError):
            raise PhotoError("read", str(error)) from error
        raise
    except Exception as error:  # what tarfile and Arrow raise on hostile files is not documented
        reason = read_reason(error) if isinstance(error, OSError) and error.errno else str(error)
        line = next(iter(reason.splitlines()), "")[:200]
        raise PhotoError("read", line or "the archive is damaged") from error


def read_member(container: str, ref: PhotoRef) -> bytes:
    """Bytes of a member of a tar; its version says where it lies.

    Raises
    ------
    PhotoError
        Stage ``read``.
    """
    of_container = ref.version.value
    offset, length = int(ref.version.place), ref.size
    with refusing():
        if _is_compressed(container, of_container):
            return _read_forwards(container, of_container, offset, length)
        if is_object_uri(container):
            store, key = opened(container)
            return store.read(key, offset, length)
        with open_container(container, 0) as file:
            file.seek(offset)
            return file.read(length)


@lru_cache(maxsize=1024)
def _is_compressed(container: str, _: str) -> bool:
    with open_container(container, len(_GZIP)) as file:
        return file.read(2) == _GZIP


def _read_forwards(container: str, version: str, offset: int, length: int) -> bytes:
    stream = _stream(container, version)
    try:
        if offset < stream.tell():
            raise EOFError
        stream.seek(offset)
        return stream.read(length)
    except (OSError, EOFError):
        _stream.cache_clear()  # it is behind the member, or broken
        stream = _stream(container, version)
        stream.seek(offset)
        return stream.read(length)


@lru_cache(maxsize=1)
def _stream(container: str, _: str) -> IO[bytes]:
    return open_archive(container, size_of(container))


def size_of(uri: str) -> int:
    """Bytes of an object; 0 for a local file, which need not be told."""
    if not is_object_uri(uri):
        return 0
    store, key = opened(uri)
    found = store.info(key)
    if found is None:
        raise ObjectStoreError("the object is missing")
    return found.size
