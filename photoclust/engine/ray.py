"""The engine that spreads the work: two pools of actors on Ray Data's streaming executor.

One pool reads, decodes, detects and crops; the other embeds; where there are GPUs they share them. Ray Data
moves the crops between them, holds either pool back when the other is slow, and starts actors again that die.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # photos of people: nothing is ever sent anywhere

import pyarrow as pa
import ray
import ray.data
from ray.exceptions import RayError

from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine.addresses import without_password
from photoclust.engine.batching import photos_per_batch
from photoclust.engine.metrics import StreamMetrics
from photoclust.engine.pools import Pool, plan_pools
from photoclust.engine.private import private_ray
from photoclust.engine.starting import start_again
from photoclust.errors import EngineError, PhotoclustError, RayStartError
from photoclust.limits import time_limits
from photoclust.machine import usable_processors
from photoclust.stages import EmbedFaces, FindFaces, FindFacesTogether

OBJECT_STORE_BYTES = 256 * 1024**2  # crops on their way; 64 faces are 5 MB, so this is plenty for 16 cores
TASK_RETRIES = 1  # Ray's default is for ever, and a photo that kills its process would kill every one
CONNECT_SECONDS = 10.0
BLOCK_BYTES = 8 * 1024**2


@contextmanager
def runtime(config: EngineConfig) -> Generator[None]:
    """Join the cluster at ``config.address``, or start an embedded Ray; let go of it afterwards.

    Raises
    ------
    EngineError
        When nothing answers there, or Ray cannot start.
    """
    _quiet()
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if config.address is None:
        options |= {
            "address": "local",
            "num_cpus": config.num_cpus and min(config.num_cpus, usable_processors()),
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
        }
    else:
        options["address"] = config.address
    private = private_ray() if config.address is None else nullcontext(dict[str, Any]())
    with _own_output(config.debug) if config.owns_output else nullcontext(), private as ours:
        options |= ours
        with _own_signals():
            _init(options, config)
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def _own_signals() -> Generator[None]:
    """Keep the handler of SIGTERM, which Ray replaces by one that ends the process without a word."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit:  # the signal came while Ray was starting, and Ray's handler was in place
        signal.signal(signal.SIGTERM, ours)
        signal.raise_signal(signal.SIGTERM)
        raise
    finally:
        signal.signal(signal.SIGTERM, ours)


def _init(options: dict[str, Any], config: EngineConfig) -> None:
    try:
        if config.address is None:
            start_again(lambda: ray.init(**options), ray.shutdown)
            return
        _knock(config.address)
        ray.init(**options)
    except Exception as error:  # Ray raises anything, a bare Exception too
        said = without_password(str(error), config.address)
        reason = " ".join(said.split())[:300].rstrip(".") or type(error).__name__
        if config.address is None:
            raise RayStartError(reason) from error
        place = f"at {without_password(config.address, config.address)}"
        if "Version mismatch" in reason:
            raise EngineError(f"The Ray {place} is another than here: {reason}; install the same.") from error
        raise EngineError(
            f"No Ray {place}: {reason}; check the address, and set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN if "
            "the cluster wants a token."
        ) from error


def _knock(address: str | None) -> None:
    """See whether anybody listens at HOST:PORT: Ray itself asks for minutes before it gives up."""
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()


@contextmanager
def _own_output(debug: bool) -> Generator[None]:
    """Keep what Ray writes out of our output: it prints of nodes that die into the middle of results."""
    with nullcontext() if debug else _native_stderr_closed(), redirect_stdout(sys.stderr):
        yield


@contextmanager
def _native_stderr_closed() -> Generator[None]:
    """Keep Ray's C++ core from writing to the terminal, which it does past any Python logger.

    Python's own stderr goes on through a duplicate of the descriptor.
    """
    try:
        ours = sys.stderr.fileno() == 2
    except (OSError, ValueError):  # replaced by something that is no file, as test runners do
        ours = False
    if not ours:
        yield
        return
    before, saved = sys.stderr, os.dup(2)
    with Path(os.devnull).open("wb") as nowhere, os.fdopen(os.dup(saved), "w", buffering=1) as stderr:
        os.dup2(nowhere.fileno(), 2)
        sys.stderr = stderr
        try:
            yield
        finally:
            sys.stderr = before
            os.dup2(saved, 2)
            os.close(saved)


def _quiet() -> None:
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # it logs tracebacks of blocks that we retry
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.target_max_block_size = BLOCK_BYTES
    context.target_min_block_size = 1
    context.max_errored_blocks = -1  # the pipeline sees which photos gave no row, and tries them alone


class RayEngine:
    """Runs the stages as two pools of actors of the Ray that is joined."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        there = ray.cluster_resources()
        self.pools = plan_pools(
            config, there.get("CPU", 1.0), there.get("GPU", 0.0), _processors_beside_gpus()
        )

    def stream(
        self, refs: pa.Table, settings: IndexSettings, photos_at_once: int | None = None
    ) -> Iterator[pa.Table]:
        """Yield tables of INDEXED_SCHEMA for all of `refs`, in any order.

        A block of photos whose actor dies is tried again a few times and then left out.

        Raises
        ------
        EngineError
            When Ray gives up.
        """
        try:
            chosen = photos_at_once or self.config.photos_per_batch
            size = chosen or photos_per_batch(refs, self.pools.detect.actors, self.pools.detect.threads)
            dataset = self._dataset(refs, settings, size, alone=photos_at_once == 1)
            watched = StreamMetrics(len(refs), self.config.job)
            for indexed in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
                watched.add(indexed)
                yield indexed
            watched.end()
        except RayError as error:
            raise explained(error) from error

    def _dataset(self, refs: pa.Table, settings: IndexSettings, size: int, alone: bool) -> ray.data.Dataset:
        pools = self.pools
        blocks = [refs.slice(start, size) for start in range(0, len(refs), size)]
        device = "cuda" if pools.embed.gpus else "cpu"
        # What waits at an actor that dies is charged with its death; where each is tried alone nothing waits.
        detect = replace(pools.detect, in_flight=1) if alone else pools.detect
        stage, arguments = FindFaces, (settings, self.config.photo_seconds, time_limits())
        if detect.gpus:
            stage, arguments = FindFacesTogether, (*arguments, "cuda", detect.threads)
        found = _map(ray.data.from_arrow(blocks), stage, arguments, detect, size if detect.gpus else None)
        # Ray Data wants a batch size where there are GPUs; in photos, so that memory stays bounded.
        return _map(found, EmbedFaces, (settings, device), pools.embed, size if pools.embed.gpus else None)


def _processors_beside_gpus() -> float:
    """Processors of the nodes that have a GPU."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return sum(there.get("CPU", 0.0) for there in nodes if there.get("GPU"))


def _map(
    dataset: ray.data.Dataset,
    stage: type[Any],
    arguments: tuple[Any, ...],
    pool: Pool,
    batch_size: int | None,
) -> ray.data.Dataset:
    with warnings.catch_warnings():
        # There is no other way yet to say max_task_retries; the version cap is for it.
        warnings.filterwarnings("ignore", message="`ray_remote_args` is deprecated")
        return dataset.map_batches(
            stage,
            fn_constructor_args=arguments,
            batch_size=batch_size,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                size=pool.actors, max_tasks_in_flight_per_actor=pool.in_flight
            ),
            num_cpus=pool.cpus,
            num_gpus=pool.gpus or None,
            max_task_retries=TASK_RETRIES,
            scheduling_strategy="SPREAD",  # they ask for little and would crowd on one node
        )


def explained(error: BaseException) -> PhotoclustError:
    """Dig our own error out of Ray's wrapping, or say what Ray said in one line."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PhotoclustError):
            return cause
        cause = getattr(cause, "cause", None) or cause.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return EngineError(f"Ray gave the work up: {lines[-1] if lines else type(error).__name__}")
