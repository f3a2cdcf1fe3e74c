"""Azure Blob Storage, through its own client.

``AZURE_STORAGE_CONNECTION_STRING``, or ``AZURE_STORAGE_ACCOUNT`` with ``AZURE_STORAGE_KEY`` or
``AZURE_STORAGE_SAS_TOKEN``, say where and as whom, as for Azure's command line. Without a key or a token the
usual chain does (environment, managed identity, ``az login``). The client's own retries are off, as ours are
counted; only where an answer breaks off it asks again by itself, up to twice.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from azure.core import MatchConditions
from azure.core import exceptions as azure
from azure.core.utils import parse_connection_string
from azure.identity import DefaultAzureCredential
from azure.storage.blob import ContainerClient

from photoclust.errors import CredentialsExpiredError, ObjectStoreError
from photoclust.limits import RetryPolicy
from photoclust.storage.object_store import EXPECTED, ObjectInfo, every_page, not_understood
from photoclust.storage.retry import TransientError, with_retries
from photoclust.storage.uris import Place

Answer = TypeVar("Answer")
_PAGE = 1000
_ONE_REQUEST = 256 * 1024**2  # bytes that are read or written at once; parts of an index are of some 16 MB
_HOW = (
    "set AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, or AZURE_STORAGE_CONNECTION_STRING, or run `az login`"
)
_SAY_EXPIRED = ("expired", "signature not valid in the specified time frame")


def connect(place: Place, policy: RetryPolicy) -> AzureStore:
    """Open a container."""
    options: dict[str, Any] = {
        "retry_total": 0,
        "connection_timeout": policy.connect,
        "read_timeout": policy.read,
        "max_single_put_size": _ONE_REQUEST,
        "max_single_get_size": _ONE_REQUEST,
    }
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # it logs what we put into a sentence
    container, _, host = place.bucket.partition("@")  # abfs://CONTAINER@ACCOUNT.dfs.core.windows.net
    with _translated(container):
        string = _setting("CONNECTION_STRING")
        endpoint = place.option("endpoint_override") or (
            f"https://{host.replace('.dfs.', '.blob.')}" if host else ""
        )
        if string and not endpoint and not place.is_anonymous:
            client = ContainerClient.from_connection_string(string, container, **options)
        else:
            client = ContainerClient(endpoint or _account_url(), container, _credential(place), **options)
    return AzureStore(client, policy)


def _setting(*names: str) -> str | None:
    # credentials, from the variables that Azure's command line reads; clients of other stores read theirs
    return next((value for name in names if (value := os.environ.get(f"AZURE_STORAGE_{name}"))), None)


def _account_url() -> str:
    account = _setting("ACCOUNT", "ACCOUNT_NAME")
    if not account:
        raise ObjectStoreError(f"the storage account is not known; {_HOW}")
    return f"https://{account}.blob.core.windows.net"


def _credential(place: Place) -> Any:
    if place.is_anonymous:
        return None
    string = _setting("CONNECTION_STRING")
    told = parse_connection_string(string, case_sensitive_keys=True) if string else {}
    account = told.get("AccountName") or _setting("ACCOUNT", "ACCOUNT_NAME")
    if key := told.get("AccountKey") or _setting("KEY", "ACCOUNT_KEY"):
        return {"account_name": account, "account_key": key} if account else key
    return _setting("SAS_TOKEN") or DefaultAzureCredential()


class AzureStore:
    """A container of Azure Blob Storage: see `photoclust.storage.object_store.ObjectStore`."""

    def __init__(self, client: ContainerClient, policy: RetryPolicy) -> None:
        self.client = client
        self.policy = policy

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """List a page at a time; the store gives them in order."""
        return every_page(lambda token: self._ask(lambda: self._page(prefix, token)))

    def _page(self, prefix: str, token: str | None) -> tuple[list[ObjectInfo], str | None]:
        found: Any = self.client.list_blobs(name_starts_with=prefix or None, results_per_page=_PAGE)
        pages = found.by_page(continuation_token=token)
        page = [_info(blob) for blob in next(pages, ())]
        return page, pages.continuation_token

    def info(self, key: str) -> ObjectInfo | None:
        """Look at one object."""
        try:
            return _info(self._ask(self.client.get_blob_client(key).get_blob_properties))
        except FileNotFoundError:
            return None

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Read an object or a part of it."""
        part: dict[str, Any] = {"offset": start, "length": length} if start or length is not None else {}
        try:
            return self._ask(lambda: self.client.download_blob(key, **part).readall())
        except FileNotFoundError as error:
            raise ObjectStoreError("the object is missing") from error
        except EOFError:
            return b""

    def write(
        self, key: str, content: bytes | memoryview, only_new: bool = False, replaces: str = ""
    ) -> bool:
        """Write an object in one request, or return False."""
        condition: dict[str, Any] = {"overwrite": not only_new}
        try:
            if replaces:
                there = self._ask(self.client.get_blob_client(key).get_blob_properties)
                if _info(there).tag != replaces:
                    return False
                condition |= {"etag": there.etag, "match_condition": MatchConditions.IfNotModified}
            self._ask(lambda: self.client.upload_blob(key, bytes(content), **condition))
        except (FileExistsError, FileNotFoundError):
            return False
        return True

    def delete(self, key: str) -> None:
        """Delete an object."""
        try:
            self._ask(lambda: self.client.delete_blob(key))
        except FileNotFoundError:
            return

    def _ask(self, request: Callable[[], Answer]) -> Answer:
        def translated() -> Answer:
            with _translated(self.client.container_name):
                return request()

        return with_retries(translated, self.policy)


def _info(blob: Any) -> ObjectInfo:
    content = getattr(blob.content_settings, "content_md5", None)
    tag = bytes(content).hex() if content else str(blob.etag).strip('"')
    modified = blob.last_modified.timestamp() if blob.last_modified else None
    return ObjectInfo(blob.name, blob.size or 0, tag, modified)


@contextmanager
def _translated(container: str) -> Generator[None]:
    """Turn what the client raises into an error of ours: one that may pass, or a reason."""
    try:
        yield
    except azure.ClientAuthenticationError as error:
        if error.status_code is None:
            raise ObjectStoreError(f"there are no usable credentials; {_HOW}") from error
        raise _answered(error, container) from error
    except azure.ServiceRequestError as error:
        raise TransientError("the endpoint cannot be reached", unreachable=True) from error
    except (azure.ServiceResponseError, azure.IncompleteReadError, azure.StreamConsumedError) as error:
        raise TransientError("the connection broke off") from error
    except azure.HttpResponseError as error:
        raise _answered(error, container) from error
    except (azure.AzureError, ValueError) as error:
        raise ObjectStoreError(_line(error)) from error
    except EXPECTED:
        raise
    except Exception as error:  # the client takes answers to be complete: what lacks a field is a KeyError
        raise not_understood(error) from error


def _answered(error: azure.HttpResponseError, container: str) -> Exception:
    status, code = error.status_code or 0, _code(error)
    if not status:
        return TransientError("the connection broke off")
    if status in (408, 429) or (status >= 500 and status != 501):
        return TransientError(f"the store said {status} {code}".strip())
    if code == "ContainerNotFound":
        return ObjectStoreError(f"there is no container {container!r}; check its name and the account")
    if code in ("InvalidResourceName", "OutOfRangeInput"):
        return ObjectStoreError(f"{container!r} is not a name that a container can have")
    if code == "BlobAlreadyExists" or status == 412:
        return FileExistsError(code)
    if status == 404:
        return FileNotFoundError(code)
    if status == 416:  # a part that begins at the end or behind it
        return EOFError(code)
    if status in (401, 403) and any(word in str(error).lower() for word in _SAY_EXPIRED):
        return CredentialsExpiredError()
    if status in (401, 403):
        return ObjectStoreError(
            f"the store refuses access ({status} {code}); check the credentials and their rights"
        )
    return ObjectStoreError(f"the store said {status} {code}: {_line(error)}")


def _code(error: azure.HttpResponseError) -> str:
    code: Any = getattr(error, "error_code", None) or ""
    return str(getattr(code, "value", code))


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
