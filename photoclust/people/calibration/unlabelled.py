"""People for a calibration, where nobody has said who is who: from what every collection contains.

Faces of one photo are different people, and near-identical faces, as of a burst, are one. How alike strangers
are is told by faces of one photo, or where these are few by pairs of any photos, nearly all of which are two
people. From that follows a threshold, and with it people are found as for a model of which only a threshold
is known (`photoclust.people.calibration.assumed`), faces of one photo kept apart. These people are then taken
for labels. They lack the pairs that the model itself does not see: probabilities come out too sure.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.errors import UsageError
from photoclust.people.calibration.assumed import assumed_calibration
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.near_duplicates import NEAR_IDENTICAL
from photoclust.people.graph.neighbours import neighbours, unit_rows
from photoclust.types import Doubles, Floats, Rows

_DEVIATIONS = 3.0  # above the mean of strangers: casia-webface's best threshold lies there
_ENOUGH = 2_000  # pairs within photos that tell how alike strangers are
_PAIRS = 200_000
_LEAST_FACES = 200


def people_of_photos(faces: VerifyInput, min_quality: float = ClusterConfig.min_quality) -> LabelledInput:
    """Faces that are somebody's or surely nobody else's, and people found among them.

    Parameters
    ----------
    faces
        Embeddings as they come.
    min_quality
        Faces of less are left out.

    Raises
    ------
    UsageError
        There are too few.
    """
    good = np.flatnonzero(faces.quality >= min_quality)
    if len(good) < _LEAST_FACES:
        raise UsageError(f"A calibration without labels needs {_LEAST_FACES} clear faces, not {len(good)}.")
    kept = VerifyInput(
        unit_rows(faces.embeddings[good]), faces.quality[good], faces.photos[good], faces.boxes[good]
    )
    calibration = assumed_calibration(kept.embeddings, threshold_of(kept.embeddings, kept.photos))
    config = ClusterConfig(photo_copies=False)
    centred = replace(kept, embeddings=calibration.centred(kept.embeddings))
    graph = neighbours(centred.embeddings, config.k, "auto")
    group = cluster_faces(candidates_of(centred, graph, config, calibration))[1].group.astype(np.int64)
    alone = group < 0
    group[alone] = group.max(initial=-1) + 1 + np.arange(alone.sum())
    return LabelledInput(kept, np.unique(group, return_inverse=True)[1].astype(np.int64))


def threshold_of(rows: Floats, photos: Rows) -> float:
    """Cosine distance, in (0, 1), that few pairs of strangers are nearer than."""
    strangers = within_photos(rows, photos)
    if len(strangers) < _ENOUGH:
        strangers = _of_two_photos(rows, photos)
    middle = float(np.median(strangers))
    deviation = float(np.median(np.abs(strangers - middle)) * 1.4826)  # of a normal distribution
    return float(np.clip(1 - (middle + _DEVIATIONS * deviation), 0.05, 0.95))


def within_photos(rows: Floats, photos: Rows) -> Doubles:
    """Cosines of the pairs of faces of one photo, without those that are one face twice."""
    order = np.argsort(photos, kind="stable")
    found: list[Doubles] = []
    step = 1
    while step < len(order):
        one, other = order[:-step], order[step:]
        same = photos[one] == photos[other]
        if not same.any():
            break
        found.append(np.einsum("ij,ij->i", rows[one[same]], rows[other[same]]).astype(np.float64))
        step += 1
    cosine = np.concatenate([np.zeros(0), *found])
    return cosine[cosine < 1 - NEAR_IDENTICAL]


def _of_two_photos(rows: Floats, photos: Rows) -> Doubles:
    left, right = np.random.default_rng(0).integers(0, len(rows), (2, _PAIRS))
    apart = photos[left] != photos[right]
    return np.einsum("ij,ij->i", rows[left[apart]], rows[right[apart]]).astype(np.float64)
