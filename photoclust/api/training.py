"""`photoclust.train`."""

from __future__ import annotations

import os
from pathlib import Path

from photoclust.api.context import ProgressCallback, context_of
from photoclust.api.index import PathOrUri
from photoclust.index.remote.at import at
from photoclust.index.store import IndexStore
from photoclust.learn.config import TrainConfig
from photoclust.workflows.train import TrainingOutcome
from photoclust.workflows.train import resume as resume_workflow
from photoclust.workflows.train import train as workflow


def train(
    index: PathOrUri,
    run: PathOrUri,
    config: TrainConfig | None = None,
    *,
    labels: str = "folders",
    sure: float = 0.95,
    progress: ProgressCallback | None = None,
) -> TrainingOutcome:
    """Learn from the labelled faces of an index, and judge what comes out on people not trained on.

    Parameters
    ----------
    index
        Folder or URI of the index.
    run
        A new folder for the run.
    config
        What to do; a linear head by triplet loss with semi-hard mining by default.
    labels
        Who is who: ``folders``, the path of a CSV, or ``people``, those who have a name in the index.
    sure
        Of ``people``, how probable it must be that a face belongs to its person, in [0, 1].
    progress
        Is told how far the run is.

    Raises
    ------
    UsageError
        The labels cannot be used, or are of too few people.
    TrainingError
        The run cannot be kept, or the loss is no number any more.

    Examples
    --------
    >>> config = photoclust.TrainConfig(loss="contrastive")              # doctest: +SKIP
    >>> photoclust.train("people/", "run/", config).judgement.is_better  # doctest: +SKIP
    False
    """
    with at(os.fspath(index)) as place:
        store = IndexStore.open(place)
        context = context_of("local", progress)
        return workflow(store, Path(run), config or TrainConfig(), labels, sure, context)


def resume_training(run: PathOrUri, progress: ProgressCallback | None = None) -> TrainingOutcome:
    """Go on with a run that was interrupted, with the numbers it would have had; see `train`.

    Raises
    ------
    TrainingError
        There is no run, or another photoclust made it, or it cannot go on.
    """
    return resume_workflow(Path(run), context_of("local", progress))
