"""What every test may lean on: the labelled photos, slow tests, and the processes that run them."""

from __future__ import annotations

import http.client
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The same examples each time and no clock: a test fails for its reason, never for a slow machine or bad luck.
# `pytest --hypothesis-profile explore` draws new examples.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("steady")

DATA = Path(os.environ.get("PHOTOCLUST_TESTDATA", Path(__file__).parents[2] / "shared" / "data")).resolve()


MOST_WORKERS = 4
FIRST = ("tests/ray/", "tests/e2e/")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run what takes twenty seconds and more too")
    parser.addoption("--acceptance", action="store_true", help="run what takes minutes or gigabytes too")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Share the whole suite out among processes, file by file; named tests run in this one."""
    if hasattr(config, "workerinput"):  # this is one of the processes
        return
    option, whole = config.option, config.args_source is pytest.Config.ArgsSource.TESTPATHS
    chosen = getattr(option, "numprocesses", 0) is not None  # or there is no xdist
    if whole and not chosen and not option.usepdb:
        option.numprocesses = min((os.cpu_count() or 1) + 1, MOST_WORKERS)
        option.dist, option.loadscopereorder = "loadfile", False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give one process all files that share the cluster."""
    from xdist.scheduler import LoadFileScheduling

    class OneCluster(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return FIRST[0] if nodeid.startswith(FIRST[0]) else super()._split_scope(nodeid)

    return OneCluster(config, log) if config.option.dist == "loadfile" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # What takes longest is begun first, so that no process is left alone with it.
    items.sort(key=lambda item: [not item.nodeid.startswith(room) for room in FIRST])
    no_data = pytest.mark.skip(reason=f"no labelled photos at {DATA}; set PHOTOCLUST_TESTDATA")
    left_out = [mark for mark in ("slow", "acceptance") if not config.getoption(mark)]
    for item in items:
        if item.get_closest_marker("data") and not DATA.is_dir():
            item.add_marker(no_data)
        for mark in left_out:
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=f"takes long; run with --{mark}"))
        if item.get_closest_marker("gpu") and not _has_gpu():
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of labelled photos; use together with the ``data`` marker."""
    return DATA


# -- an object store over HTTP ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[tuple[str, int]]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield server.get_host_and_port()
    server.stop()


@pytest.fixture(scope="session")
def _s3_client(_s3_server: tuple[str, int]) -> Any:
    from boto3.session import Session

    host, port = _s3_server
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return Session().client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1", **keys)


Fault = Callable[[str, str], "str | int | float | None"]


class FaultyProxy(ThreadingHTTPServer):
    """Stands before a store and lets `fault` decide, by method and path, what happens to a request.

    None passes it on, a number of seconds does so after that time, an integer is answered as an HTTP status,
    ``"reset"`` cuts the connection, ``"half"`` cuts it in the middle of the answer,
    ``"short"`` leaves the second half of it out and gives a length that fits.
    """

    daemon_threads = True

    def __init__(self, target: tuple[str, int], host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), _Forward)
        self.target = target
        self.fault: Fault = lambda method, path: None
        # With which HTTP status the store itself would refuse a request, were it complete.
        self.refuses: Callable[[str, str, bytes], int | None] = lambda method, path, body: None
        self.requests: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what this is about."""


class _Forward(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path))
        fault = self.server.fault(self.command, self.path)
        fault = self.server.refuses(self.command, self.path, body) if fault is None else fault
        if fault == "reset":
            self._cut()
            return
        if isinstance(fault, float):
            time.sleep(fault)
        if isinstance(fault, int):
            codes = {503: "SlowDown", 403: "AccessDenied", 400: "ExpiredToken"}
            self._answer(fault, {}, f"<Error><Code>{codes.get(fault, '')}</Code></Error>".encode())
        else:
            status, headers, content = self._forwarded(body)
            if fault == "short":
                content = content[: len(content) // 2]
            self._answer(status, headers, content, cut=fault == "half")

    def _forwarded(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(*self.server.target)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def _answer(self, status: int, headers: dict[str, str], content: bytes, cut: bool = False) -> None:
        self.send_response_only(status)
        own = {"content-length", "transfer-encoding", "connection"}
        for name, value in headers.items():
            if name.lower() not in own:
                self.send_header(name, value)
        head = {name.lower(): value for name, value in headers.items()}.get("content-length", "0")
        self.send_header("Content-Length", head if self.command == "HEAD" else str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self._cut()

    def _cut(self) -> None:
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Tests speak for themselves."""

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _serve  # noqa: N815


class Bucket:
    """An empty bucket behind a `FaultyProxy`, which ``AWS_ENDPOINT_URL`` names."""

    def __init__(self, client: Any, name: str, proxy: FaultyProxy) -> None:
        self.client, self.name, self.proxy = client, name, proxy
        client.create_bucket(Bucket=name)

    @property
    def uri(self) -> str:
        return f"s3://{self.name}"

    def put(self, key: str, content: bytes = b"x") -> str:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)
        return f"{self.uri}/{key}"

    def upload(self, folder: Path, prefix: str = "") -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(prefix + path.relative_to(folder).as_posix(), path.read_bytes())


_buckets = iter(range(1_000_000))


@pytest.fixture
def store_host() -> str:
    """Where the store listens; a module whose clients are elsewhere has a fixture of its own."""
    return "127.0.0.1"


@pytest.fixture
def proxy_to(store_host: str) -> Iterator[Callable[[tuple[str, int]], FaultyProxy]]:
    """Put a proxy before a server."""
    proxies: list[FaultyProxy] = []

    def make(target: tuple[str, int]) -> FaultyProxy:
        proxies.append(FaultyProxy(target, store_host))
        threading.Thread(target=proxies[-1].serve_forever, args=(0.01,), daemon=True).start()
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.shutdown()
        proxy.server_close()


@pytest.fixture
def bucket(
    _s3_server: tuple[str, int], _s3_client: Any, proxy_to: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bucket]:
    from photoclust.storage import object_store

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    proxy = proxy_to(_s3_server)
    values = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": proxy.url,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    object_store._open.cache_clear()
    yield Bucket(_s3_client, f"photos-{os.getpid()}-{next(_buckets)}", proxy)
    object_store._open.cache_clear()
