"""The engine of one machine without a GPU: as many plain processes as processors, each doing both stages.

No actors of Ray must start (27 s on two cores before the first of 129 photos was done), and crops do not
travel. Each process works on one table of photos at a time and holds photos back until their faces fill a
batch; one that dies costs the photos in its hands, which the workflow tries again, and is started anew.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, repeat
from queue import SimpleQueue
from typing import Any

import pyarrow as pa

from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine.batching import photos_per_batch
from photoclust.engine.worker import Request
from photoclust.errors import PhotoclustError, ResourceError
from photoclust.limits import time_limits
from photoclust.machine import usable_processors

# The C library of Linux gives a photo's memory back to the system each time, which then fills the next one's
# with zeros: 5 ms for 12 megapixels. What is freed is kept for the next photo instead.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "268435456", "MALLOC_TRIM_THRESHOLD_": "268435456"}
WAITING = 2  # tables for each process that are in hand or done and not yet taken


class Worker:
    """One process, started when there is work for it and again when it has died."""

    def __init__(self, debug: bool = False) -> None:
        self._debug = debug
        self._process: subprocess.Popen[bytes] | None = None

    def rows(self, request: Request) -> list[pa.Table]:
        """Give the rows of photos that are done; none where the process dies, with all in its hands.

        Raises
        ------
        PhotoclustError
            What the process has raised.
        """
        if not (self._process or len(request.refs)):
            return []
        process = self._process = self._process or _started(self._debug)
        assert process.stdin
        assert process.stdout
        try:
            pickle.dump(request, process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            answer: Any = pickle.load(process.stdout)  # noqa: S301 (from a process of our own)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):  # it died, or was stopped
            self.stop()
            return []
        if isinstance(answer, PhotoclustError):
            raise answer
        return answer

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()


def _started(debug: bool) -> subprocess.Popen[bytes]:
    """A process of one thread that imports what this one would; Control-C in a terminal leaves it alone.

    What it prints is of use to `debug` alone: a traceback of a photo that took too long, whose row says that.
    """
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "photoclust.engine.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if debug else subprocess.DEVNULL,
        env=_KEEP_MEMORY | os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


class ProcessEngine:
    """Runs both stages in processes of this machine.

    Raises
    ------
    ResourceError
        When more processors are asked for than there are.
    """

    def __init__(self, config: EngineConfig) -> None:
        there = usable_processors()
        if (config.num_cpus or 0) > there:
            raise ResourceError(
                f"--num-cpus {config.num_cpus} was asked for, but this machine has {there}; ask for less or "
                "leave it out."
            )
        self.config = config
        self.workers = [Worker(config.debug) for _ in range(config.num_cpus or there)]

    def stream(
        self, refs: pa.Table, settings: IndexSettings, photos_at_once: int | None = None
    ) -> Iterator[pa.Table]:
        """Yield tables of INDEXED_SCHEMA for `refs`, in any order; no rows for photos whose process dies."""
        size = photos_at_once or self.config.photos_per_batch or photos_per_batch(refs, len(self.workers))
        rest = Request(refs.slice(0, 0), settings, self.config.photo_seconds, time_limits(), last=True)
        requests = (
            replace(rest, refs=refs.slice(start, size), last=photos_at_once == 1)
            for start in range(0, len(refs), size)
        )
        with self._threads() as threads:
            yield from self._answers(threads, chain(requests, repeat(rest, len(self.workers))))

    def _answers(self, threads: ThreadPoolExecutor, requests: Iterator[Request]) -> Iterator[pa.Table]:
        """Rows for requests, the last of which ask each worker for what it has held back."""
        idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self.workers:
            idle.put(worker)

        def rows(request: Request) -> list[pa.Table]:
            worker = idle.get()
            try:
                return worker.rows(request)
            finally:
                if len(request.refs):  # else this worker has done its part
                    idle.put(worker)

        pending: set[Future[list[pa.Table]]] = set()
        for request in requests:
            pending.add(threads.submit(rows, request))
            if len(pending) >= WAITING * len(self.workers):
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for answer in done:
                    yield from answer.result()
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for answer in done:
                yield from answer.result()

    @contextmanager
    def _threads(self) -> Generator[ThreadPoolExecutor]:
        """A thread for each process; should the work be given up, the processes end first."""
        threads = ThreadPoolExecutor(len(self.workers))
        try:
            yield threads
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            self.stop()
            raise
        finally:
            threads.shutdown()

    def stop(self) -> None:
        """End all processes."""
        for worker in self.workers:
            worker.stop()


@contextmanager
def processes(config: EngineConfig) -> Generator[ProcessEngine]:
    """Start the engine, and end its processes afterwards."""
    engine = ProcessEngine(config)
    try:
        yield engine
    finally:
        engine.stop()
