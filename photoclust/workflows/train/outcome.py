"""What comes out of a run: its best epoch, judged on test people, as a model; and pages to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from photoclust.errors import TrainingError
from photoclust.learn.curves import Epoch, as_csv, best_epoch
from photoclust.learn.faces import TEST, TRAINING, VALIDATION
from photoclust.learn.heads import centred, mean_embedding
from photoclust.learn.judgement import Judgement, equal_error_distance, judge
from photoclust.learn.run_faces import RunFaces, side_counts
from photoclust.learn.run_folder import RunFolder, RunHead
from photoclust.learn.training import Training
from photoclust.types import Floats
from photoclust.workflows.train.calibration import TrainedCalibration, calibrate_result
from photoclust.workflows.train.model import install_model, write_model
from photoclust.workflows.train.pages import write_pages


@dataclass(frozen=True)
class TrainingOutcome:
    """A run that is over.

    Attributes
    ----------
    folder
        Where it lies.
    head
        What it is.
    sides
        People and faces in training, validation and test: (name, people, faces).
    curves
        What was measured after each epoch.
    judgement
        How the best epoch compares with the parent on test people.
    calibration
        How it was calibrated on validation people.
    """

    folder: Path
    head: RunHead
    sides: tuple[tuple[str, int, int], ...]
    curves: tuple[Epoch, ...]
    judgement: Judgement
    calibration: TrainedCalibration

    def install(self, name: str, force: bool = False) -> Path:
        """Make the result a model of this machine, called `name`; see `photoclust.learn.judgement`.

        Raises
        ------
        TrainingError
            It is not better than its parent by more than chance; `force` installs it all the same.
        WeightsError
            The name stands for another model.
        """
        return install_model(self.folder, name, force)

    @property
    def best(self) -> Epoch:
        """The epoch that was kept: that with the best validation."""
        return best_epoch(self.curves)

    def lines(self) -> list[str]:
        """What came out, a sentence each."""
        found, best = self.judgement, self.best
        verdict = (
            "Better than its parent by more than chance."
            if found.is_better
            else f"Refused: not better than {self.head.parent} by more than chance."
        )
        return [
            f"Best epoch {best.epoch} of {self.curves[-1].epoch}: validation TAR {best.validation_tar:.4f}, "
            f"{self.curves[0].validation_tar:.4f} before training.",
            f"Test: {found.people} people, {found.faces} photos, none of them trained on.",
            _compared(f"TAR at a false match rate of {found.false_match_rate:.2g}", found.tar),
            _compared("BCubed F", found.bcubed),
            verdict,
            self.calibration.line(),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "folder": str(self.folder.absolute()),
            **asdict(self.head),
            "sides": [dict(zip(("side", "people", "photos"), one, strict=True)) for one in self.sides],
            "curves": [asdict(epoch) for epoch in self.curves],
            "best_epoch": self.best.epoch,
            "judgement": self.judgement.to_dict(),
            "calibration": asdict(self.calibration),
        }


def _compared(name: str, found: Any) -> str:
    return (
        f"{name}: {found.parent:.4f} before, {found.result:.4f} after; difference {found.difference:+.4f}, "
        f"95 % interval {found.low:+.4f} to {found.high:+.4f}."
    )


def finish(run: RunFolder, training: Training, log: Callable[[str], None]) -> TrainingOutcome:
    """Judge the best epoch, and write the model and the pages; what is there already is not done again."""
    head, faces = run.head(), run.faces()
    run.write("curves.csv", as_csv(training.curves).encode())
    training.network.load_state_dict(run.load_weights("checkpoints/best.safetensors"))
    rows = {side: np.flatnonzero(faces.side == side) for side in (VALIDATION, TEST)}
    before, learned = parent_vectors(run, faces), training.embed(np.arange(len(faces.side)))
    after = without_mean(learned, faces) if head.config.what == "network" else learned
    if not run.path("judgement.json").exists():
        log("Judging the result on test people ...")
        judged = _judged(before, after, training.material.person, rows)
        run.write_json("judgement.json", judged.to_dict())
    judgement = Judgement.of(run.read_json("judgement.json"))
    calibration = calibrate_result(run, faces, learned)
    outcome = TrainingOutcome(
        run.folder, head, tuple(side_counts(faces)), tuple(training.curves), judgement, calibration
    )
    try:
        write_model(run, training.network)
    except TrainingError as error:
        log(str(error))
    write_pages(run, outcome.to_dict(), outcome.lines(), (before, after), training.material.person)
    return outcome


def parent_vectors(run: RunFolder, faces: RunFaces) -> Floats:
    """Embeddings of the parent as they are compared: the mean of training faces taken away, unit rows."""
    return without_mean(run.read_array("embeddings.npy"), faces)


def without_mean(vectors: Floats, faces: RunFaces) -> Floats:
    """Vectors with the mean of training faces taken away, as unit rows."""
    rows = torch.from_numpy(vectors)
    return centred(rows, mean_embedding(rows[torch.from_numpy(faces.side == TRAINING)])).numpy()


def _judged(before: Floats, after: Floats, person: np.ndarray[Any, Any], rows: dict[int, Any]) -> Judgement:
    known, tested = rows[VALIDATION], rows[TEST]
    thresholds = tuple(equal_error_distance(one[known], person[known]) for one in (before, after))
    return judge((before[tested], after[tested]), person[tested], (thresholds[0], thresholds[1]))
