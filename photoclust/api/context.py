"""What the workflows are given by a Python program: an engine, and its callback for progress."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from photoclust.config import EngineConfig
from photoclust.engine import start
from photoclust.engine.clustering import start_workers
from photoclust.engine.identifying import start_identifying
from photoclust.engine.neighbours import start_search
from photoclust.types import Advance
from photoclust.workflows.context import Context, silent

if TYPE_CHECKING:
    from photoclust.learn.curves import Epoch

ProgressCallback = Callable[[str, int, int], None]
"""Is called with a stage (``index``, ``compare``), how many things of it are done, and how many there are."""


def context_of(engine: str | EngineConfig = "auto", progress: ProgressCallback | None = None) -> Context:
    """Let a workflow run where `engine` says, and tell `progress` how far it is."""
    place = EngineConfig(kind=engine) if isinstance(engine, str) else engine
    return Context(
        start_engine=partial(start, place),
        start_identifying=partial(start_identifying, place),
        start_search=partial(start_search, place),
        start_workers=partial(start_workers, place),
        train_with_workers=partial(_training, place),
        divide_search_from=place.divide_search_from,
        progress=silent if progress is None else partial(_told, progress),
    )


def _training(config: EngineConfig, run: Path, workers: int, told: Callable[[Epoch], None]) -> None:
    from photoclust.engine.training import train_with_workers  # Ray and torch, for this alone

    train_with_workers(config, run, workers, told)


@contextmanager
def _told(progress: ProgressCallback, stage: str, total: int) -> Generator[Advance]:
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        progress(stage, done, total)

    progress(stage, 0, total)
    yield advance
