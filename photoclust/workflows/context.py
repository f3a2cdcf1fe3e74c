"""What a workflow is given by its caller: where the work runs, who is told how far it is, for which job."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photoclust.config import DecodeConfig, EngineConfig
from photoclust.types import Advance

if TYPE_CHECKING:
    from pathlib import Path

    from photoclust.index.planning.plan import Identify
    from photoclust.index.searching import BlockSearch
    from photoclust.learn.curves import Epoch
    from photoclust.people.clustering.division import StartWorkers
    from photoclust.stages import Engine

    TrainWithWorkers = Callable[[Path, int, Callable[[Epoch], None]], None]

INDEX, COMPARE, GROUP, AUDIT, FETCH = "index", "compare", "group", "audit", "fetch"
CUT, CROP, TRAIN, EPOCH = "cut", "crop", "train", "epoch"
"""Stages that report progress: photos indexed, faces compared with all others, settings of a sweep grouped,
pairs of photos compared, files of an index in an object store fetched, photos from which faces are cut, faces
cut to learn from, batches trained on, epochs of several workers."""

StageProgress = Callable[[str, int], AbstractContextManager[Advance]]
"""Begins a stage: is called with its name and the number of things to do."""


def silent(stage: str, total: int) -> AbstractContextManager[Advance]:
    """Report progress to nobody."""
    return nullcontext(lambda _: None)


def _nothing(message: str) -> None:
    pass


@dataclass(frozen=True)
class Context:
    """What surrounds a workflow; workflows and engines do not know each other, so the caller joins them.

    Parameters
    ----------
    start_engine
        Starts what turns photos into rows; called only when there are photos to work on.
    start_identifying
        Starts what reads photos to see which pictures they hold; called only when there are some that may be
        copies of others. None reads in this process.
    start_search
        Starts what compares faces block by block; called only when there are many. None searches in this
        process and in one go.
    start_workers
        Starts what clusters components apart; called only when there are many faces. None does it in this
        process.
    train_with_workers
        Trains a run, of this folder, with so many workers, and tells of each epoch.
    divide_search_from
        Faces to be compared with one another from which on the search is divided; see
        `photoclust.config.EngineConfig`.
    progress
        Told how far each stage is.
    log
        Told in a sentence what is going on.
    verb
        Name of the command, which ``unfinished.json`` keeps while photos are indexed.
    job
        Id of the job of a Ray cluster that this is, which the records of the run keep; None outside of jobs.
    """

    start_engine: Callable[[], AbstractContextManager[Engine]]
    start_identifying: Callable[[DecodeConfig], AbstractContextManager[Identify]] | None = None
    start_search: Callable[[], AbstractContextManager[BlockSearch]] | None = None
    start_workers: StartWorkers | None = None
    train_with_workers: TrainWithWorkers | None = None
    divide_search_from: int = EngineConfig.divide_search_from
    progress: StageProgress = silent
    log: Callable[[str], None] = _nothing
    verb: str = "run"
    job: str | None = None
