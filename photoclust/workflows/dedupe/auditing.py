"""Between the index and the audit room: a labelled data set held against its faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.config import AuditConfig, ClusterConfig
from photoclust.dedupe.audited import AuditedFaces
from photoclust.dedupe.bystanders import meant_instead
from photoclust.dedupe.findings import strays
from photoclust.dedupe.judgement import Judgement, judge
from photoclust.dedupe.presence import SeenFaces, meant_among_others
from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.people.calibration.spread import SpreadModel
from photoclust.people.clustering.agglomerate import Joining, Partition, join, pairs_of, weighed_by
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.graph.near_duplicates import NEAR_IDENTICAL, components
from photoclust.people.graph.neighbours import neighbours
from photoclust.photos.dataset import Dataset
from photoclust.records import NO_FACE, OK
from photoclust.types import Floats, Progress, Rows
from photoclust.workflows.dedupe.copies import Copies, find_copies
from photoclust.workflows.snapshot import Snapshot
from photoclust.workflows.snapshot.labelled import main_rows

SURE = 6.0  # evidence that makes faces of one label one part without further ado; less is judged face by face
SAME = 0.0  # evidence that makes people seen under one label the same where it is asked who is in most photos


@dataclass(frozen=True)
class Audit:
    """A data set and what its faces say of it.

    Attributes
    ----------
    dataset
        As it was read.
    labels
        Names of the labels that have a face to judge by; `AuditedFaces.label` counts in it.
    faces, judgement
        The labelled faces, and what is thought of them.
    entries
        Positions in the data set of the files behind each face: several for identical files.
    rows
        Row of each face among all faces of the index.
    copies
        Pictures that the data set holds more than once.
    unjudged
        Positions in the data set of the entries that could not be judged, by reason: ``failed``, ``no_face``
        and ``low_quality``.
    """

    dataset: Dataset
    labels: list[str]
    faces: AuditedFaces
    judgement: Judgement
    entries: list[tuple[int, ...]]
    rows: Rows
    copies: list[Copies]
    unjudged: dict[str, list[int]]


def audit(store: IndexStore, dataset: Dataset, config: AuditConfig, progress: Progress) -> Audit:
    """Hold the labels of a data set against its faces; the caller holds the index's lock.

    Parameters
    ----------
    store
        Index of the data set's photos, and perhaps of others.
    dataset
        The photos and labels.
    config
        What is expected beforehand.
    progress
        Called with the number of pairs of photos to compare; gives what is told of each few done.

    Raises
    ------
    UsageError
        Fewer than two labels have a face to judge by.
    """
    columns = ("box", "landmarks", "quality")
    photos, faces = store.photos(), Snapshot.load(store, ClusterConfig(), writes=True, columns=columns)
    photo_of_entry = _photo_ids(dataset, photos)
    copies = find_copies(dataset, photo_of_entry, faces.table, faces.graph, store.settings.decode, progress)
    table = _Items.of(dataset, photo_of_entry, photos, faces.table, copies)
    judged, labelled = table.judge(faces.embeddings, faces.calibration.plain, config)
    return Audit(dataset, table.labels, labelled, judged, table.entries, table.rows, copies, table.unjudged)


def _photo_ids(dataset: Dataset, photos: pa.Table) -> list[str]:
    """Content of each entry, ``""`` where the file could not be read."""
    columns = (photos[name].to_pylist() for name in ("uri", "photo_id", "status"))
    known = {uri: photo for uri, photo, status in zip(*columns, strict=True) if status in (OK, NO_FACE)}
    return [known.get(entry.uri, "") for entry in dataset.entries]


# -- labelled faces -----------------------------------------------------------------------------------


@dataclass
class _Items:
    """One face for each photo and label."""

    labels: list[str]
    label: Rows
    rows: Rows
    entries: list[tuple[int, ...]]
    copy: Rows
    faces: pa.Table
    unjudged: dict[str, list[int]]

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        photo_of_entry: list[str],
        photos: pa.Table,
        faces: pa.Table,
        copies: list[Copies],
    ) -> _Items:
        main = dict(zip(*_main_faces(photos, faces), strict=True))
        quality = faces["quality"].to_numpy()
        items: dict[tuple[str, str], list[int]] = {}
        unjudged: dict[str, list[int]] = {"failed": [], "no_face": [], "low_quality": []}
        for number, (entry, photo) in enumerate(zip(dataset.entries, photo_of_entry, strict=True)):
            if not photo or photo not in main:
                unjudged["no_face" if photo else "failed"].append(number)
            elif quality[main[photo]] < ClusterConfig.min_quality:
                unjudged["low_quality"].append(number)
            else:
                items.setdefault((photo, entry.label), []).append(number)
        labels = sorted({label for _, label in items})
        if len(labels) < 2:
            raise UsageError(
                f"Only {len(labels)} of the data set's labels have a face to judge by; two or more are "
                f"needed. {len(unjudged['failed'])} photos failed, {len(unjudged['no_face'])} show no face, "
                f"{len(unjudged['low_quality'])} none that is clear enough."
            )
        number_of = {label: number for number, label in enumerate(labels)}
        copy_of = {entry: number for number, one in enumerate(copies) for entry in one.entries}
        return cls(
            labels,
            np.array([number_of[label] for _, label in items], np.int64),
            np.array([main[photo] for photo, _ in items], np.int64),
            [tuple(numbers) for numbers in items.values()],
            np.array([copy_of.get(numbers[0], -1) for numbers in items.values()], np.int64),
            faces,
            unjudged,
        )

    def judge(
        self, embeddings: Floats, model: SpreadModel, config: AuditConfig
    ) -> tuple[Judgement, AuditedFaces]:
        """Judge the main faces, then again with those bystanders that the labels turn out to mean."""
        self._look_behind(embeddings, model, config)
        faces = self._labelled(embeddings, model)
        judgement = judge(faces, model.evidence_of_means, config)
        doubtful = strays(faces, judgement, config.min_confidence)
        others, whose = self._bystanders(doubtful)
        if len(others):
            meant = meant_instead(faces, judgement, embeddings[others], whose, model.evidence_of_means)
            self.rows[whose[meant]] = others[meant]
            if len(meant):
                faces = self._labelled(embeddings, model)
                judgement = judge(faces, model.evidence_of_means, config)
        return judgement, faces

    def _look_behind(self, embeddings: Floats, model: SpreadModel, config: AuditConfig) -> None:
        """Take for the main face of a photo that of the person who is in most photos of its label."""
        others, whose = self._bystanders(np.arange(len(self.rows)))
        items = np.flatnonzero(np.isin(self.label, self.label[whose]))
        rows, photo = np.concatenate([self.rows[items], others]), np.concatenate([items, whose])
        front = np.arange(len(rows)) < len(items)
        if not len(others):
            return
        label = np.unique(self.label[photo], return_inverse=True)[1].astype(np.int64)
        apart = Exclusions.once(np.arange(len(rows)), photo)
        person, _ = _parts(embeddings[rows], label, model, apart, SAME)
        seen = SeenFaces(embeddings[rows], photo, label, front, person)
        meant = meant_among_others(seen, model.evidence_of_means, config)
        self.rows[photo[meant]] = rows[meant]

    def _labelled(self, embeddings: Floats, model: SpreadModel) -> AuditedFaces:
        own = embeddings[self.rows]
        part, weight = _parts(own, self.label, model)
        quality = self.faces["quality"].to_numpy()[self.rows].astype(np.float64)
        return AuditedFaces(own, quality, self.label, part, weight, self.copy)

    def _bystanders(self, items: Rows) -> tuple[Rows, Rows]:
        """Rows of the other good faces in the photos of some items, and the item of each."""
        photos = self.faces["photo_id"].to_pylist()
        wanted: dict[str, list[int]] = {}
        for item in items.tolist():
            wanted.setdefault(photos[self.rows[item]], []).append(item)
        good = self.faces["quality"].to_numpy() >= ClusterConfig.min_quality
        pairs = [
            (row, item)
            for row, photo in enumerate(photos)
            for item in (wanted.get(photo, ()) if good[row] else ())
            if row != self.rows[item]
        ]
        others, whose = np.array(pairs, np.int64).reshape(-1, 2).T
        return others, whose


def _main_faces(photos: pa.Table, faces: pa.Table) -> tuple[list[str], list[int]]:
    rows = main_rows(photos, faces)
    return faces["photo_id"].take(pa.array(rows, pa.int64())).to_pylist(), rows


def _parts(
    embeddings: Floats,
    label: Rows,
    model: SpreadModel,
    apart: Exclusions | None = None,
    enough: float = SURE,
) -> tuple[Rows, npt.NDArray[np.float64]]:
    """Verified groups inside each label, and the weight of each face: near-identical ones count once."""
    left, right, distance = _edges_inside(embeddings, label)
    near = distance <= (NEAR_IDENTICAL if apart is None else -1)
    burst = components(left[near], right[near], len(label))
    sums = np.zeros_like(embeddings)
    np.add.at(sums, burst, embeddings)
    sums[burst] /= np.linalg.norm(sums[burst], axis=1, keepdims=True)
    sums = np.column_stack([sums, np.zeros(len(sums), np.float32)])  # labels are audited without hubness
    partition = Partition.of(burst, apart or Exclusions.none(), np.full(len(label), -1), sums)
    weigh = weighed_by(model)
    pairs = pairs_of(partition, left, right, weigh)
    join(Joining(partition, pairs, weigh, lambda own: np.full(len(own), enough)))
    part = np.unique(partition.group, return_inverse=True)[1].astype(np.int64)
    return part, 1 / np.bincount(burst)[burst]


def _edges_inside(embeddings: Floats, label: Rows) -> tuple[Rows, Rows, Floats]:
    """Nearest neighbours of each face among those of its label, with their cosine distances."""
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    left, right, distance = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for rows in np.split(order, starts[1:]):
        graph = neighbours(embeddings[rows], ClusterConfig.k)
        left.append(np.repeat(rows, graph.indices.shape[1]))
        right.append(rows[graph.indices.ravel()])
        distance.append(graph.distances.ravel())
    return np.concatenate(left), np.concatenate(right), np.concatenate(distance)
