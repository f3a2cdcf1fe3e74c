"""Training with several workers by Ray Train: each has batches of its own, gradients are averaged."""

from __future__ import annotations

import csv
import os
import shutil
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_TRAIN_V2_ENABLED", "1")

import ray.train
import ray.train.torch
import torch
from torch import Tensor, distributed, nn

from photoclust.config import EngineConfig
from photoclust.engine.ray import explained, runtime
from photoclust.errors import RayStartError, TrainingError
from photoclust.learn.curves import Epoch
from photoclust.learn.material import Workers
from photoclust.learn.run_folder import RunFolder
from photoclust.learn.running import train_epochs, training_of

_RESTARTS = 2  # of all workers from the last checkpoint, when one of them dies
_LOOK_SECONDS = 0.5


def train_with_workers(
    config: EngineConfig, folder: Path, workers: int, told: Callable[[Epoch], None]
) -> None:
    """Train a run to its end; its folder is where all workers find it, and keep their checkpoints.

    Parameters
    ----------
    config
        Which Ray.
    folder
        Of the run.
    workers
        How many.
    told
        Is told of each epoch when it is kept.

    Raises
    ------
    EngineError
        Ray gave up.
    TrainingError
        Ray cannot be started, or the run cannot go on.
    """
    try:
        with runtime(config), _following(folder, told):
            _fit(folder.absolute(), workers)
    except RayStartError as error:
        raise TrainingError(
            f"Several workers need Ray, which cannot be started: {error.reason}; see `photoclust doctor`. "
            f"The run in {folder} is kept.",
            cli=f"Go on with `photoclust train resume {folder}`, or begin one with --workers 1.",
            python="Go on with photoclust.resume_training, or begin one with workers=1.",
        ) from error
    shutil.rmtree(folder / "ray", ignore_errors=True)


def _fit(folder: Path, workers: int) -> None:
    """Let the workers train, on GPUs if there are as many."""
    has_gpus = ray.cluster_resources().get("GPU", 0) >= workers
    trainer = ray.train.torch.TorchTrainer(
        _work,
        train_loop_config={"folder": str(folder)},
        scaling_config=ray.train.ScalingConfig(num_workers=workers, use_gpu=has_gpus),
        run_config=ray.train.RunConfig(
            name="ray",
            storage_path=str(folder / "ray"),
            failure_config=ray.train.FailureConfig(max_failures=_RESTARTS),
        ),
    )
    try:
        trainer.fit()
    except Exception as error:  # Ray Train wraps what a worker raises in kinds of its own
        raise explained(error) from error


def _work(settings: dict[str, Any]) -> None:
    """What each worker does."""
    run = RunFolder.open(Path(settings["folder"]))
    torch.set_num_threads(run.head().threads)
    context = ray.train.get_context()
    rank, count = context.get_world_rank(), context.get_world_size()
    workers = Workers(rank, count, _wrapped, partial(_average, count))
    training = training_of(run, lambda _: None, workers, str(ray.train.torch.get_device()))
    train_epochs(run, training, lambda epoch: ray.train.report({"epoch": epoch.epoch}))


def _wrapped(network: nn.Module) -> nn.Module:
    return ray.train.torch.prepare_model(network, move_to_device=False)


def _average(count: int, values: Tensor) -> None:
    """Replace values by their mean over all workers."""
    where = ray.train.torch.get_device() if distributed.get_backend() == "nccl" else values.device
    shared = values.detach().to(where)
    distributed.all_reduce(shared)
    values.copy_(shared / count)


@contextmanager
def _following(folder: Path, told: Callable[[Epoch], None]) -> Generator[None]:
    """Tell of epochs as the workers, which run elsewhere, write them down."""
    over, known = threading.Event(), _epochs(folder)

    def look() -> None:
        seen = len(known)
        while True:
            last = over.wait(_LOOK_SECONDS)
            found = _epochs(folder)
            for epoch in found[seen:]:
                told(epoch)
            seen = len(found)
            if last:
                return

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _epochs(folder: Path) -> list[Epoch]:
    file = folder / "curves.csv"
    if not file.is_file():
        return []
    rows = list(csv.DictReader(file.read_text("utf-8").splitlines()))
    numbers = ({name: float(value) if value else None for name, value in row.items()} for row in rows)
    return [Epoch.of(row | {"epoch": int(row["epoch"] or 0)}) for row in numbers]
