"""Where components are clustered apart: in processes of this machine, or on the nodes of a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from typing import Any

from photoclust.config import EngineConfig
from photoclust.errors import EngineError
from photoclust.people.division import Here, Share, Worker, Workers
from photoclust.people.joining import Candidates
from photoclust.people.rounds import Standing

Said = Standing | list[Share]


@contextmanager
def start_workers(config: EngineConfig) -> Generator[Workers]:
    """Start workers on the cluster that `config` names, or a process for each processor of this machine.

    Raises
    ------
    EngineError
        When nothing answers at the address.
    """
    if config.kind == "ray" and config.address is not None:
        from photoclust.engine.ray import runtime

        with runtime(config):
            yield RayWorkers(config)
    elif (processes := config.num_cpus or len(os.sched_getaffinity(0))) > 1:
        with ExitStack() as stack:
            yield Processes(stack, processes)
    else:
        yield Here()


class Processes:
    """A worker in each of some processes, which end with `stack`."""

    def __init__(self, stack: ExitStack, processes: int) -> None:
        spawn = get_context("spawn")  # threads of this process, of which there may be some, are not copied
        pools = [ProcessPoolExecutor(1, spawn) for _ in range(processes)]
        self._pools = [stack.enter_context(pool) for pool in pools]

    def __len__(self) -> int:
        return len(self._pools)

    def take(self, worker: int, faces: Candidates) -> None:
        """Give a share to one of them."""
        _asked([self._pools[worker]], _take, faces)

    def advance(self, told: Standing | None) -> Sequence[Said]:
        """Let each go on to the next round."""
        return _asked(self._pools, _advance, told)


def _asked(pools: Sequence[ProcessPoolExecutor], work: Callable[[Any], Any], argument: object) -> list[Any]:
    try:
        asked = [pool.submit(work, argument) for pool in pools]
        return [one.result() for one in asked]
    except BrokenProcessPool as error:
        raise EngineError(
            "A process that clusters faces died, probably for want of memory; with --num-cpus 1 one at a "
            "time is used."
        ) from error


_worker = Worker()  # of a process started for it


def _take(faces: Candidates) -> None:
    _worker.take(faces)


def _advance(told: Standing | None) -> Said:
    return _worker.advance(told)


class RayWorkers:
    """A worker as an actor for each processor of the cluster that was joined, as far as they are allowed."""

    def __init__(self, config: EngineConfig) -> None:
        import ray

        there = int(max(1, ray.cluster_resources().get("CPU", 1)))
        actor: Any = ray.remote(num_cpus=1, scheduling_strategy="SPREAD")(Worker)
        self._actors: list[Any] = [actor.remote() for _ in range(min(there, config.num_cpus or there))]

    def __len__(self) -> int:
        return len(self._actors)

    def take(self, worker: int, faces: Candidates) -> None:
        """Give a share to one of them."""
        self._get([self._actors[worker].take.remote(faces)])

    def advance(self, told: Standing | None) -> Sequence[Said]:
        """Let each go on to the next round."""
        return self._get([actor.advance.remote(told) for actor in self._actors])

    def _get(self, asked: list[Any]) -> list[Any]:
        import ray
        from ray.exceptions import RayError

        from photoclust.engine.ray import explained

        try:
            return ray.get(asked)
        except RayError as error:
            raise explained(error) from error
