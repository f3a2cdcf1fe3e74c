"""Vectors that somebody else made, grouped into people as the faces of an index are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.config import ClusterConfig
from photoclust.errors import UsageError, VectorError
from photoclust.people.calibration.assumed import assumed_calibration
from photoclust.people.calibration.evidence import MODELS, Calibration, calibration_of, is_calibrated
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import NORM_TOLERANCE, neighbours
from photoclust.types import Floats


@dataclass(frozen=True)
class EmbeddingGroups:
    """People among n vectors.

    Attributes
    ----------
    labels
        int32, shape (n,): person of each vector, numbered by first appearance; −1 where it is nobody's.
    probabilities
        float32, shape (n,), in [0, 1]: probability that the membership is right; 0 where there is none.
    status
        str, shape (n,): ``member``; ``unsure``; ``low_quality`` of what is nobody's and too poor to found a
        person.
    """

    labels: npt.NDArray[np.int32]
    probabilities: Floats
    status: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def people(self) -> int:
        """How many people there are."""
        return int(self.labels.max(initial=-1)) + 1


def group_embeddings(
    X: npt.ArrayLike,  # noqa: N803  (scikit-learn's name)
    photos: npt.ArrayLike | None = None,
    quality: npt.ArrayLike | None = None,
    boxes: npt.ArrayLike | None = None,
    *,
    model: str | None = None,
    threshold: float | None = None,
    config: ClusterConfig | None = None,
) -> EmbeddingGroups:
    """Group vectors of faces into people.

    What a similarity says depends on the model that made the vectors. So name the `model`, where photoclust
    has measured it, or give the `threshold` that its authors or your own test of verification found best.
    With a threshold all else that must be known is derived from the vectors or assumed, on the careful side
    (`photoclust.people.calibration.assumed` says how): fewer are joined, and probabilities are the
    model's own, not measured.

    Parameters
    ----------
    X
        Real, shape (n, d): a vector for each face. They are scaled to unit length.
    photos
        Shape (n,), numbers or texts, equal for the faces of one photo, which are different people. By
        default every face has a photo of its own.
    quality
        Shape (n,), in [0, 1]: faces below ``config.min_quality`` found no person, and only join. By default
        all are good.
    boxes
        Shape (n, 4), x0, y0, x1, y1 in pixels of the photo: two that overlap by more than half are one face,
        detected twice. By default none overlap.
    model
        ``"casia-webface"``: the vectors are those of that model (d = 512).
    threshold
        Cosine distance, 1 − cos, in (0, 1), at which two faces are as likely one person as two. A Euclidean
        distance e of unit vectors is e² / 2.
    config
        How to group. With a threshold two faces of a photo are never one person: ``photo_copies``, which
        allows that of mirrors and collages, rests on what was measured of a model.

    Returns
    -------
    EmbeddingGroups

    Raises
    ------
    UsageError
        Neither or both of `model` and `threshold` are given, or what is given has a wrong shape or range.
    VectorError
        A vector is zero, or holds NaN or infinity; ``row`` tells which.

    Examples
    --------
    >>> import numpy as np, photoclust
    >>> rng = np.random.default_rng(0)
    >>> people = rng.normal(size=(3, 128))
    >>> X = np.repeat(people, 4, axis=0) + 0.3 * rng.normal(size=(12, 128))
    >>> groups = photoclust.group_embeddings(X, threshold=0.5)
    >>> groups.labels.tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    >>> groups.people
    3
    """
    config = config or ClusterConfig()
    rows = _unit(_numbers(X, "X", 2))
    n = len(rows)
    calibration = _calibration(rows, model, threshold)
    if n == 0:
        return EmbeddingGroups(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.str_))
    if threshold is not None:  # which two faces of a photo are one picture twice was not measured
        config = replace(config, photo_copies=False)
    centred = calibration.centred(rows)
    faces = VerifyInput(
        centred,
        np.ones(n, np.float32) if quality is None else _quality(quality, n),
        np.arange(n) if photos is None else _photos(photos, n),
        np.zeros((n, 4), np.float32) if boxes is None else _boxes(boxes, n),
    )
    graph = neighbours(centred, config.k, "auto")
    groups = cluster_faces(candidates_of(faces, graph, config, calibration))[1]
    return EmbeddingGroups(groups.group, groups.confidence, groups.status)


def _calibration(rows: Floats, model: str | None, threshold: float | None) -> Calibration:
    if (model is None) == (threshold is None):
        raise UsageError(
            "Give either model, the name of the model that made the vectors (casia-webface), or threshold, "
            "the cosine distance at which two of them are as likely one person as two."
        )
    if threshold is not None:
        return assumed_calibration(rows, threshold)
    if not is_calibrated(str(model)):
        known = ", ".join(sorted(MODELS))
        raise UsageError(f"Of the model {model!r} nothing is measured; give threshold, or one of: {known}.")
    calibration = calibration_of(str(model))
    if rows.shape[1] != len(calibration.mean):
        size = len(calibration.mean)
        raise UsageError(f"Vectors of {model} have {size} numbers; these have {rows.shape[1]}.")
    return calibration


# -- what is given --------------------------------------------------------------------------------------


def _numbers(values: npt.ArrayLike, name: str, dimensions: int) -> npt.NDArray[Any]:
    """Real numbers with so many dimensions."""
    if isinstance(values, np.lib.npyio.NpzFile):
        raise UsageError(one_of_several(name, values.files))
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise UsageError(f"{name} is no array: its rows differ in length.") from error
    if array.dtype == object or array.dtype.kind not in "fiub":
        raise UsageError(f"{name} must hold real numbers, not {array.dtype}.")
    if array.ndim != dimensions:
        raise UsageError(f"{name} must have {dimensions} dimensions; its shape is {array.shape}.")
    return array


def one_of_several(what: str, arrays: Sequence[str]) -> str:
    """Say of an archive of NumPy (.npz) that one of its arrays is wanted."""
    few = ", ".join(map(repr, arrays[:5])) + (" and more" if len(arrays) > 5 else "")
    return (
        f"{what} is an archive of arrays (.npz), not an array; give one of those it holds: {few or 'none'}."
    )


def _unit(vectors: npt.NDArray[Any]) -> Floats:
    """Rows of unit length; those that have it already, as in an index, stay as they are."""
    if vectors.shape[1] == 0:
        raise UsageError(f"X must have one column or more; its shape is {vectors.shape}.")
    with np.errstate(invalid="ignore", over="ignore"):
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    bad = ~((lengths > 0) & np.isfinite(lengths))
    if bad.any():
        row = int(bad.argmax())
        what = "is zero" if lengths[row] == 0 else "holds NaN, infinity or numbers that are too large"
        raise VectorError(f"The vector in row {row} {what}; leave it out, or compute it again.", row)
    scale = np.where(np.abs(lengths - 1) <= NORM_TOLERANCE, 1, lengths)
    return (vectors / scale[:, None]).astype(np.float32)


def _quality(values: npt.ArrayLike, n: int) -> Floats:
    quality = _of_length(_numbers(values, "quality", 1), "quality", n)
    if not ((quality >= 0) & (quality <= 1)).all():
        raise UsageError("quality must lie in [0, 1], without gaps.")
    return quality.astype(np.float32)


def _photos(values: npt.ArrayLike, n: int) -> npt.NDArray[np.int64]:
    photos = np.asarray(values)
    if photos.ndim != 1:
        raise UsageError(f"photos must have 1 dimension; its shape is {photos.shape}.")
    try:
        _, number = np.unique(_of_length(photos, "photos", n), return_inverse=True)
    except TypeError as error:
        raise UsageError("photos must be numbers or texts, not both, and without gaps.") from error
    return number.astype(np.int64)


def _boxes(values: npt.ArrayLike, n: int) -> Floats:
    boxes = _of_length(_numbers(values, "boxes", 2), "boxes", n)
    if boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise UsageError("boxes must have 4 finite numbers a row: x0, y0, x1, y1.")
    return boxes.astype(np.float32)


def _of_length(array: npt.NDArray[Any], name: str, n: int) -> npt.NDArray[Any]:
    if len(array) != n:
        raise UsageError(f"{name} has {len(array)} entries for {n} vectors.")
    return array
