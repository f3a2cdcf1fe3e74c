"""Where components are clustered apart: in processes of this machine, or on the nodes of a Ray cluster.

A worker lives in a process, and processes die: for want of memory, or with their node. What a worker answers
follows from what it was told, so the work of one that died is done again by another that is told the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import active_children, get_context
from typing import Any, Protocol

from photoclust.config import EngineConfig
from photoclust.errors import EngineError
from photoclust.machine import usable_processors
from photoclust.people.clustering.division import InProcess, TakeShare, Worker, Workers

MAX_RESTARTS = 3
"""Processes that one worker may live in: the first may have bad luck, the third has too little memory."""

# Processors of an actor; one that takes the place of another finds room where all others have their share.
_CPUS, _CPUS_AGAIN = 0.9, 0.01


@contextmanager
def start_workers(config: EngineConfig) -> Generator[Workers]:
    """Start workers on the cluster that `config` names, or a process for each processor of this machine.

    Raises
    ------
    EngineError
        When nothing answers at the address, or the process of a worker has died `MAX_RESTARTS` times.
    """
    if config.kind != "local" and config.address is not None:
        from photoclust.engine.ray import runtime

        with runtime(config):
            yield RestartingPool(Actor, _actors(config))
    elif (processes := config.num_cpus or usable_processors()) > 1:
        with ExitStack() as stack:
            yield RestartingPool(lambda _: Process(stack), processes)
    else:
        yield InProcess()


class LostError(Exception):
    """The process that a worker lives in has died."""


class Host(Protocol):
    """What a worker lives in."""

    def ask(self, call: str, *arguments: object) -> Callable[[], Any]:
        """Call a method of the worker; gives what waits for the answer, or raises `LostError`."""
        ...


Told = tuple[str, Callable[[], Sequence[object]]]


class RestartingPool:
    """Workers that outlast the processes they live in.

    Parameters
    ----------
    start
        Starts a process; told whether it is to take the place of one that died.
    number
        How many workers.
    """

    def __init__(self, start: Callable[[bool], Host], number: int) -> None:
        self._start = start
        self._hosts = [start(False) for _ in range(number)]
        self._told: list[list[Told]] = [[] for _ in range(number)]
        self._lives = [1] * number

    def __len__(self) -> int:
        return len(self._hosts)

    def take(self, worker: int, share: TakeShare) -> None:
        """Give a share to one of them."""
        self._ask(worker, ("take", lambda: [share()]))()

    def each(self, call: str, *arguments: object) -> list[Any]:
        """Call a method of each, all at once."""
        answers = [self._ask(worker, (call, lambda: arguments)) for worker in range(len(self))]
        return [answer() for answer in answers]

    def _ask(self, worker: int, what: Told) -> Callable[[], Any]:
        """Tell a worker something; gives what waits for the answer."""
        self._told[worker].append(what)
        answer = self._hosts[worker].ask(what[0], *what[1]())

        def wait() -> Any:
            try:
                return answer()
            except LostError:
                return self._again(worker)

        return wait

    def _again(self, worker: int) -> Any:
        """Tell another process all that a worker has been told; gives the last answer."""
        while self._lives[worker] < MAX_RESTARTS:
            self._lives[worker] += 1
            logging.getLogger("photoclust").warning(
                "A process that clusters faces died; its work is done again."
            )
            self._hosts[worker] = host = self._start(True)
            try:
                return [host.ask(call, *arguments())() for call, arguments in self._told[worker]][-1]
            except LostError:
                continue
        raise EngineError(
            f"A process that clusters faces died, and so did {MAX_RESTARTS - 1} in its place, for want "
            "of memory, probably.",
            python="Use fewer at once (num_cpus), or give each less (max_component).",
            cli="Use fewer at once with --num-cpus, or give each less with --max-component.",
        )


class Process:
    """A process of this machine, which ends with `stack`."""

    def __init__(self, stack: ExitStack) -> None:
        spawn = get_context("spawn")  # threads of this process, of which there may be some, are not copied
        self.pool = stack.enter_context(ProcessPoolExecutor(1, spawn))
        stack.push(_end_processes)

    def ask(self, call: str, *arguments: object) -> Callable[[], Any]:
        """See `Host`."""
        try:
            asked = self.pool.submit(_call, call, *arguments)
        except BrokenProcessPool as error:
            asked = Future[Any]()
            asked.set_exception(error)
        return lambda: _result(asked)


def _end_processes(kind: type[BaseException] | None, *_: object) -> None:
    """End the processes of workers at once where what they compute is no longer wanted."""
    if kind is not None:
        for process in active_children():
            process.terminate()


def _result(asked: Future[Any]) -> Any:
    try:
        return asked.result()
    except BrokenProcessPool as error:
        raise LostError from error


_worker = Worker()  # of a process started for it


def _call(call: str, *arguments: Any) -> Any:
    return getattr(_worker, call)(*arguments)


def _actors(config: EngineConfig) -> int:
    """One for each processor of the cluster that was joined, as far as they are allowed."""
    import ray

    there = int(max(1, ray.cluster_resources().get("CPU", 1)))
    return min(there, config.num_cpus or there)


class Actor:
    """An actor of the cluster that was joined."""

    def __init__(self, again: bool) -> None:
        import ray

        cpus = _CPUS_AGAIN if again else _CPUS
        self.actor: Any = ray.remote(num_cpus=cpus, scheduling_strategy="SPREAD")(Worker).remote()

    def ask(self, call: str, *arguments: object) -> Callable[[], Any]:
        """See `Host`."""
        asked = getattr(self.actor, call).remote(*arguments)
        return lambda: _got(asked)


def _got(asked: Any) -> Any:
    import ray
    from ray.exceptions import NodeDiedError, ObjectLostError, OutOfMemoryError, RayActorError, RayError

    from photoclust.engine.ray import explained

    try:
        return ray.get(asked)
    except (NodeDiedError, ObjectLostError, OutOfMemoryError, RayActorError) as error:
        raise LostError from error
    except RayError as error:
        raise explained(error) from error
