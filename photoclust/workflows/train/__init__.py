"""Learning from labelled faces: ``photoclust train``."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from photoclust import __version__
from photoclust.index.store import IndexStore
from photoclust.learn.config import TrainConfig
from photoclust.learn.curves import Epoch, as_csv, best_epoch
from photoclust.learn.faces import LabelledFaces, doubtful_labels, split_people
from photoclust.learn.run_folder import RunFaces, RunFolder, RunHead, run_id, side_counts
from photoclust.learn.training import Training
from photoclust.workflows.context import TRAIN, Context
from photoclust.workflows.train.labelled import labelled_faces
from photoclust.workflows.train.learner import learner_of, shown_rows
from photoclust.workflows.train.outcome import TrainingOutcome, finish

__all__ = ["TrainingOutcome", "resume", "train"]

_DOUBTS_SHOWN = 5


def train(
    store: IndexStore,
    folder: Path,
    config: TrainConfig,
    labels: str,
    sure: float,
    context: Context,
) -> TrainingOutcome:
    """Learn from the labelled faces of an index.

    Parameters
    ----------
    store
        The index.
    folder
        Where the run is kept; a new folder.
    config
        What to do.
    labels
        ``folders``, the path of a CSV, or ``people``: those who have a name in the index.
    sure
        Of ``people``, how probable a membership must be to count, in [0, 1].
    context
        Told how far the run is.

    Raises
    ------
    UsageError
        The labels cannot be used, or are too few.
    TrainingError
        The run cannot be kept, or the loss is no number any more.
    """
    faces, notes = labelled_faces(store, labels, sure)
    notes = (*notes, *_doubts(faces))
    for note in notes:
        context.log(note)
    count = np.bincount(faces.person, minlength=len(faces.names))
    side = split_people(count, (config.validation, config.test), config.seed)[faces.person]
    kept = RunFaces(faces.face_ids, faces.photos, [faces.names[person] for person in faces.person], side)
    run = RunFolder.create(folder, _head(store, config, labels, kept, faces, notes), kept)
    run.write_array("embeddings.npy", faces.embeddings)
    context.log(_sides(kept))
    return resume(folder, context)


def resume(folder: Path, context: Context) -> TrainingOutcome:
    """Go on with a run from its last checkpoint, and judge what comes out.

    The numbers are those of a run that was never interrupted, on the same machine.

    Raises
    ------
    TrainingError
        There is no run, it is of another photoclust, or it cannot go on.
    """
    run = RunFolder.open(folder)
    head = run.head()
    if head.torch != torch.__version__:
        context.log(f"Begun with PyTorch {head.torch}, this is {torch.__version__}: numbers may differ.")
    with run.lock(), _threads(head.threads):
        training = learner_of(run, context.log)
        if state := run.load():
            training.restore(state)
        _train(run, training, context)
        return finish(run, training, context.log)


@contextmanager
def _threads(count: int) -> Generator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _train(run: RunFolder, training: Training, context: Context) -> None:
    config = training.config
    with context.progress(TRAIN, config.epochs * training.batches_an_epoch) as advance:
        advance(max(0, len(training.curves) - 1) * training.batches_an_epoch)
        while not training.is_over:
            epoch = training.next_epoch(advance)
            _keep(run, training, epoch)
            context.log(_line(epoch))


def _keep(run: RunFolder, training: Training, epoch: Epoch) -> None:
    """Write what an epoch gave; last the file that says how far the run is."""
    if best_epoch(training.curves) is epoch:
        run.save_weights("checkpoints/best.safetensors", training.network.state_dict())
    number = epoch.epoch
    if number & (number - 1) == 0:  # 0, 1, 2, 4, 8 ...
        run.write_array(f"maps/epoch-{number:04}.npy", training.embed(shown_rows(run.faces())))
    run.write("curves.csv", as_csv(training.curves).encode())
    run.save(training.state())


def _line(epoch: Epoch) -> str:
    said = f"epoch {epoch.epoch:3}  validation TAR {epoch.validation_tar:.4f}"
    if epoch.loss is None:
        return f"{said}  (before training)"
    distances = f"distances {epoch.genuine:.3f} own, {epoch.impostor:.3f} other"
    return f"{said}  loss {epoch.loss:.4f}  {distances}  active {epoch.active:.2%}"


def _head(
    store: IndexStore,
    config: TrainConfig,
    labels: str,
    kept: RunFaces,
    faces: LabelledFaces,
    notes: tuple[str, ...],
) -> RunHead:
    threads = 1 if config.what == "head" else torch.get_num_threads()
    return RunHead(
        run_id(config, store.model_sha256, kept, faces.embeddings),
        config,
        store.settings.embed.model,
        store.model_sha256,
        store.called,
        labels,
        __version__,
        torch.__version__,
        threads,
        datetime.now(UTC).isoformat(timespec="seconds"),
        notes,
    )


def _sides(kept: RunFaces) -> str:
    parts = [f"{name} {people} people in {faces} photos" for name, people, faces in side_counts(kept)]
    return "; ".join(parts).capitalize() + "."


def _doubts(faces: LabelledFaces) -> list[str]:
    """Sentences on labels that disagree with faces."""
    found = doubtful_labels(faces)
    if not found:
        return []
    said = [
        f"{faces.photos[doubt.row]} is under {faces.names[faces.person[doubt.row]]!r} "
        f"(similarity {doubt.own_similarity:.2f}) but more like {faces.names[doubt.rival]!r} "
        f"({doubt.rival_similarity:.2f})"
        for doubt in found[:_DOUBTS_SHOWN]
    ]
    more = f"; and {len(found) - _DOUBTS_SHOWN} more" if len(found) > _DOUBTS_SHOWN else ""
    photos = "label disagrees with its face" if len(found) == 1 else "labels disagree with their faces"
    return [f"{len(found)} {photos}: {'; '.join(said)}{more}. `photoclust dedupe` looks at labels closely."]
