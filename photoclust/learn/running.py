"""A run at work: what it trains, built from its folder the same each time, and what is kept of each epoch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from photoclust.errors import TrainingError
from photoclust.learn.augmentation import varied
from photoclust.learn.config import RANDOM, TrainConfig
from photoclust.learn.curves import Epoch, as_csv, best_epoch
from photoclust.learn.faces import TRAINING, VALIDATION
from photoclust.learn.heads import ResidualHead, mean_embedding
from photoclust.learn.material import Material, Workers
from photoclust.learn.networks import new_network
from photoclust.learn.run_faces import RunFaces
from photoclust.learn.run_folder import RunFolder, RunHead
from photoclust.learn.training import Training
from photoclust.models.weights import weights_path, weights_sha256
from photoclust.types import Floats, Rows

_PEOPLE_SHOWN, _PHOTOS_SHOWN = 12, 12  # on a map


def training_of(
    run: RunFolder, log: Callable[[str], None], workers: Workers | None = None, place: str | None = None
) -> Training:
    """Build what a run trains, as it is after its last checkpoint.

    Parameters
    ----------
    run
        Its folder.
    log
        Is told what a person should know.
    workers
        Other processes that train the same network.
    place
        Where PyTorch runs; on a GPU if there is one.
    """
    config, faces = run.head().config, run.faces()
    if config.what == "network":
        training = network_training(run, config, faces, place or device(), log, workers)
    else:
        training = head_training(config, faces, run.read_array("embeddings.npy"), log)
    if state := run.load():
        training.restore(state)
    return training


def train_epochs(
    run: RunFolder,
    training: Training,
    told: Callable[[Epoch], None],
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Train to the end, and keep each epoch; only the first of several workers writes."""
    while not training.is_over:
        epoch = training.next_epoch(advance)
        if not training.workers.rank:
            _keep(run, training, epoch)
        told(epoch)


def _keep(run: RunFolder, training: Training, epoch: Epoch) -> None:
    """Write what an epoch gave; last the file that says how far the run is."""
    if best_epoch(training.curves) is epoch:
        run.save_weights("checkpoints/best.safetensors", training.network.state_dict())
    number = epoch.epoch
    if number & (number - 1) == 0:  # 0, 1, 2, 4, 8 ...
        run.write_array(f"maps/epoch-{number:04}.npy", training.embed(shown_rows(run.faces())))
    run.save(training.state())
    run.write("curves.csv", as_csv(training.curves).encode())


def device() -> str:
    """Where networks are trained."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def network_training(
    run: RunFolder,
    config: TrainConfig,
    faces: RunFaces,
    place: str,
    log: Callable[[str], None],
    workers: Workers | None = None,
) -> Training:
    """Training of a network on the crops that the run keeps."""
    weights = None if config.init == RANDOM else _weights_of_parent(run.head())
    crops = np.load(run.path("crops.npy"), mmap_mode="r", allow_pickle=False)

    def inputs(rows: Rows, vary: bool) -> torch.Tensor:
        pixels = torch.from_numpy(crops[rows]).permute(0, 3, 1, 2)
        return varied(pixels) if vary and config.augment else pixels

    network = new_network(config.arch, weights, config.seed)
    return Training(network, config, material_of(faces, inputs), place, workers, log)


def head_training(
    config: TrainConfig, faces: RunFaces, embeddings: Floats, log: Callable[[str], None]
) -> Training:
    """Training of a head on stored embeddings."""
    inputs = torch.from_numpy(embeddings)
    torch.manual_seed(config.seed)
    head = ResidualHead(config.head, mean_embedding(inputs[torch.from_numpy(faces.side == TRAINING)]))
    return Training(head, config, material_of(faces, lambda rows, _: inputs[rows]), log=log)


def _weights_of_parent(head: RunHead) -> Path:
    there = weights_sha256(head.parent)
    if there != head.parent_sha256:
        raise TrainingError(
            f"The run began with the weights {head.parent_sha256[:12]} of {head.parent}; those here "
            f"are {there[:12]}. Go on where the former are, or begin a new run."
        )
    return weights_path(head.parent)


def material_of(faces: RunFaces, inputs: Callable[[Rows, bool], torch.Tensor]) -> Material:
    """What is learned from: of training people, those with two photos and more."""
    person = np.unique(faces.people, return_inverse=True)[1].astype(np.int64)
    often = np.bincount(person)[person] > 1
    training = np.flatnonzero((faces.side == TRAINING) & often)
    return Material(inputs, person, faces.photos, training, np.flatnonzero(faces.side == VALIDATION))


def shown_rows(faces: RunFaces) -> Rows:
    """Faces of the validation people with the most photos, for a map; always the same."""
    rows = np.flatnonzero(faces.side == VALIDATION)
    names, person = np.unique(np.array(faces.people)[rows], return_inverse=True)
    largest = np.argsort(-np.bincount(person, minlength=len(names)), kind="stable")[:_PEOPLE_SHOWN]
    return np.concatenate([rows[person == one][:_PHOTOS_SHOWN] for one in largest])
