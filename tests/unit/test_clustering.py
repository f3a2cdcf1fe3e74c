"""Faces clustered apart in processes come out as from this one, and a process that dies is named."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from photoclust.config import ClusterConfig, EngineConfig
from photoclust.engine.clustering import Processes, start_workers
from photoclust.errors import EngineError
from photoclust.people.calibration import calibration_of
from photoclust.people.division import Here, cluster
from photoclust.people.joining import Candidates
from photoclust.people.neighbours import neighbours
from photoclust.people.verify import VerifyInput, candidates_of


def candidates(people: int = 40, most: int = 60) -> Candidates:
    rng = np.random.default_rng(0)
    person, share = np.repeat(np.arange(people), 5), calibration_of().identity
    rows = np.sqrt(share) * rng.normal(size=(people, 55))[person]
    rows += np.sqrt(1 - share) * rng.normal(size=rows.shape)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    boxes = np.tile(np.array([0, 0, 10, 10], np.float32), (len(rows), 1))
    faces = VerifyInput(rows, np.ones(len(rows), np.float32), np.arange(len(rows)), boxes)
    config = ClusterConfig(k=10, max_component=most)
    return candidates_of(faces, neighbours(rows, config.k), config)


def test_processes_give_what_one_gives() -> None:
    faces = candidates()
    labels, groups = cluster(faces)
    apart_labels, apart = cluster(faces, lambda: start_workers(EngineConfig(kind="local", num_cpus=2)))
    np.testing.assert_array_equal(apart_labels, labels)
    np.testing.assert_array_equal(apart.group, groups.group)
    assert apart.confidence.tobytes() == groups.confidence.tobytes()
    assert groups.group.max() > 10


def test_few_faces_start_no_process() -> None:
    def refuse() -> None:
        raise AssertionError

    cluster(candidates(most=200), refuse)  # type: ignore[arg-type]


def test_one_processor_needs_no_process() -> None:
    with start_workers(EngineConfig(num_cpus=1)) as workers:
        assert isinstance(workers, Here)


def test_a_process_that_dies_ends_the_work_with_a_reason() -> None:
    with start_workers(EngineConfig(kind="local", num_cpus=2)) as workers:
        assert isinstance(workers, Processes)
        workers.take(0, candidates(4))
        (process,) = workers._pools[0]._processes.values()
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with pytest.raises(EngineError, match="died"):
            workers.advance(None)
