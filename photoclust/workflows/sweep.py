"""The same faces grouped with one setting after another, from the stored graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from photoclust.config import SWEEP_VALUES, ClusterConfig
from photoclust.errors import IndexMissingError, UsageError
from photoclust.evaluate.scores import bcubed_scores, numbered, pairwise_scores
from photoclust.index.store import IndexStore
from photoclust.people.clustering.division import cluster_faces
from photoclust.workflows.context import GROUP, Context
from photoclust.workflows.snapshot import Snapshot
from photoclust.workflows.snapshot.history import config_of
from photoclust.workflows.snapshot.labelled import LabelledFaces, labelled_faces


@dataclass(frozen=True)
class SweepPoint:
    """What one value of a setting comes to.

    Attributes
    ----------
    value
        What the setting was set to.
    people
        How many people that gives.
    in_people
        Faces that belong to somebody.
    pairwise_f, bcubed_f
        How well they agree with labels, in [0, 1]; None without labels.
    in_force
        Whether the grouping in force was made with this value.
    """

    value: float
    people: int
    in_people: int
    pairwise_f: float | None
    bcubed_f: float | None
    in_force: bool = False


@dataclass(frozen=True)
class Sweep:
    """The faces of an index grouped with one value of a setting after another.

    Attributes
    ----------
    parameter
        The setting.
    points
        What each value comes to, in the order in which values were given.
    notes
        Labels that were left out and why, a sentence each.
    """

    parameter: str
    points: tuple[SweepPoint, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        values = asdict(self)
        return values | {"points": list(values["points"]), "notes": list(self.notes)}


def sweep(
    store: IndexStore, parameter: str, values: Sequence[float], labels: str | None, context: Context
) -> Sweep:
    """Group the faces of an index once for each value, all else as in the grouping in force.

    Decisions hold as they do there; nothing is stored.

    Parameters
    ----------
    store
        The index.
    parameter
        A name among `photoclust.config.SWEEP_VALUES`.
    values
        Its values; whole numbers where the setting is one. With none, those of `SWEEP_VALUES`.
    labels
        ``folders``, or the path of a CSV: who is who, to score each grouping.
    context
        Told how many values are done.

    Raises
    ------
    IndexMissingError
        There is no face in the index.
    UsageError
        There is no such setting, a value is out of range, or the labels cannot be used.
    """
    if parameter not in SWEEP_VALUES:
        raise UsageError(f"parameter must be one of {', '.join(SWEEP_VALUES)}, not {parameter!r}.")
    chosen = values or SWEEP_VALUES[parameter]
    labelled = labelled_faces(store.place, labels, grouped=False) if labels else None
    points: list[SweepPoint] = []
    with context.progress(GROUP, len(chosen)) as advance:
        for point in _points(store, parameter, chosen, labelled):
            points.append(point)
            advance(1)
    return Sweep(parameter, tuple(points), labelled.notes if labelled else ())


def write_sweep_plot(found: Sweep, file: Path) -> None:
    """Draw people found, and scores where there are labels, against the setting.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    from photoclust.report.sweep_plot import draw_sweep  # matplotlib takes a second

    points = found.points
    scored = {
        "pairwise F": [point.pairwise_f for point in points if point.pairwise_f is not None],
        "BCubed F": [point.bcubed_f for point in points if point.bcubed_f is not None],
    }
    draw_sweep(
        found.parameter,
        [point.value for point in points],
        [point.people for point in points],
        {name: scores for name, scores in scored.items() if scores},
        [point.value for point in points if point.in_force],
        file,
    )


def _points(
    store: IndexStore, parameter: str, values: Sequence[float], labelled: LabelledFaces | None
) -> Iterator[SweepPoint]:
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
