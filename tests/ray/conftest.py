"""Nodes of a Ray cluster as processes of their own, each started and ended alone."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from ray.util import get_node_ip_address

from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine import start
from photoclust.index.store import IndexStore
from photoclust.photos.sources.references import find_photos
from photoclust.workflows.context import Context
from photoclust.workflows.index import IndexReport, index_photos

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0  # seconds that a slow machine may take for a step; nothing waits that long on any other
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "for-this-test-and-no-other-purpose"}
OFTEN = {"RAY_metrics_report_interval_ms": "1000"}  # Ray's default is ten seconds


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Look again and again, as long as a slow machine may take."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.1)


def free_ports(number: int) -> list[int]:
    """Ports that nobody listened at a moment ago."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("", 0))
        return [probe.getsockname()[1] for probe in probes]


class Network:
    """Machines of their own for nodes: a network namespace for each, behind a bridge that has `host`.

    The addresses are of those set apart for such trials (RFC 2544).
    """

    def __init__(self) -> None:
        self.mark = f"pc{os.getpid()}"
        self.subnet = f"198.18.{os.getpid() % 256}"
        self.host = f"{self.subnet}.1"
        self.spaces: list[str] = []
        self._ip("link", "add", self.mark, "type", "bridge")
        self._ip("addr", "add", f"{self.host}/24", "dev", self.mark)
        self._ip("link", "set", self.mark, "up")

    def add(self) -> tuple[str, str]:
        """Name and address of one more namespace."""
        number = len(self.spaces) + 2
        name, address = f"{self.mark}n{number}", f"{self.subnet}.{number}"
        self._ip("netns", "add", name)
        self.spaces.append(name)
        outside = f"{self.mark}v{number}"
        self._ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", name)
        self._ip("link", "set", outside, "master", self.mark, "up")
        self._ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        for device in ("eth0", "lo"):
            self._ip("-n", name, "link", "set", device, "up")
        return name, address

    def remove(self) -> None:
        """Leave nothing behind."""
        for name in self.spaces:
            self._ip("netns", "del", name)
        self._ip("link", "del", self.mark)

    def _ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)


def network_if_possible() -> Network | None:
    """A network, where this system has them and we may make them."""
    try:
        return Network()
    except (OSError, subprocess.CalledProcessError):
        return None


@dataclass
class Cluster:
    """A head node, and the nodes that join it: each in a network of its own, if there are any.

    A cluster lets in who knows its token; `environment` says it.
    """

    scratch: Path
    cpus: int
    network: Network | None = None
    port: int = 0
    dashboard_port: int = 0
    metrics_port: int = 0
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Address of this machine as the nodes see it."""
        return self.network.host if self.network else get_node_ip_address()

    @property
    def address(self) -> str:
        """What a driver joins."""
        return f"{self.host}:{self.port}"

    @property
    def dashboard(self) -> str:
        """What jobs are submitted to."""
        return f"http://127.0.0.1:{self.dashboard_port}"

    @property
    def environment(self) -> dict[str, str]:
        """Of whoever has to do with this cluster: the tests' own Python is not on its PATH."""
        path = f"{os.defpath}:/usr/sbin:/sbin"
        return os.environ | TOKEN | OFTEN | {"PYTHONPATH": str(ROOT), "PATH": path}

    def start(self) -> None:
        """Start the head node and wait until it can be joined and asked."""
        self.add_node(self.cpus, self._head_options)
        wait_until(lambda: _listens(self.dashboard_port), "the dashboard listens")

    def _head_options(self) -> list[str]:
        self.port, self.dashboard_port, self.metrics_port, client = free_ports(4)
        options = ["--head", f"--node-ip-address={self.host}", f"--port={self.port}"]
        options += [f"--dashboard-port={self.dashboard_port}"]
        options += ["--dashboard-host=127.0.0.1", f"--ray-client-server-port={client}"]
        return [*options, f"--metrics-export-port={self.metrics_port}", f"--temp-dir={self.scratch}"]

    def add_node(
        self, cpus: int, options: Callable[[], list[str]] | None = None, attempts: int = 5
    ) -> subprocess.Popen[bytes]:
        """Start a node and wait until it is up; Ray gives up on its own after 30 s, so try again."""
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", f"--num-cpus={cpus}"]
        command += ["--object-store-memory=100000000", "--disable-usage-stats"]
        command += [f"--dashboard-agent-listen-port={free_ports(1)[0]}"]
        command = [*command, *options()] if options else self._joining(command)
        log = self.scratch / f"node{len(self.nodes)}.log"
        with log.open("wb") as output:
            node = subprocess.Popen(command, stdout=output, stderr=output, env=self.environment)
        self.nodes.append(node)
        wait_until(
            lambda: "Ray runtime started" in log.read_text() or node.poll() is not None, "a node is up"
        )
        if node.poll() is None:
            return node
        assert attempts > 1, log.read_text()
        self.kill_node(node)
        return self.add_node(cpus, options, attempts - 1)

    def _joining(self, command: list[str]) -> list[str]:
        command = [*command, f"--address={self.address}"]
        if self.network is None:
            return command
        name, address = self.network.add()
        return ["ip", "netns", "exec", name, *command, f"--node-ip-address={address}"]

    def kill_node(self, node: subprocess.Popen[bytes]) -> None:
        """Take a node down as a power cut does: every process of it, at once."""
        with contextlib.suppress(psutil.Error):
            tree = psutil.Process(node.pid)
            for process in [tree, *tree.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    process.kill()
        node.wait(timeout=PATIENCE)

    def kill_orphans(self) -> None:
        """End what a node that failed to start left behind."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if str(self.scratch) in " ".join(process.cmdline()):
                    process.kill()

    def photoclust(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a verb as someone who knows the token."""
        command = [sys.executable, "-m", "photoclust", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def running(cpus: int = 2, networks: bool = False) -> Iterator[Cluster]:
    """A head node of so many processors, with its dashboard.

    With `networks` every other node is in one of its own, where that can be.
    """
    # Not pytest's folder: the paths of the sockets in it would be longer than the 107 bytes they may have.
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as scratch:
        network = network_if_possible() if networks else None
        made = Cluster(Path(scratch), cpus, network)
        try:
            made.start()
            yield made
        finally:
            for node in reversed(made.nodes):
                made.kill_node(node)
            made.kill_orphans()
            if network:
                network.remove()


@pytest.fixture(scope="session")
def start_cluster() -> Callable[..., AbstractContextManager[Cluster]]:
    """For a module that wants another cluster than the one that is shared."""
    return running


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A head node of two processors."""
    with running() as made:
        yield made


IndexInto = Callable[[Path, Path, EngineConfig], tuple[IndexStore, IndexReport]]


def _quietly(_: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _: None)


@pytest.fixture(scope="session")
def index_into() -> IndexInto:
    """Make an index of photos. A fixture, since workers import a test's module and not what it leans on."""

    def make(folder: Path, photos: Path, config: EngineConfig) -> tuple[IndexStore, IndexReport]:
        store, refs = IndexStore.create(folder, IndexSettings(), "sha"), find_photos([str(photos)])
        with store.lock():
            return store, index_photos(refs, store, Context(lambda: start(config)))

    return make
