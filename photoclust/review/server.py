"""The server: a socket of this machine, and the application behind it."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn

from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.review.application import application
from photoclust.review.guard import Access
from photoclust.review.service import Service
from photoclust.workflows.serve import PORT, ServeOptions

_OWN_NAMES = ("127.0.0.1", "localhost", "::1")


class _Server(uvicorn.Server):
    """Ends at a signal, as asked, and does not send it on."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.remove_signal_handler(number)

    def _end(self) -> None:
        self.should_exit = True


def serve(store: IndexStore, options: ServeOptions, ready: Callable[[str], None]) -> None:
    """Serve an index until a signal comes.

    Parameters
    ----------
    store
        An index in a folder of this machine.
    options
        Where it is reached, and by whom.
    ready
        Called with an address that lets in once, when it can be opened.

    Raises
    ------
    UsageError
        The port is taken, or the address is none of this machine.
    IndexMissingError
        Nobody has grouped the faces yet.
    """
    with _listening(options) as listener:
        port = listener.getsockname()[1]
        service = Service(store, options.enrolled_photos)
        access = Access(port, _names(options), options.password, any_address=not options.is_local)
        asyncio.run(_serve(service, access, listener, lambda: ready(_address(options, port) + access.link())))


async def _serve(
    service: Service, access: Access, listener: socket.socket, ready: Callable[[], None]
) -> None:
    config = uvicorn.Config(
        application(service, access),
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=30,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve([listener]))
    while not (server.started or running.done()):
        await asyncio.sleep(0.01)
    if server.started:
        ready()
    while not (server.should_exit or running.done()):
        await asyncio.sleep(0.1)
    service.ending.set()
    service.tell()
    await running


@contextmanager
def _listening(options: ServeOptions) -> Generator[socket.socket]:
    host = options.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with the protocol named, asyncio sends small answers at once instead of waiting 40 ms for more
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(listener, host, options.port)
        yield listener


def _bind(listener: socket.socket, host: str, port: int | None) -> None:
    try:
        listener.bind((host, PORT if port is None else port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE and port is None:
            listener.bind((host, 0))
            return
        if error.errno == errno.EADDRINUSE:
            said = f"Port {port} of {host} is in use; choose another with --port, or --port 0 for any."
        else:
            said = f"Nothing can listen at {host}, port {port or PORT}: {error.strerror or error}."
        raise UsageError(said) from error


def _names(options: ServeOptions) -> tuple[str, ...]:
    own = () if options.host in ("0.0.0.0", "::") else (options.host.strip("[]"),)  # noqa: S104
    names = (socket.gethostname(), socket.getfqdn()) if not options.is_local else ()
    return (*_OWN_NAMES, *own, *names, *options.names)


def _address(options: ServeOptions, port: int) -> str:
    host = "127.0.0.1" if options.host in ("0.0.0.0", "::") else options.host.strip("[]")  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
