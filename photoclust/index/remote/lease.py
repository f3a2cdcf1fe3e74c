"""Being the only writer of an index in an object store.

::

    INDEX/.lease/00000007.json     who writes: host, process, job, since when, for how long

The highest number holds. It is taken by creating the next one, which a store lets only one do (a put with
``If-None-Match: *``), and which is allowed when there is none, the highest has expired, or its process was
one of this machine and is no more; so two who find the same expired lease cannot both take it over. The
holder renews its own four times in its span, from a thread, and deletes it at the end. So one that was not
renewed for a while is that of somebody who was killed, most likely, and worth waiting for. Who was held up
for so long that somebody else took over finds a higher number, and writes no more.

Clocks of machines are not compared: a lease ends so many seconds after the store wrote it, by the clock of
the store, and no lease lasts longer than an hour without being renewed.
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

import psutil

from photoclust.errors import IndexLockedError, ObjectStoreError
from photoclust.limits import time_limits
from photoclust.records import printable
from photoclust.storage.object_store import ObjectInfo, ObjectStore
from photoclust.storage.writers import running_machine

FOLDER = ".lease/"
STALE = 0.6  # of its span left: it should have been renewed at 0.75, and stores may be slow
_LONGEST = 4096  # bytes of a lease that are read
_CAP = 3600.0  # seconds; whoever says more is not believed


def _elapsed() -> float:
    """Seconds since some moment, those in which the machine slept among them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True)
class _Owner:
    """What a lease says; times are seconds since 1970. `machine` and `started` tell it from others."""

    token: str
    host: str
    pid: int
    job: str
    since: float
    expires: float  # by its owner's clock, for people to read; nought where it was given up
    machine: str = ""
    started: float = 0.0
    seconds: float = 0.0  # for how long it holds; unknown in one of an earlier photoclust

    def __str__(self) -> str:
        job = f", job {self.job}" if self.job else ""
        return printable(f"{self.host}, process {self.pid}{job}")[:200]

    @property
    def is_over(self) -> bool:
        """Whether it was given up, or its process was one of this machine and is no more."""
        dead = bool(self.machine) and self.machine == running_machine()
        return self.expires == 0 or (dead and _started(self.pid) != self.started)


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
    job
        Id of the job of a Ray cluster that this is, for other writers to read; empty outside of jobs.
    """

    def __init__(self, store: ObjectStore, prefix: str, uri: str, job: str = "") -> None:
        self._store, self._folder, self._uri = store, prefix + FOLDER, uri
        self.seconds = time_limits().lease
        self._job = job
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
        began = _elapsed()
        if not self._store.write(self._key, self._content(), only_new=True) and not self._is_mine():
            raise IndexLockedError(f"Somebody else has just begun to write to {self._uri}; wait for them.")
        self._renewed = began
        if highest:
            self._store.delete(highest)

    def _free(self) -> str:
        """Key of the highest lease, which is nobody's any more; waits for one that was given up, it seems."""
        found, owner = self._highest()
        left = self._left(found, owner)
        if owner and 0 < left < STALE * self.seconds:
            logging.getLogger("photoclust").info(
                "%s was being written to by %s, who seems to have died; waiting %.0f s for the lease to end.",
                *(self._uri, owner, left),
            )
            time.sleep(left)
            found, owner = self._highest()
            left = self._left(found, owner)
        if left and found:
            raise IndexLockedError(
                f"{self._uri} is being written to by {owner}; wait until that has finished, or stop it. "
                f"If it was killed, delete the object {found.key}, or wait: somebody else may write in "
                f"{left:.0f} s."
            )
        return found.key if found else ""

    def _left(self, found: ObjectInfo | None, owner: _Owner | None) -> float:
        """Seconds until a lease ends, whatever the clocks of its owner and of this machine say."""
        if found is None or owner is None or owner.is_over:
            return 0.0
        span = min(owner.seconds or self.seconds, _CAP)
        now = self._store_time()
        if found.modified is None or now is None:
            return min(max(0.0, owner.expires - time.time()), span)
        return max(0.0, found.modified + span - now)

    def _store_time(self) -> float | None:
        """What time it is by the clock of the store, which an object tells that was written just now."""
        key = f"{self._folder}now-{self._token}"
        self._store.write(key, b"")
        found = self._store.info(key)
        self._store.delete(key)
        return found.modified if found else None

    def require(self) -> None:
        """Make sure that it is still held; asks the store only where it was not renewed for a while.

        Raises
        ------
        IndexLockedError
            Somebody else has taken it over.
        """
        if _elapsed() - self._renewed > self.seconds / 2:
            self.renew()

    def renew(self) -> None:
        """Prolong it, unless it is lost, which is an `IndexLockedError`."""
        with self._turn:
            began = _elapsed()
            if not self._prolonged():
                raise IndexLockedError(
                    f"This run was held up, and another has taken {self._uri} over; nothing more is written. "
                    "Try again when the other has finished."
                )
            self._renewed = began

    def _prolonged(self) -> bool:
        found, owner = self._highest()
        if found is None or owner is None or owner.token != self._token:
            return False
        # Only as it was looked at: somebody may take it over, and even give it back, before this is written.
        return self._store.write(found.key, self._content(), replaces=found.tag) or self._is_mine()

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

    def _highest(self) -> tuple[ObjectInfo | None, _Owner | None]:
        """The lease with the highest number, and its owner; None where there is none."""
        try:
            keys = [found.key for found in self._store.objects(self._folder) if _number(found.key)]
        except FileNotFoundError:  # a store with real folders
            keys = []
        if not keys:
            return None, None
        key = max(keys, key=_number)
        found = self._store.info(key)
        if found is None:  # given back this moment
            return ObjectInfo(key, 0, ""), None
        try:
            return found, _Owner(**json.loads(self._store.read(key, 0, _LONGEST)))
        except (ValueError, TypeError) as error:
            raise IndexLockedError(
                f"The lease {key} of {self._uri} cannot be understood; delete it if nobody writes there."
            ) from error

    def _content(self) -> bytes:
        expires = time.time() + self.seconds
        who = (socket.gethostname(), os.getpid(), self._job)
        process = (running_machine(), _started(os.getpid()))
        owner = _Owner(self._token, *who, self._since, expires, *process, self.seconds)
        return json.dumps(asdict(owner)).encode()


def _number(key: str) -> int:
    name = key.rpartition("/")[2].removesuffix(".json")
    return int(name) if name.isdecimal() and name.isascii() and len(name) == 8 else 0
