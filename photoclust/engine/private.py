"""A Ray of this machine that nobody else can look into: its folder, its network, its token.

Ray keeps logs, sockets and crops of faces that do not fit in memory in its session's folder. It opens that to
everybody and leaves it behind when it is killed, and its processes listen on all interfaces. Here the folder
lies in one of ours that only its owner can enter, what dead processes left is swept at the next start,
everything listens on the loopback interface, and whoever connects must know a token of this process.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from photoclust.index.files import make_folder
from photoclust.storage.places import cache_dir
from photoclust.storage.writers import writer_tag

_INSIDE = "session_2026-01-01_00-00-00_000000_1000000/sockets/plasma_store"
_LONGEST_SOCKET = 107 if os.name == "posix" else 10_000  # bytes of a Unix socket's path, see unix(7)
_PREFIX, _OWNER = "pcr-", "owner-"
_UNUSED = 2 * 86_400.0  # seconds without a change, after which a folder of another boot or machine is dead
_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # Ray's name for it; false is loopback, on every system


@contextmanager
def private_ray() -> Generator[dict[str, Any]]:
    """What to give ``ray.init`` for a Ray of this machine that is started and stopped within."""
    with private_folder() as folder, private_network():
        yield {"_temp_dir": str(folder / "r"), "_node_ip_address": "127.0.0.1"}  # Ray opens its own to all


@contextmanager
def private_folder() -> Generator[Path]:
    """Folder for a Ray, 0700 and removed at the end; those that dead processes left are removed first."""
    cached = cache_dir().absolute() / "ray"
    with suppress(OSError):
        make_folder(cached)
    for left in _folders(cached):
        if _is_dead(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = _new_folder(cached)
    (folder / f"{_OWNER}{writer_tag()}").touch(0o600)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder(cached: Path) -> Path:
    """Where ``RAY_TMPDIR`` says, in the cache, or where paths are shorter: sockets have short names."""
    for place in _places(cached):
        if len(os.fsencode(f"{place}/{_PREFIX}xxxxxxxx/r/{_INSIDE}")) <= _LONGEST_SOCKET:
            with suppress(OSError):
                return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    return Path(tempfile.mkdtemp(prefix=_PREFIX))


def _places(cached: Path) -> list[str]:
    chosen = os.environ.get("RAY_TMPDIR")
    return [*([chosen] if chosen else []), str(cached), tempfile.gettempdir(), "/tmp", "/var/tmp"]  # noqa: S108


def _folders(cached: Path) -> Iterator[Path]:
    for place in dict.fromkeys(_places(cached)):
        yield from Path(place).glob(f"{_PREFIX}*")


def _is_dead(folder: Path) -> bool:
    """Whether a folder is ours, and its process is no more."""
    with suppress(OSError):
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return False
        owner = next(iter(folder.glob(f"{_OWNER}*")), None)
        if owner is None:
            return time.time() - folder.stat().st_mtime > _UNUSED
        machine, pid = owner.name.removeprefix(_OWNER).split("-")[:2]
        if machine == writer_tag().partition("-")[0]:
            return not psutil.pid_exists(int(pid))
        return time.time() - max(path.lstat().st_mtime for path in folder.rglob("*")) > _UNUSED
    return False


@cache
def _token(_: int) -> str:
    return secrets.token_hex(32)


@contextmanager
def private_network() -> Generator[None]:
    """Let the Ray that is started within listen on the loopback interface, and want a token.

    Whoever has chosen how Ray authenticates (``RAY_AUTH_MODE``) has chosen.
    """
    from ray._private import ray_constants

    chosen = {_LOOPBACK: "0"}
    if "RAY_AUTH_MODE" not in os.environ:
        chosen |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _token(os.getpid())}
    before = {name: os.environ.get(name) for name in chosen}
    several = ray_constants.ENABLE_RAY_CLUSTER
    os.environ.update(chosen)
    ray_constants.ENABLE_RAY_CLUSTER = False
    _reread()
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = several
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _reread()


def _reread() -> None:
    """Let Ray's core look at the environment again, which it read when it was imported."""
    import ray._raylet

    core: Any = ray._raylet
    core.Config.initialize("")
