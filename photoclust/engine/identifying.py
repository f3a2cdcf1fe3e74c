"""Where files are read to see which pictures they hold: on the nodes of a Ray cluster, or in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

from photoclust.config import DecodeConfig, EngineConfig
from photoclust.index.planning.plan import Identify, Identities
from photoclust.limits import TimeLimits, limited, time_limits
from photoclust.photo_refs import PhotoRef
from photoclust.photos.identifying import identities
from photoclust.storage.retry import count_retries, counting_retries

PHOTOS_A_TASK = 64
"""Some seconds of a processor or of an object store, and some hundred bytes each to be sent."""


@contextmanager
def start_identifying(config: EngineConfig, limits: DecodeConfig) -> Generator[Identify]:
    """Join the cluster that `config` names, or read in this process, which embedded Ray would not help.

    Raises
    ------
    EngineError
        When nothing answers at the address.
    """
    if config.kind == "local" or config.address is None:
        yield partial(identities, limits=limits)
    else:
        from photoclust.engine.ray import runtime

        with runtime(config):
            yield partial(identify_on_ray, limits=limits, config=config)


def identify_on_ray(refs: Iterable[PhotoRef], limits: DecodeConfig, config: EngineConfig) -> Identities:
    """See `identities`; files are read by tasks of the cluster that was joined, a few for each processor.

    Files whose task takes its process down several times count as files that cannot be read.

    Raises
    ------
    EngineError
        When Ray gives up.
    """
    import ray

    at_once = 2 * (config.num_cpus or int(max(1, ray.cluster_resources().get("CPU", 1))))
    task = ray.remote(num_cpus=1, scheduling_strategy="SPREAD")(_identify_some)
    refs, running = iter(refs), deque[tuple[int, Any]]()
    while True:
        while len(running) < at_once and (some := list(islice(refs, PHOTOS_A_TASK))):
            running.append((len(some), task.remote(some, limits, time_limits())))
        if not running:
            return
        yield from _answer(*running.popleft())


def _answer(photos: int, asked: Any) -> Identities:
    import ray
    from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError, WorkerCrashedError

    from photoclust.engine.ray import explained

    try:
        found, retries = ray.get(asked)
    except (WorkerCrashedError, NodeDiedError, OutOfMemoryError):
        found, retries = [None] * photos, 0
    except RayError as error:
        raise explained(error) from error
    count_retries(retries)
    return iter(found)


def _identify_some(refs: list[PhotoRef], limits: DecodeConfig, time: TimeLimits) -> tuple[list[Any], int]:
    """Which pictures some files hold, and how many requests had to be repeated; in a process of Ray's."""
    with limited(time), counting_retries() as retried:
        return list(identities(refs, limits)), retried.requests
