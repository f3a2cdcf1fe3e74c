"""Google Cloud Storage, through its own client.

The client finds credentials as Google's tools do (``GOOGLE_APPLICATION_CREDENTIALS``, ``gcloud auth``, the
account of the machine), and heeds ``STORAGE_EMULATOR_HOST``. Its own retries are off: ours are counted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from google.cloud.storage.exceptions import DataCorruption

from photoclust.errors import CredentialsExpiredError, ObjectStoreError
from photoclust.limits import RetryPolicy
from photoclust.storage.object_store import EXPECTED, ObjectInfo, every_page, not_understood
from photoclust.storage.retry import TransientError, with_retries
from photoclust.storage.uris import Place

Answer = TypeVar("Answer")
_PAGE = 1000
_FIELDS = "items(name,size,md5Hash,generation,updated),nextPageToken"
_NO_METADATA_FOR_TRACES = "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"  # it comes by a thread of its own
_BROKEN_OFF = (requests.RequestException, ConnectionError, DataCorruption)


def connect(place: Place, policy: RetryPolicy) -> GoogleStore:
    """Open a bucket."""
    endpoint = place.option("endpoint_override")
    os.environ.setdefault(_NO_METADATA_FOR_TRACES, "true")
    credentials: Any = AnonymousCredentials() if place.is_anonymous else None
    with _translated(place.bucket):
        options = {"api_endpoint": endpoint} if endpoint else None
        client = Client(project=None, credentials=credentials, client_options=cast(Any, options))
    return GoogleStore(client, place.bucket, policy)


class GoogleStore:
    """A bucket of Google Cloud Storage: see `photoclust.storage.object_store.ObjectStore`."""

    def __init__(self, client: Client, bucket: str, policy: RetryPolicy) -> None:
        self.client = client
        self.bucket = client.bucket(bucket)
        self.policy = policy
        self.limits: dict[str, Any] = {"retry": None, "timeout": (policy.connect, policy.read)}

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """List a page at a time; the store gives them in order."""
        return every_page(lambda token: self._ask(lambda: self._page(prefix, token)))

    def _page(self, prefix: str, token: str | None) -> tuple[list[ObjectInfo], str | None]:
        found: Any = self.client.list_blobs(
            self.bucket, prefix=prefix, page_token=token, page_size=_PAGE, fields=_FIELDS, **self.limits
        )
        page = [_info(blob) for blob in next(found.pages, ())]
        return page, found.next_page_token

    def info(self, key: str) -> ObjectInfo | None:
        """Look at one object."""
        blob = self._ask(lambda: self.bucket.get_blob(key, **self.limits))
        return _info(blob) if blob else None

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Read an object or a part of it."""
        blob, end = self.bucket.blob(key), None if length is None else start + length - 1
        try:
            return self._ask(lambda: blob.download_as_bytes(start=start or None, end=end, **self.limits))
        except FileNotFoundError as error:
            raise ObjectStoreError("the object is missing") from error
        except EOFError:
            return b""

    def write(
        self, key: str, content: bytes | memoryview, only_new: bool = False, replaces: str = ""
    ) -> bool:
        """Write an object, or return False; it appears whole or not at all."""
        condition: dict[str, Any] = {"if_generation_match": 0} if only_new else {}
        if replaces:
            there = self._ask(lambda: self.bucket.get_blob(key, **self.limits))
            if there is None or _info(there).tag != replaces:
                return False
            condition = {"if_generation_match": there.generation}
        put = self.bucket.blob(key).upload_from_string
        try:
            self._ask(lambda: put(bytes(content), "application/octet-stream", **condition, **self.limits))
        except FileExistsError:
            return False
        except FileNotFoundError as error:
            raise _no_bucket(str(self.bucket.name)) from error
        return True

    def delete(self, key: str) -> None:
        """Delete an object."""
        try:
            self._ask(lambda: self.bucket.delete_blob(key, **self.limits))
        except FileNotFoundError:
            return

    def _ask(self, request: Callable[[], Answer]) -> Answer:
        def translated() -> Answer:
            with _translated(str(self.bucket.name)):
                return request()

        return with_retries(translated, self.policy)


def _info(blob: Any) -> ObjectInfo:
    tag = str(blob.md5_hash or blob.generation or "")
    return ObjectInfo(blob.name, blob.size or 0, tag, blob.updated.timestamp() if blob.updated else None)


@contextmanager
def _translated(bucket: str) -> Generator[None]:
    """Turn what the client raises into an error of ours: one that may pass, or a reason."""
    try:
        yield
    except api.GoogleAPICallError as error:
        raise _answered(error, bucket) from error
    except auth.DefaultCredentialsError as error:
        raise ObjectStoreError(
            "there are no usable credentials; set GOOGLE_APPLICATION_CREDENTIALS, run `gcloud auth "
            "application-default login`, or add ?anonymous=true for a public bucket"
        ) from error
    except auth.RefreshError as error:
        raise CredentialsExpiredError(f" or are not accepted ({_line(error)})") from error
    except (requests.ConnectTimeout, auth.TransportError) as error:
        raise TransientError("the store cannot be reached", unreachable=True) from error
    except _BROKEN_OFF as error:
        refused = "refused" in str(error) or "resolve" in str(error)
        reason = "the endpoint cannot be reached" if refused else "the connection broke off"
        raise TransientError(reason, unreachable=refused) from error
    except ValueError as error:
        raise ObjectStoreError(_line(error)) from error
    except EXPECTED:
        raise
    except Exception as error:  # the client takes answers to be complete: what lacks a field is a KeyError
        raise not_understood(error) from error


def _answered(error: api.GoogleAPICallError, bucket: str) -> Exception:
    status = int(error.code or 0)
    if status in (408, 429) or (status >= 500 and status != 501):
        return TransientError(f"the store said {status}")
    if status == 404:
        return (
            _no_bucket(bucket)
            if "/o?" in str(error) or "bucket does not exist" in str(error)
            else (FileNotFoundError(bucket))
        )
    if status == 412:
        return FileExistsError(bucket)
    if status == 416:
        return EOFError(bucket)
    if status == 401:
        return ObjectStoreError("the store does not accept these credentials (401)")
    if status == 403:
        return ObjectStoreError("the store refuses access (403); check the rights of these credentials")
    return ObjectStoreError(f"the store said {status}: {_line(error)}")


def _no_bucket(bucket: str) -> ObjectStoreError:
    return ObjectStoreError(f"there is no bucket {bucket!r}; check its name and the endpoint")


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
