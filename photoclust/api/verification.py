"""`photoclust.verify`."""

from __future__ import annotations

import os
from pathlib import Path

from photoclust.api.index import PathOrUri
from photoclust.config import EmbedConfig
from photoclust.workflows.verify import Verification, VerifyOptions
from photoclust.workflows.verify import verify as workflow


def verify(
    one: PathOrUri,
    other: PathOrUri,
    *,
    false_match_rate: float = 1e-3,
    threshold: float | None = None,
    prior: float = 0.5,
    model: str = EmbedConfig.model,
    faces: tuple[int | None, int | None] = (None, None),
    picture: PathOrUri | None = None,
) -> Verification:
    """Say whether two photos show the same person.

    Of photos with several faces every pair is looked at; the closest one decides.

    Parameters
    ----------
    one, other
        Path or URI of a photo.
    false_match_rate
        How often photos of two people may be taken for one person, from 1e-5 to 0.1: gives the threshold.
    threshold
        Greatest distance of one person, in (0, 2), instead of that; needed for a model that was not
        calibrated.
    prior
        Probability, in (0, 1), that the two are one person before they were looked at.
    model
        Embedding model.
    faces
        Number of the face that is meant in either photo, from 1; None for all.
    picture
        Where to write a PNG with both photos, the faces and the verdict.

    Returns
    -------
    Verification
        ``verified``, ``best`` (the closest pair, with ``probability`` and its interval), ``pairs`` and more;
        ``to_dict()`` has what deepface's ``verify`` returns under the same names.

    Raises
    ------
    UsageError
        There is no such photo or face, or a number is out of range.
    ProbeError
        A photo cannot be used, or shows no face.
    WeightsError
        The model is not known, or its weights are not here.
    OutputError
        The picture cannot be written.

    Examples
    --------
    >>> found = photoclust.verify("a.jpg", "b.jpg")                      # doctest: +SKIP
    >>> found.verified, found.best.probability                           # doctest: +SKIP
    (True, 0.9996)
    """
    options = VerifyOptions(false_match_rate, threshold, prior, model, *faces)
    place = None if picture is None else Path(os.fspath(picture))
    return workflow(os.fspath(one), os.fspath(other), options, place)
