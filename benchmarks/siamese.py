"""What a small Siamese network learns from nothing, by contrastive loss and by triplets of three minings.

    python benchmarks/siamese.py INDEX FOLDER    # four runs, a table, and FOLDER/minings.png

INDEX holds labelled folders whose photos are still there. The runs go to FOLDER, one folder each, and differ
in the loss and its mining alone; a run that was interrupted goes on, and one that is over is only told again.
Printed are, on test people, the true accept rate at a false match rate of 1 in 1,000, and the share of pairs
told rightly, both kinds counting the same, at the distance where both errors are equal on validation people;
and what a run took. The last line is the model of the index on the same people.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import photoclust
from photoclust.learn.curves import Epoch
from photoclust.learn.faces import TEST, VALIDATION
from photoclust.learn.judgement import equal_error_similarity
from photoclust.learn.pairs import PairTest
from photoclust.learn.run_folder import RunFolder
from photoclust.learn.running import training_of
from photoclust.types import Floats
from photoclust.workflows.train import TrainingOutcome

RUNS = {
    "contrastive": {"loss": "contrastive"},
    "triplet-random": {"loss": "triplet", "mining": "random"},
    "triplet-semihard": {"loss": "triplet", "mining": "semihard"},
    "triplet-batch-hard": {"loss": "triplet", "mining": "batch-hard"},
}


def run_of(index: str, folder: Path, config: photoclust.TrainConfig) -> TrainingOutcome:
    """Train, or go on, or read what came out."""
    if (folder / "run.json").exists():
        return photoclust.resume_training(folder)
    return photoclust.train(index, folder, config)


def accuracy(vectors: Floats, run: RunFolder) -> float:
    """Share of the pairs of test people told rightly, at the distance that validation people say."""
    faces = run.faces()
    person = np.unique(faces.people, return_inverse=True)[1].astype(np.int64)
    known, tested = (np.flatnonzero(faces.side == side) for side in (VALIDATION, TEST))
    limit = equal_error_similarity(vectors[known], person[known])
    test = PairTest.of(person[tested])
    similarity, same = test.similarity(vectors[tested]), test.pairs.same
    accepted = np.average(similarity[same] > limit, weights=test.pairs.weight[same])
    return float(accepted + (similarity[~same] <= limit).mean()) / 2


def learned_vectors(run: RunFolder) -> Floats:
    """All faces of a run by the epoch that was kept."""
    training = training_of(run, lambda _: None)
    training.network.load_state_dict(run.load_weights("checkpoints/best.safetensors"))
    return training.embed(np.arange(len(run.faces().side)))


def draw(curves: Mapping[str, tuple[Epoch, ...]], file: Path) -> None:
    """Draw the curves of several runs."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots(1, 3)
    for marker, (name, epochs) in zip("o^sD", curves.items(), strict=False):
        number = [one.epoch for one in epochs]
        active = [100 * one.active if one.active is not None else np.nan for one in epochs]
        gap = [one.validation_impostor - one.validation_genuine for one in epochs]
        for place, values in enumerate((active, gap, [one.validation_tar for one in epochs])):
            axes[place].plot(number, values, marker=marker, ms=3, label=name)
    titles = ("cost something, %", "validation: impostor − genuine distance", "validation: TAR at FMR 0.001")
    for one, title in zip(axes, titles, strict=True):
        one.set_title(title, fontsize=9)
        one.set(xlabel="epoch")
        one.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.savefig(file, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=30)
    asked = parser.parse_args()
    curves: dict[str, tuple[Epoch, ...]] = {}
    for name, values in RUNS.items():
        config = photoclust.TrainConfig(
            what="network",
            init="random",
            arch="small",
            epochs=asked.epochs,
            patience=asked.epochs,
            people_per_batch=10,
            validation=0.1,
            **values,
        )
        clock, processor = time.monotonic(), time.process_time()
        found = run_of(asked.index, asked.folder / name, config)
        minutes = (time.monotonic() - clock) / 60, (time.process_time() - processor) / 60
        run = RunFolder.open(found.folder)
        curves[name] = found.curves
        tar, told = found.judgement.tar, accuracy(learned_vectors(run), run)
        took = f"{minutes[0]:.1f} minutes, {minutes[1]:.1f} of a processor"
        figures = f"TAR {tar.result:.3f}  accuracy {told:.3f}  epoch {found.best.epoch}"
        print(f"{name:20} {figures}  {took}", flush=True)
    told = accuracy(run.read_array("embeddings.npy"), run)
    print(f"{found.head.parent:20} TAR {tar.parent:.3f}  accuracy {told:.3f}")
    draw(curves, asked.folder / "minings.png")


if __name__ == "__main__":
    main()
