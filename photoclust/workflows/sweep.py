"""The same faces grouped with one setting after another, from the stored graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.errors import IndexMissingError, UsageError
from photoclust.evaluate.scores import bcubed_scores, numbered, pairwise_scores
from photoclust.index.store import IndexStore
from photoclust.people.clustering.division import cluster_faces
from photoclust.workflows.snapshot import Snapshot
from photoclust.workflows.snapshot.history import config_of
from photoclust.workflows.snapshot.labelled import LabelledFaces


@dataclass(frozen=True)
class SweepPoint:
    """What one setting comes to; scores are None without labels."""

    value: float
    people: int
    in_people: int
    pairwise_f: float | None
    bcubed_f: float | None
    in_force: bool = False


def sweep_points(
    location: str, parameter: str, values: Iterable[float], labelled: LabelledFaces | None
) -> Iterator[SweepPoint]:
    """Group the faces of an index once for each value, all else as in the clustering in force.

    Decisions hold as they do there; nothing is stored.

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
    run_id = store.clusterings.current()
    config = config_of(store.clusterings.run(run_id) if run_id else {})
    settings = [_with(config, parameter, value) for value in values]
    faces = Snapshot.load(store, config)
    if not len(faces):
        raise IndexMissingError(f"{store.called} holds no faces; index photos that show some.")
    for setting in settings:
        _, groups = cluster_faces(faces.under(setting).candidates)
        point = _point(getattr(setting, parameter), groups.group, labelled)
        yield replace(point, in_force=run_id is not None and setting == config)


def _with(config: ClusterConfig, parameter: str, value: float) -> ClusterConfig:
    whole = isinstance(getattr(config, parameter), int)
    if whole and not float(value).is_integer():
        raise UsageError(f"{parameter} must be a whole number, not {value}.")
    changed: dict[str, Any] = {parameter: int(value) if whole else float(value)}
    return replace(config, **changed)


def _point(
    value: float, group: np.ndarray[Any, np.dtype[np.int32]], labelled: LabelledFaces | None
) -> SweepPoint:
    people, inside = int(group.max(initial=-1)) + 1, int((group >= 0).sum())
    if labelled is None:
        return SweepPoint(value, people, inside, None, None)
    truth = numbered(labelled.people)[1]
    own = group[labelled.rows]
    return SweepPoint(value, people, inside, pairwise_scores(truth, own).f, bcubed_scores(truth, own).f)
