"""Faces clustered apart in processes come out as from this one, and what one that dies did is done again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pytest

from photoclust.config import ClusterConfig, EngineConfig
from photoclust.engine.clustering import Process, RestartingPool, start_workers
from photoclust.errors import EngineError
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.division import InProcess, TakeShare, cluster_faces
from photoclust.people.clustering.joining import Candidates
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours


def candidates(people: int = 40, most: int = 60) -> Candidates:
    rng = np.random.default_rng(0)
    person, share = np.repeat(np.arange(people), 5), calibration_of().plain.identity
    rows = np.sqrt(share) * rng.normal(size=(people, 55))[person]
    rows += np.sqrt(1 - share) * rng.normal(size=rows.shape)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    boxes = np.tile(np.array([0, 0, 10, 10], np.float32), (len(rows), 1))
    faces = VerifyInput(rows, np.ones(len(rows), np.float32), np.arange(len(rows)), boxes)
    config = ClusterConfig(k=10, max_component=most)
    return candidates_of(faces, neighbours(rows, config.k), config)


def test_processes_give_what_one_gives() -> None:
    faces = candidates()
    labels, groups = cluster_faces(faces)
    apart_labels, apart = cluster_faces(faces, lambda: start_workers(EngineConfig(kind="local", num_cpus=2)))
    np.testing.assert_array_equal(apart_labels, labels)
    np.testing.assert_array_equal(apart.group, groups.group)
    assert apart.confidence.tobytes() == groups.confidence.tobytes()
    assert groups.group.max() > 10


def test_few_faces_start_no_process() -> None:
    def refuse() -> None:
        raise AssertionError

    cluster_faces(candidates(most=200), refuse)  # type: ignore[arg-type]


def test_one_processor_needs_no_process() -> None:
    with start_workers(EngineConfig(num_cpus=1)) as workers:
        assert isinstance(workers, InProcess)


class Unlucky:
    """Workers, of whose processes one is killed before each of some calls, in turns."""

    def __init__(self, workers: RestartingPool, rounds: set[int]) -> None:
        self.workers, self.rounds, self.round = workers, rounds, 0

    def __len__(self) -> int:
        return len(self.workers)

    def take(self, worker: int, share: TakeShare) -> None:
        self.workers.take(worker, share)

    def each(self, call: str, *arguments: object) -> list[Any]:
        if self.round in self.rounds:
            kill(self.workers, self.round % len(self))
        self.round += 1
        return self.workers.each(call, *arguments)


def kill(workers: RestartingPool, worker: int) -> None:
    host = workers._hosts[worker]
    assert isinstance(host, Process)
    (process,) = host.pool._processes.values()
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_the_work_of_processes_that_die_is_done_again(caplog: pytest.LogCaptureFixture) -> None:
    faces = candidates()
    labels, groups = cluster_faces(faces)

    @contextmanager
    def start() -> Iterator[Unlucky]:
        with start_workers(EngineConfig(kind="local", num_cpus=2)) as workers:
            assert isinstance(workers, RestartingPool)
            yield Unlucky(workers, {0, 1, 2})

    again_labels, again = cluster_faces(faces, start)
    np.testing.assert_array_equal(again_labels, labels)
    np.testing.assert_array_equal(again.group, groups.group)
    assert again.confidence.tobytes() == groups.confidence.tobytes()
    assert len(caplog.messages) == 3


class Deadly:
    """Ends the process that receives it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def test_work_that_kills_whoever_does_it_ends_with_a_reason(caplog: pytest.LogCaptureFixture) -> None:
    with (
        start_workers(EngineConfig(kind="local", num_cpus=2)) as workers,
        pytest.raises(EngineError, match=r"died, and so did 2 .*max_component"),
    ):
        workers.take(0, Deadly)  # type: ignore[arg-type]
    assert len(caplog.messages) == 2


def test_processes_end_at_once_where_the_work_is_interrupted() -> None:
    with ExitStack() as stack:
        process = Process(stack)
        process.pool.submit(time.sleep, 0).result()
        process.pool.submit(time.sleep, 100)
        interruption = KeyboardInterrupt()
        began = time.monotonic()
        assert not stack.__exit__(KeyboardInterrupt, interruption, None)
        assert time.monotonic() - began < 60
