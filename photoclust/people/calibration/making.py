"""Makes the calibration of a model from faces whose people are known, as it is kept beside the model."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from photoclust.people.calibration.evidence import values_of
from photoclust.people.calibration.files import StoredCalibration
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.calibration.measuring import Degraded, measured
from photoclust.people.calibration.pair_table import table

_DRAWS = 50  # of people; half as many as for what is shipped, in half of the time


def made_calibration(
    faces: LabelledInput, model: str, made_of: str, degraded: Degraded | None = None
) -> StoredCalibration:
    """Measure what the distances of a model mean.

    Parameters
    ----------
    faces
        Their embeddings as they come, and their people.
    model
        Its name.
    made_of
        ``labels``, or ``photos`` where people were found without.
    degraded
        Some of them as they are after degradation, where their photos could be read.

    Raises
    ------
    UsageError
        There are too few people, or nobody has two photos.
    """
    found = measured(faces, degraded)
    pairs = table(found, faces, model, degraded, draws=_DRAWS)
    evidence, arrays = values_of(found)
    values = {
        "model": model,
        "made_of": made_of,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "people": len(np.unique(faces.truth)),
        "photos": len(faces.truth),
        "evidence": evidence,
        "pairs": pairs,
    }
    return StoredCalibration(values, arrays)
