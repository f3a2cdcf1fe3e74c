"""S3 and what speaks its protocol, through boto3.

boto3 brings the usual chain of credentials (environment, profiles, single sign-on, instance roles) and
``AWS_ENDPOINT_URL``. Its own retries are off: ours are counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from boto3.session import Session
from botocore import UNSIGNED
from botocore import exceptions as boto
from botocore.config import Config
from urllib3.exceptions import HTTPError

from photoclust.errors import CredentialsExpiredError, ObjectStoreError
from photoclust.limits import RetryPolicy
from photoclust.storage.object_store import EXPECTED, ObjectInfo, not_understood
from photoclust.storage.retry import TransientError, with_retries
from photoclust.storage.uris import Place

Answer = TypeVar("Answer")
_CHUNK = 1024**2

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"}
_UNKNOWN = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidClientTokenId"}
_ELSEWHERE = {
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "301",
    "IllegalLocationConstraintException",
}
_PASSING = {"SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "RequestLimitExceeded", "503"}
_THERE = {"PreconditionFailed", "ConditionalRequestConflict", "412"}
_UNREACHABLE = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError)
_BROKEN_OFF = (boto.HTTPClientError, boto.ResponseStreamingError, boto.IncompleteReadError, HTTPError)
_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.TokenRetrievalError,
)


def connect(place: Place, policy: RetryPolicy) -> S3Store:
    """Open a bucket."""
    config = Config(
        connect_timeout=policy.connect,
        read_timeout=policy.read,
        retries={"total_max_attempts": 1},
        signature_version=UNSIGNED if place.is_anonymous else None,
        request_checksum_calculation="when_required",  # the newer default breaks stores that lag behind AWS
        response_checksum_validation="when_required",
    )
    with _translated(place.bucket):
        session = Session()
        endpoint = place.option("endpoint_override")
        region = place.option("region") or session.region_name or "us-east-1"
        client = session.client("s3", region_name=region, endpoint_url=_url(endpoint), config=config)
    return S3Store(client, place.bucket, policy)


def _url(endpoint: str | None) -> str | None:
    return endpoint if not endpoint or "://" in endpoint else f"https://{endpoint}"


class S3Store:
    """A bucket of S3: see `photoclust.storage.object_store.ObjectStore`."""

    def __init__(self, client: Any, bucket: str, policy: RetryPolicy) -> None:
        self.client = client
        self.bucket = bucket
        self.policy = policy

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """List a thousand at a time, which is all that is ever held; the store gives them in order."""
        token: dict[str, str] = {}
        while True:
            page = self._ask(partial(self.client.list_objects_v2, Bucket=self.bucket, Prefix=prefix, **token))
            for found in page.get("Contents", ()):
                with _translated(self.bucket):
                    one = _info(found["Key"], found["Size"], found)
                yield one
            if not page.get("IsTruncated"):
                return
            with _translated(self.bucket):
                token = {"ContinuationToken": page["NextContinuationToken"]}

    def info(self, key: str) -> ObjectInfo | None:
        """Look at one object."""
        try:
            found = self._ask(lambda: self.client.head_object(Bucket=self.bucket, Key=key))
        except FileNotFoundError:
            return None
        with _translated(self.bucket):
            return _info(key, found["ContentLength"], found)

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Read an object or a part of it."""
        last = "" if length is None else start + length - 1
        part = {"Range": f"bytes={start}-{last}"} if start or length is not None else {}

        def request() -> bytes:
            answer = self.client.get_object(Bucket=self.bucket, Key=key, **part)
            with answer["Body"] as body:
                return self._drained(body, answer.get("ContentLength", 0), length)

        try:
            return self._ask(request)
        except FileNotFoundError as error:
            raise ObjectStoreError("the object is missing") from error
        except EOFError:
            return b""

    def _drained(self, body: Any, expected: int, most: int | None) -> bytes:
        """Everything that comes, unless it drips too slowly or ends too early."""
        began, content = time.monotonic(), bytearray()
        while chunk := body.read(_CHUNK):
            content += chunk
            if most is not None and len(content) >= most:
                return bytes(content[:most])
            if time.monotonic() - began > self.policy.request:
                raise TransientError("the answer took too long")
        if len(content) < expected:
            raise TransientError("the answer broke off")
        return bytes(content)

    def write(
        self, key: str, content: bytes | memoryview, only_new: bool = False, replaces: str = ""
    ) -> bool:
        """Write an object in one request or return False: see `photoclust.storage.object_store`."""
        condition = {"IfNoneMatch": "*"} if only_new else {"IfMatch": replaces} if replaces else {}
        put = partial(self.client.put_object, Bucket=self.bucket, Key=key, Body=bytes(content))
        try:
            self._ask(lambda: put(**condition))
        except FileExistsError:
            return False
        except FileNotFoundError:
            if not replaces:
                raise
            return False
        except _UnsupportedError:  # a store that lags behind AWS: look first, which leaves an instant
            if not replaces:
                raise
            if (found := self.info(key)) is None or found.tag != replaces:
                return False
            self._ask(put)
        return True

    def delete(self, key: str) -> None:
        """Delete an object."""
        self._ask(lambda: self.client.delete_object(Bucket=self.bucket, Key=key))

    def _ask(self, request: Callable[[], Answer]) -> Answer:
        def translated() -> Answer:
            with _translated(self.bucket):
                return request()

        return with_retries(translated, self.policy)


class _UnsupportedError(ObjectStoreError):
    """The store does not know what was asked of it."""


def _info(key: str, size: int, found: dict[str, Any]) -> ObjectInfo:
    modified = found.get("LastModified")
    return ObjectInfo(key, size, found["ETag"].strip('"'), modified.timestamp() if modified else None)


@contextmanager
def _translated(bucket: str) -> Generator[None]:
    """Turn what boto3 raises into an error of ours: one that may pass, or a reason."""
    try:
        yield
    except boto.ClientError as error:
        raise _answered(error, bucket) from error
    except _NO_CREDENTIALS as error:
        raise ObjectStoreError(
            f"there are no usable credentials ({_line(error)}); set AWS_PROFILE or AWS_ACCESS_KEY_ID, "
            "or add ?anonymous=true for a public bucket"
        ) from error
    except _UNREACHABLE as error:
        raise TransientError("the endpoint cannot be reached; check AWS_ENDPOINT_URL", True) from error
    except boto.ReadTimeoutError as error:
        raise TransientError("the store stopped answering") from error
    except _BROKEN_OFF as error:
        raise TransientError("the connection broke off") from error
    except boto.ParamValidationError as error:
        raise ObjectStoreError(f"{bucket!r} is not a name that a bucket can have") from error
    except (boto.BotoCoreError, ValueError) as error:
        raise ObjectStoreError(_line(error)) from error
    except EXPECTED:
        raise
    except Exception as error:  # botocore gives answers on as they are: what lacks a field is a KeyError
        raise not_understood(error) from error


def _answered(error: boto.ClientError, bucket: str) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _PASSING or status == 429 or (status >= 500 and status != 501):
        return TransientError(f"the store said {status} {code if code != str(status) else ''}".strip())
    if code == "NoSuchBucket":
        return ObjectStoreError(f"there is no bucket {bucket!r}; check its name and the endpoint")
    if code in _EXPIRED:
        return CredentialsExpiredError()
    if code in _UNKNOWN:
        return ObjectStoreError(f"the store does not accept these credentials ({code})")
    if code in _ELSEWHERE or status == 301:
        return ObjectStoreError("the bucket lies in another region; set AWS_REGION, or add ?region=NAME")
    if code in _THERE:
        return FileExistsError(code)
    if status == 416:  # a part that begins at the end or behind it
        return EOFError(code)
    if status == 404:
        return FileNotFoundError(code)
    if status == 403:
        return ObjectStoreError("the store refuses access (403); check the rights of these credentials")
    kind = _UnsupportedError if status == 501 else ObjectStoreError
    return kind(f"the store said {status} {code}: {_line(error)}")


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
