"""What a run trains: built from its folder, the same each time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from photoclust.learn.config import TrainConfig
from photoclust.learn.faces import TRAINING, VALIDATION
from photoclust.learn.heads import ResidualHead, mean_embedding
from photoclust.learn.run_folder import RunFaces, RunFolder
from photoclust.learn.training import Material, Training
from photoclust.types import Floats, Rows

_PEOPLE_SHOWN, _PHOTOS_SHOWN = 12, 12  # on a map


def learner_of(run: RunFolder, log: Callable[[str], None]) -> Training:
    """Build what the run trains, as it is before the first epoch."""
    config, faces = run.head().config, run.faces()
    embeddings = run.read_array("embeddings.npy")
    return head_training(config, faces, embeddings, log)


def head_training(
    config: TrainConfig, faces: RunFaces, embeddings: Floats, log: Callable[[str], None]
) -> Training:
    """Training of a head on stored embeddings."""
    inputs = torch.from_numpy(embeddings)
    torch.manual_seed(config.seed)
    head = ResidualHead(config.head, mean_embedding(inputs[torch.from_numpy(faces.side == TRAINING)]))
    return Training(head, config, material_of(faces, lambda rows, _: inputs[rows]), log=log)


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
