"""What distances of a trained model mean: measured on validation people, checked on test people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from photoclust.evaluate.verification import cllr, min_cllr, weighted_calibration_error
from photoclust.index.columns import in_order
from photoclust.index.store import IndexStore
from photoclust.learn.faces import TEST, VALIDATION
from photoclust.learn.pairs import PairTest
from photoclust.learn.run_faces import RunFaces
from photoclust.learn.run_folder import RunFolder
from photoclust.people.calibration.evidence import calibration_from
from photoclust.people.calibration.files import StoredCalibration, packed, store_calibration, unpacked
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.calibration.making import made_calibration
from photoclust.people.calibration.measuring import LEAST_PEOPLE
from photoclust.people.calibration.pairs import from_values, templates
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.types import Floats, Rows

CALIBRATION = "model/calibration.npz"
_SUMMARY = "calibration.json"
_LEAST_REPEATED = 10  # people in several photos; of fewer, drawn with replacement, some draws have none


@dataclass(frozen=True)
class TrainedCalibration:
    """How a result was calibrated.

    Attributes
    ----------
    people, photos
        Validation people and their photos.
    error
        Of probabilities of test pairs at even prior odds: how far they are from the shares that are right, on
        average, in [0, 1]; None where there were too few validation people to calibrate anything.
    cllr, min_cllr
        Cost of the evidence of test pairs, and of the best that the same order of pairs allows, in bits.
    missing
        Why there is no calibration; empty where there is one.
    """

    people: int
    photos: int
    error: float | None = None
    cllr: float | None = None
    min_cllr: float | None = None
    missing: str = ""

    def line(self) -> str:
        """The same in a sentence."""
        if self.missing:
            return (
                f"Not calibrated on validation people: {self.missing} Distances are not called probabilities "
                "until `photoclust calibrate` was run on an index of the model; or train with more people."
            )
        return (
            f"Calibrated on {self.people} validation people in {self.photos} photos; of pairs of test people "
            f"probabilities are off by {self.error:.1%} on average."
        )


def columns_for_calibration(store: IndexStore, face_ids: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
    """What a calibration needs to know of faces besides their vectors, as the run keeps it."""
    ids = pa.chunked_array([pa.array(list(face_ids), pa.string())])
    names = {"quality": "quality.npy", "box": "boxes.npy"}
    return {
        file: np.array(in_order(store.column(name, ids), ids), np.float32) for name, file in names.items()
    }


def calibrate_result(run: RunFolder, faces: RunFaces, vectors: Floats) -> TrainedCalibration:
    """Calibrate what a run gave, unless that is done.

    Parameters
    ----------
    run
        Its folder.
    faces
        Its faces.
    vectors
        float32, shape (n, d): these embedded by the result, unit rows as they come.
    """
    if not run.path(_SUMMARY).exists():
        made = _made(run, faces, vectors)
        if made[0] is not None:
            run.write(CALIBRATION, packed(made[0].values, made[0].arrays))
        run.write_json(_SUMMARY, asdict(made[1]))
    return calibration_of_run(run.folder)


def calibration_of_run(folder: Path) -> TrainedCalibration:
    """How the result of a run that is over was calibrated."""
    return TrainedCalibration(**RunFolder(folder).read_json(_SUMMARY))


def install_calibration(run: RunFolder, name: str) -> bool:
    """Keep the calibration of a run beside the model that was made of it; tells whether there is one."""
    if not run.path(CALIBRATION).is_file():
        return False
    found = unpacked(run.path(CALIBRATION))
    values = found.values | {"model": name, "pairs": found.values["pairs"] | {"model": name}}
    store_calibration(name, values, found.arrays)
    return True


def _made(
    run: RunFolder, faces: RunFaces, vectors: Floats
) -> tuple[StoredCalibration | None, TrainedCalibration]:
    rows = np.flatnonzero(faces.side == VALIDATION)
    known = _input(run, faces, vectors, rows)
    count = np.bincount(known.truth)
    summary = TrainedCalibration(len(count), len(rows))
    repeated = int((count > 1).sum())
    if len(count) < LEAST_PEOPLE or repeated < _LEAST_REPEATED:
        needed = f"{LEAST_PEOPLE} people, {_LEAST_REPEATED} of them in several photos"
        return None, replace(summary, missing=f"that takes {needed}, not {len(count)} and {repeated}.")
    made = made_calibration(known, f"run-{run.head().id}", "labels")
    return made, replace(summary, **_errors(made, faces, vectors))


def _input(run: RunFolder, faces: RunFaces, vectors: Floats, rows: Rows) -> LabelledInput:
    """Some faces as calibration takes them."""
    photo = np.unique(faces.photos, return_inverse=True)[1]
    person = np.unique(np.array(faces.people)[rows], return_inverse=True)[1].astype(np.int64)
    quality, boxes = (run.read_array(f"{name}.npy")[rows] for name in ("quality", "boxes"))
    return LabelledInput(VerifyInput(vectors[rows], quality, photo[rows], boxes), person)


def _errors(made: StoredCalibration, faces: RunFaces, vectors: Floats) -> Mapping[str, float]:
    """How right the evidence of pairs of test people is."""
    rows = np.flatnonzero(faces.side == TEST)
    test = PairTest.of(np.unique(np.array(faces.people)[rows], return_inverse=True)[1].astype(np.int64))
    calibration, known = calibration_from(made), from_values(made.values["pairs"])
    tested = templates(calibration, calibration.centred(vectors[rows]))
    similarity = test.similarity(tested.vectors)
    similarity -= (tested.hubness[test.pairs.left] + tested.hubness[test.pairs.right]) / 2
    evidence, same = known.evidence(similarity), test.pairs.same
    own, other = ((evidence[chosen], test.pairs.weight[chosen]) for chosen in (same, ~same))
    error = weighted_calibration_error(own, other)
    found = {"error": error, "cllr": cllr(own, other), "min_cllr": min_cllr(own, other)}
    return {name: round(value, 5) for name, value in found.items()}
