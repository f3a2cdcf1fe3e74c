"""The result of a run as a model like any other: a file and a card, installed if it is better."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from photoclust.errors import TrainingError
from photoclust.learn.heads import ResidualHead
from photoclust.learn.judgement import Judgement
from photoclust.learn.networks import SIZES, SMALL_DIMENSION, FaceNetwork, margin_of, write_onnx
from photoclust.learn.run_faces import side_counts
from photoclust.learn.run_folder import RunFolder, RunHead
from photoclust.models import Card, Head, card_of, install, write_head
from photoclust.models.cards import FACENET, HEAD, ONNX
from photoclust.records import EMBEDDING_SIZE
from photoclust.workflows.train.calibration import install_calibration

CARD = "model/card.toml"
_DIMENSIONS = {"small": SMALL_DIMENSION, "inception": EMBEDDING_SIZE}
_FILES = {HEAD: "model/head.safetensors", FACENET: "model/network.safetensors", ONNX: "model/network.onnx"}


def write_model(run: RunFolder, network: torch.nn.Module) -> None:
    """Keep what was learned as a model file and a card, in the folder of the run."""
    head = run.head()
    form = _format(head)
    content = _content(form, network, head)
    run.write(_FILES[form], content)
    card = _card(run, head, form, hashlib.sha256(content).hexdigest())
    run.write(CARD, card.to_text().encode())


def install_model(folder: Path, name: str, force: bool = False) -> Path:
    """Make the result of a run a model of this machine with its calibration, if it is better than its parent.

    Parameters
    ----------
    folder
        Of the run.
    name
        What the model is to be called.
    force
        Install it even if it was refused.

    Returns
    -------
    Path
        The file among the models.

    Raises
    ------
    TrainingError
        The run is not over, or its result was refused.
    WeightsError
        The name stands for another model, or the parent is not the one the run began with.
    """
    run = RunFolder.open(folder)
    if not run.path("judgement.json").is_file() or not run.path(CARD).is_file():
        raise TrainingError(
            f"The run {folder} is not over.",
            cli=f"Go on with `photoclust train resume {folder}`.",
            python="Go on with photoclust.resume_training.",
        )
    if not force and not Judgement.of(run.read_json("judgement.json")).is_better:
        raise TrainingError(
            f"The result of {folder} is not better than {run.head().parent} by more than chance, and is not "
            "installed.",
            cli="--force installs it all the same.",
            python="force=True installs it all the same.",
        )
    card = Card.of_text(run.read_text(CARD), str(run.path(CARD)))
    path = install(replace(card, name=name), run.path(_FILES[card.format]))
    install_calibration(run, name)
    return path


def _format(head: RunHead) -> str:
    if head.config.what == "head":
        return HEAD
    return FACENET if head.config.arch == "inception" else ONNX


def _content(form: str, network: torch.nn.Module, head: RunHead) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model"
        if isinstance(network, ResidualHead):
            layers = tuple((weight.numpy(), bias.numpy()) for weight, bias in network.layers())
            write_head(Head(layers, residual=True), file)
        elif form == FACENET:
            from safetensors.torch import save_file

            assert isinstance(network, FaceNetwork)
            state = network.layers.state_dict()
            save_file({name: value.contiguous().cpu() for name, value in state.items()}, file)
        else:
            assert isinstance(network, FaceNetwork)
            write_onnx(network, SIZES[head.config.arch], file)
        return file.read_bytes()


def _card(run: RunFolder, head: RunHead, form: str, sha256: str) -> Card:
    parent, derived = card_of(head.parent), head.config.begins_with_a_model
    size = SIZES[head.config.arch] if form != HEAD else parent.size
    _, people, photos = side_counts(run.faces())[0]
    return Card(
        name=f"run-{head.id}",
        format=form,
        dimension=parent.dimension if form == HEAD else _DIMENSIONS[head.config.arch],
        licence=parent.licence if derived else "The user's own, as are the photos it was made from.",
        source="trained by photoclust",
        sha256=sha256,
        size=size,
        margin=margin_of(size) if form != HEAD else parent.margin,
        commercial=parent.commercial or not derived,
        trained_on=f"{people} people in {photos} photos of the user's own",
        parent=head.parent if derived else None,
        parent_sha256=head.parent_sha256 if derived else None,
        lineage=f"run {head.id}",
    )
