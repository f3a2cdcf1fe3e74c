"""Google Cloud Storage, Azure and their like, through fsspec and the package it names for each.

Credentials are found as those packages find them. A listing goes folder by folder, so it needs the memory of
the largest one; an endpoint override is passed on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import fsspec

from photoclust.errors import ObjectStoreError
from photoclust.objects.patience import Patience, TransientError, patiently
from photoclust.objects.store import ObjectInfo
from photoclust.objects.uris import Place

Answer = TypeVar("Answer")
_TAGS = ("etag", "ETag", "md5Hash", "content_md5", "generation", "last_modified", "mtime", "created")
_ENDPOINT = {"gs": "endpoint_url", "gcs": "endpoint_url", "az": "account_host", "abfs": "account_host"}


def connect(place: Place, patience: Patience) -> GenericStore:
    """Open a bucket or container."""
    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if endpoint := place.option("endpoint_override"):
        options[_ENDPOINT[place.scheme]] = endpoint
    if place.option("anonymous"):
        options |= {"token": "anon"} if place.scheme in ("gs", "gcs") else {"anon": True}
    try:
        filesystem = fsspec.filesystem(place.scheme, **options)
    except ValueError as error:  # adlfs wants an account
        raise ObjectStoreError(_line(error)) from error
    return GenericStore(filesystem, place.bucket, patience)


class GenericStore:
    """A bucket of any fsspec file system: see `photoclust.objects.store.ObjectStore`."""

    def __init__(self, filesystem: Any, bucket: str, patience: Patience) -> None:
        self.filesystem = filesystem
        self.bucket = bucket
        self.patience = patience

    def _path(self, key: str) -> str:
        return f"{self.bucket}/{key}".rstrip("/")

    def _key(self, entry: dict[str, Any]) -> str:
        return entry["name"].strip("/").removeprefix(self.bucket).lstrip("/")

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """List folder by folder, depth first, each in order."""
        waiting: list[dict[str, Any]] = [{"name": self._path(prefix), "type": "directory"}]
        while waiting:
            entry = waiting.pop()
            if entry["type"] != "directory":
                yield self._info(entry)
                continue
            inside = self._ask(lambda path=entry["name"]: self.filesystem.ls(path, detail=True))
            inside = [found for found in inside if found["name"].strip("/") != entry["name"].strip("/")]
            waiting.extend(sorted(inside, key=_order, reverse=True))

    def _info(self, entry: dict[str, Any]) -> ObjectInfo:
        tag = next((str(entry[name]) for name in _TAGS if entry.get(name)), "")
        return ObjectInfo(self._key(entry), int(entry["size"] or 0), tag.strip('"'))

    def info(self, key: str) -> ObjectInfo | None:
        """Look at one object."""
        try:
            entry = self._ask(lambda: self.filesystem.info(self._path(key)))
        except FileNotFoundError:
            return None
        return None if entry["type"] == "directory" else self._info(entry)

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Read an object or a part of it."""
        end = None if length is None else start + length
        try:
            return self._ask(lambda: self.filesystem.cat_file(self._path(key), start=start or None, end=end))
        except FileNotFoundError as error:
            raise ObjectStoreError("the object is missing") from error

    def write(self, key: str, content: bytes | memoryview, only_new: bool = False) -> bool:
        """Write an object in one request."""
        mode = "create" if only_new else "overwrite"
        try:
            self._ask(lambda: self.filesystem.pipe_file(self._path(key), bytes(content), mode=mode))
        except FileExistsError:
            return False
        return True

    def delete(self, key: str) -> None:
        """Delete an object."""
        try:
            self._ask(lambda: self.filesystem.rm_file(self._path(key)))
        except FileNotFoundError:
            return

    def _ask(self, request: Callable[[], Answer]) -> Answer:
        def translated() -> Answer:
            try:
                return request()
            except (FileNotFoundError, FileExistsError):
                raise
            except Exception as error:  # each package has errors of its own
                raise _explained(error) from error

        return patiently(translated, self.patience)


def _order(entry: dict[str, Any]) -> str:
    """Sort folders as their contents would sort."""
    return entry["name"] + ("/" if entry["type"] == "directory" else "")


def _explained(error: Exception) -> Exception:
    found = (str(getattr(error, name, "")) for name in ("status", "status_code", "code"))
    status = next((int(text) for text in found if text.isdecimal()), 0)
    if status == 429 or status >= 500:
        return TransientError(f"the store said {status}")
    if isinstance(error, PermissionError) or status in (401, 403):
        return ObjectStoreError("the store refuses access; check the credentials and their rights")
    if isinstance(error, ConnectionError | TimeoutError) or "Connect" in type(error).__name__:
        return TransientError("the store cannot be reached", unreachable=True)
    return ObjectStoreError(_line(error))


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
