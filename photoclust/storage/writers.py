"""Who writes to an index, as the names of files tell it.

A lock lets one process write. Where locks do not work (a network drive mounted without them, two containers
that share a volume) two may do so all the same, and must not take each other's files for their own, or for
what a killed run left behind. So names carry the machine, the process and a random number.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from functools import cache
from hashlib import blake2b
from pathlib import Path

_LONGEST = 3600.0  # seconds between the first byte of a file and its taking effect, on a very slow drive
_TAG = re.compile(r"-([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{16}(?:\.parquet)?$")


def running_machine() -> str:
    """What tells a running machine, and the numbers its processes have, from all others; empty if unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


@cache
def _machine() -> str:
    named = running_machine() or socket.gethostname()
    return blake2b(named.encode(), digest_size=4).hexdigest()


def writer_tag() -> str:
    """A name that no other file has: the machine's, the process's and a random number."""
    return f"{_machine()}-{os.getpid()}-{secrets.token_hex(8)}"


def is_abandoned(path: Path) -> bool:
    """Whether nobody is at work any more on a file that has not taken effect.

    A name without a tag is of an earlier photoclust, which relied on the lock alone.
    """
    tag = _TAG.search(f"-{path.name}")
    if tag is None:
        return True
    import psutil  # ten milliseconds, and few processes find what another has left

    here = running_machine() and tag[1] == _machine()
    return bool(here and not psutil.pid_exists(int(tag[2]))) or _age(path) > _LONGEST


def _age(path: Path) -> float:
    """Seconds since a file was changed, by the clock of the disk it lies on, which may be another's."""
    probe = path.with_name(f".tmp-{writer_tag()}")
    try:
        probe.touch(0o600, exist_ok=False)
        now = probe.stat().st_mtime
        probe.unlink()
        return now - path.stat().st_mtime
    except OSError:
        return 0.0
