"""Learning from labelled faces: ``photoclust train``."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from photoclust import __version__
from photoclust.config import CropConfig
from photoclust.errors import TrainingError, UsageError
from photoclust.index.store import IndexStore
from photoclust.learn.config import RANDOM, TrainConfig
from photoclust.learn.curves import Epoch
from photoclust.learn.faces import LabelledFaces, doubtful_labels, split_people
from photoclust.learn.networks import SIZES, margin_of
from photoclust.learn.run_faces import RunFaces, side_counts
from photoclust.learn.run_folder import RunFolder, RunHead, run_id
from photoclust.learn.running import train_epochs, training_of
from photoclust.learn.training import Training
from photoclust.models.weights import card_of
from photoclust.workflows.context import CROP, EPOCH, TRAIN, Context
from photoclust.workflows.train.calibration import columns_for_calibration
from photoclust.workflows.train.crops import Crops, cut_crops
from photoclust.workflows.train.labelled import labelled_faces
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
    card = card_of(store.settings.embed.model)
    if config.what == "network" and config.init not in (RANDOM, card.name):
        raise UsageError(
            f"{store.called} is an index of {card.name}, which the result is held against; begin with "
            f"{card.name} or with {RANDOM}, not with {config.init}."
        )
    faces, notes = labelled_faces(store, labels, sure)
    notes = (*notes, *_doubts(faces))
    crops = None
    if config.what == "network":
        faces, crops, unread = _with_crops(store, faces, config, context)
        notes = (*notes, *unread)
    for note in notes:
        context.log(note)
    count = np.bincount(faces.person, minlength=len(faces.names))
    side = split_people(count, (config.validation, config.test), config.seed)[faces.person]
    kept = RunFaces(faces.face_ids, faces.photos, [faces.names[person] for person in faces.person], side)
    arrays = {"embeddings.npy": faces.embeddings} | columns_for_calibration(store, faces.face_ids)
    if crops is not None:
        arrays["crops.npy"] = crops
    RunFolder.create(folder, _head(store, config, labels, kept, faces, notes), kept, arrays)
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
        if head.config.workers > 1 and not _is_over(run):
            _with_workers(run, context)
        training = training_of(run, context.log)
        _train(run, training, context)
        return finish(run, training, context.log)


def _is_over(run: RunFolder) -> bool:
    return run.path("judgement.json").exists()


def _with_workers(run: RunFolder, context: Context) -> None:
    """Train in several processes; what they keep is what one process would go on from."""
    if context.train_with_workers is None:
        raise TrainingError("Nothing here can train with several workers.")
    config = run.head().config
    context.log(f"{config.workers} workers train.")
    with context.progress(EPOCH, config.epochs + 1) as advance:

        def told(epoch: Epoch) -> None:
            advance(1)
            context.log(_line(epoch))

        context.train_with_workers(run.folder, config.workers, told)


@contextmanager
def _threads(count: int) -> Generator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _with_crops(
    store: IndexStore, faces: LabelledFaces, config: TrainConfig, context: Context
) -> tuple[LabelledFaces, Crops, tuple[str, ...]]:
    """The faces whose photos can still be read, their crops, and a sentence on the others."""
    size = SIZES[config.arch]
    crops = np.zeros((len(faces), size, size, 3), np.uint8)
    failed: dict[int, str] = {}
    with context.progress(CROP, len(faces)) as advance:
        for place, crop in cut_crops(store, faces.face_ids, CropConfig(size, margin_of(size))):
            if isinstance(crop, str):
                failed[place] = crop
            else:
                crops[place] = crop
            advance(1)
    if not failed:
        return faces, crops, ()
    first, reason = next(iter(failed.items()))
    left_out = "photo cannot" if len(failed) == 1 else "photos cannot"
    note = f"Left out: {len(failed)} {left_out} be read any more, {faces.photos[first]} for one ({reason})."
    kept = np.setdiff1d(np.arange(len(faces)), list(failed))
    if not len(kept):
        raise UsageError(
            f"None of the photos can be read any more: {faces.photos[first]} for one ({reason})."
        )
    return faces.take(kept).renumbered(), crops[kept], (note,)


def _train(run: RunFolder, training: Training, context: Context) -> None:
    config = training.config
    if training.is_over:
        return
    with context.progress(TRAIN, config.epochs * training.batches_an_epoch) as advance:
        advance(max(0, len(training.curves) - 1) * training.batches_an_epoch)
        train_epochs(run, training, lambda epoch: context.log(_line(epoch)), advance)


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
    threads = torch.get_num_threads() if config.what == "network" and config.workers == 1 else 1
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
