"""The same faces grouped with one setting after another, from the stored graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.errors import IndexMissingError
from photoclust.evaluate.scores import bcubed_scores, pairwise_scores
from photoclust.grouping import neighbour_graph, verify_input
from photoclust.index.store import IndexStore
from photoclust.labelled import LabelledFaces
from photoclust.people.calibration import calibration_of
from photoclust.people.division import cluster
from photoclust.people.verify import candidates_of


@dataclass(frozen=True)
class SweepPoint:
    """What one setting comes to; scores are None without labels."""

    value: float
    people: int
    in_people: int
    pairwise_f: float | None
    bcubed_f: float | None


def sweep_points(
    location: str, parameter: str, values: Iterable[float], labelled: LabelledFaces | None
) -> Iterator[SweepPoint]:
    """Group the faces of an index once for each value; nothing is stored.

    Parameters
    ----------
    location
        Folder of the index.
    parameter
        A field of `ClusterConfig` other than ``k``.
    values
        Its values; whole numbers where the field is one.
    labelled
        Faces whose person is known.

    Raises
    ------
    IndexMissingError
        There is no index, or no face in it.
    UsageError
        A value is out of range.
    """
    store = IndexStore.open(location)
    faces = store.faces(["box", "quality"])
    if not len(faces):
        raise IndexMissingError(f"{location} holds no faces; index photos that show some.")
    calibration, config = calibration_of(store.settings.embed.model), ClusterConfig()
    embeddings, graph = neighbour_graph(store, faces, calibration, config.k, keep=False)
    known = verify_input(faces, embeddings)
    kind = type(getattr(config, parameter))
    for value in values:
        changed: dict[str, Any] = {parameter: kind(value)}
        setting = replace(config, **changed)
        _, groups = cluster(candidates_of(known, graph, setting, calibration))
        yield _point(value, groups.group, labelled)


def _point(
    value: float, group: np.ndarray[Any, np.dtype[np.int32]], labelled: LabelledFaces | None
) -> SweepPoint:
    people, inside = int(group.max(initial=-1)) + 1, int((group >= 0).sum())
    if labelled is None:
        return SweepPoint(value, people, inside, None, None)
    truth = np.unique(labelled.people, return_inverse=True)[1]
    own = group[labelled.rows]
    return SweepPoint(value, people, inside, pairwise_scores(truth, own).f, bcubed_scores(truth, own).f)
