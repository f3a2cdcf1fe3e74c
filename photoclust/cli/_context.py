"""What the workflows are given by the command line: engines, progress on stderr, the job this is."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from photoclust.cli import _environment
from photoclust.cli._progress import say, stage_progress
from photoclust.config import EngineConfig

if TYPE_CHECKING:
    from pathlib import Path

    from photoclust.config import DecodeConfig
    from photoclust.index.planning.plan import Identify
    from photoclust.index.searching import BlockSearch
    from photoclust.learn.curves import Epoch
    from photoclust.people.clustering.division import Workers
    from photoclust.stages import Engine
    from photoclust.workflows.context import Context


def context(engine: EngineConfig | None = None, verb: str = "run") -> Context:
    """Let a workflow run where `engine` says, and tell whoever is watching."""
    from photoclust.workflows.context import Context

    job = _environment.job_id()
    debug = _environment.debug()
    place = replace(engine or EngineConfig(), owns_output=True, debug=debug, job=job or "")
    return Context(
        start_engine=partial(_engine, place),
        start_identifying=partial(_identifying, place),
        start_search=partial(_search, place),
        start_workers=partial(_workers, place),
        train_with_workers=partial(_training, place),
        divide_search_from=place.divide_search_from,
        progress=stage_progress,
        log=say,
        verb=verb,
        job=job,
    )


# An engine is imported when there is work for it.


@contextmanager
def _engine(config: EngineConfig) -> Generator[Engine]:
    from photoclust.engine import start

    with start(config) as engine:
        yield engine


@contextmanager
def _identifying(config: EngineConfig, limits: DecodeConfig) -> Generator[Identify]:
    from photoclust.engine.identifying import start_identifying

    with start_identifying(config, limits) as identify:
        yield identify


@contextmanager
def _search(config: EngineConfig) -> Generator[BlockSearch]:
    from photoclust.engine.neighbours import start_search

    with start_search(config) as search:
        yield search


def _training(config: EngineConfig, run: Path, workers: int, told: Callable[[Epoch], None]) -> None:
    from photoclust.engine.training import train_with_workers

    train_with_workers(config, run, workers, told)


@contextmanager
def _workers(config: EngineConfig) -> Generator[Workers]:
    from photoclust.engine.clustering import start_workers

    with start_workers(config) as workers:
        yield workers
