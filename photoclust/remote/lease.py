"""Being the only writer of an index in an object store.

::

    INDEX/.lease/00000007.json     who writes: host, process, job, since when, until when

The highest number holds. It is taken by creating the next one, which a store lets only one do (a put with
``If-None-Match: *``), and which is allowed when there is none, the highest has expired, or its process was
one of this machine and is no more; so two who find the same expired lease cannot both take it over. The
holder renews its own four times in its span, from a thread, and deletes it at the end. So one that was not
renewed for a while is that of somebody who was killed, most likely, and worth waiting for. Who was held up
for so long that somebody else took over finds a higher number, and writes no more.

Times are compared between machines: their clocks must agree to within some seconds, as they do under NTP.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from photoclust.errors import IndexLockedError, ObjectStoreError
from photoclust.objects.store import ObjectStore
from photoclust.records import printable

FOLDER = ".lease/"
STALE = 0.6  # of its span left: it should have been renewed at 0.75, and stores may be slow
_LONGEST = 4096  # bytes of a lease that are read


@dataclass(frozen=True)
class _Owner:
    """What a lease says; times are seconds since 1970. `machine` and `started` tell it from others."""

    token: str
    host: str
    pid: int
    job: str
    since: float
    expires: float
    machine: str = ""
    started: float = 0.0

    def __str__(self) -> str:
        job = f", job {self.job}" if self.job else ""
        return printable(f"{self.host}, process {self.pid}{job}")[:200]

    @property
    def left(self) -> float:
        """Seconds until it expires; nought where its process was one of this machine and is no more."""
        dead = self.machine and self.machine == _machine() and _started(self.pid) != self.started
        return 0.0 if dead else max(0.0, self.expires - time.time())


def _machine() -> str:
    """What tells a running machine, and the numbers its processes have, from all others; empty if unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


class Lease:
    """The lease of the index under `prefix`.

    Parameters
    ----------
    store, prefix, uri
        The bucket, the index's prefix in it (empty, or ending in ``/``), and how to call it.
    seconds
        For how long it holds unless renewed; ``PHOTOCLUST_LEASE_SECONDS`` in the environment, else 120. A
        killed writer keeps other machines out for that long.
    """

    def __init__(self, store: ObjectStore, prefix: str, uri: str, seconds: float | None = None) -> None:
        self._store, self._folder, self._uri = store, prefix + FOLDER, uri
        self.seconds = seconds or float(os.environ.get("PHOTOCLUST_LEASE_SECONDS", "120"))
        self._token, self._since = uuid.uuid4().hex, time.time()
        self._key = ""
        self._renewed = 0.0
        self._turn = threading.Lock()

    @contextmanager
    def kept(self) -> Generator[None]:
        """Renew it meanwhile, and give it back at the end; it was taken."""
        done = threading.Event()
        renewing = threading.Thread(target=self._keep_renewing, args=(done,), daemon=True)
        renewing.start()
        try:
            yield
        finally:
            done.set()
            renewing.join()
            with suppress(ObjectStoreError):  # it will expire
                self._store.delete(self._key)

    def take(self) -> None:
        """Take it.

        Raises
        ------
        IndexLockedError
            Somebody else holds it.
        """
        highest = self._free()
        self._key = f"{self._folder}{_number(highest) + 1:08d}.json"
        if not self._store.write(self._key, self._content(), only_new=True) and not self._is_mine():
            raise IndexLockedError(f"Somebody else has just begun to write to {self._uri}; wait for them.")
        self._renewed = time.monotonic()
        if highest:
            self._store.delete(highest)

    def _free(self) -> str:
        """Key of the highest lease, which is nobody's any more; waits for one that was given up, it seems."""
        highest, owner = self._highest()
        if owner and 0 < owner.left < STALE * self.seconds:
            logging.getLogger("photoclust").info(
                "%s was being written to by %s, who seems to have died; waiting %.0f s for the lease to end.",
                *(self._uri, owner, owner.left),
            )
            time.sleep(owner.left)
            highest, owner = self._highest()
        if owner and owner.left:
            raise IndexLockedError(
                f"{self._uri} is being written to by {owner}; wait until that has finished, or stop it. "
                f"If it was killed, somebody else may write in {owner.left:.0f} s."
            )
        return highest

    def require(self) -> None:
        """Make sure that it is still held; asks the store only where it was not renewed for a while.

        Raises
        ------
        IndexLockedError
            Somebody else has taken it over.
        """
        if time.monotonic() - self._renewed > self.seconds / 2:
            self.renew()

    def renew(self) -> None:
        """Prolong it, unless it is lost, which is an `IndexLockedError`."""
        with self._turn:
            if not self._is_mine():
                raise IndexLockedError(
                    f"This run was held up, and another has taken {self._uri} over; nothing more is written. "
                    "Run the same command again when the other has finished."
                )
            began = time.monotonic()
            self._store.write(self._key, self._content())
            self._renewed = began

    def _keep_renewing(self, done: threading.Event) -> None:
        while not done.wait(self.seconds / 4):
            try:
                self.renew()
            except IndexLockedError:
                self._renewed = float("-inf")  # whoever writes next asks, and is told
                return
            except ObjectStoreError:
                continue

    def _is_mine(self) -> bool:
        owner = self._highest()[1]
        return owner is not None and owner.token == self._token

    def _highest(self) -> tuple[str, _Owner | None]:
        """Key and owner of the lease with the highest number; empty and None where there is none."""
        try:
            keys = [found.key for found in self._store.objects(self._folder) if _number(found.key)]
        except FileNotFoundError:  # a store with real folders
            keys = []
        if not keys:
            return "", None
        key = max(keys, key=_number)
        if self._store.info(key) is None:  # given back this moment
            return key, None
        try:
            return key, _Owner(**json.loads(self._store.read(key, 0, _LONGEST)))
        except (ValueError, TypeError) as error:
            raise IndexLockedError(
                f"The lease {key} of {self._uri} cannot be understood; delete it if nobody writes there."
            ) from error

    def _content(self) -> bytes:
        job = os.environ.get("PHOTOCLUST_JOB_ID", "")
        expires = time.time() + self.seconds
        who = (socket.gethostname(), os.getpid(), job)
        owner = _Owner(self._token, *who, self._since, expires, _machine(), _started(os.getpid()))
        return json.dumps(asdict(owner)).encode()


def _number(key: str) -> int:
    name = key.rpartition("/")[2].removesuffix(".json")
    return int(name) if name.isdecimal() and name.isascii() and len(name) == 8 else 0
