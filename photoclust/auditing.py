"""Between the index and the audit room: a labelled data set held against its faces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from photoclust.audit.bystanders import meant_instead
from photoclust.audit.findings import strays
from photoclust.audit.judgement import Judgement, judge
from photoclust.audit.labelled import LabelledFaces
from photoclust.config import AuditConfig, ClusterConfig, DecodeConfig
from photoclust.errors import PhotoError, UsageError
from photoclust.grouping import neighbour_graph
from photoclust.index.store import IndexStore
from photoclust.labelled import main_rows
from photoclust.people.agglomerate import Partition, join
from photoclust.people.calibration import Calibration, calibration_of
from photoclust.people.exclusions import Exclusions
from photoclust.people.neighbours import NeighbourGraph, neighbours
from photoclust.people.verify import NEAR_IDENTICAL
from photoclust.photos.dataset import Dataset
from photoclust.photos.decode import decode_photo
from photoclust.photos.likeness import Picture, likeness
from photoclust.photos.sources import read_photo
from photoclust.records import NO_FACE, OK, PhotoRef

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]

SURE = 6.0  # evidence that makes faces of one label one part without further ado; less is judged face by face
COPY_DISTANCE = 0.12  # cosine distance of two faces whose photos may be one picture: of copies at most 0.08
SAME_PICTURE = 0.97  # correlation of two photos that are one picture


@dataclass(frozen=True)
class Copies:
    """Files that are one picture: entries of the data set, and the least likeness that links them.

    Attributes
    ----------
    entries
        Positions in the data set, in its order.
    identical
        The files are the same, byte for byte.
    likeness
        Smallest correlation of the pictures by which they were found; 1 for identical files.
    """

    entries: tuple[int, ...]
    identical: bool
    likeness: float


@dataclass(frozen=True)
class Audit:
    """A data set and what its faces say of it.

    Attributes
    ----------
    dataset
        As it was read.
    labels
        Names of the labels that have a face to judge by; `LabelledFaces.label` counts in it.
    faces, judgement
        The labelled faces, and what is thought of them.
    entries
        Positions in the data set of the files behind each face: several for identical files.
    rows
        Row of each face among all faces of the index.
    copies
        Pictures that the data set holds more than once.
    unjudged
        How many entries could not be judged, by reason.
    """

    dataset: Dataset
    labels: list[str]
    faces: LabelledFaces
    judgement: Judgement
    entries: list[tuple[int, ...]]
    rows: Rows
    copies: list[Copies]
    unjudged: dict[str, int]


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
    photos, faces = store.photos(), store.faces(["box", "landmarks", "quality", "embedding"])
    calibration = calibration_of(store.settings.embed.model)
    embeddings, graph = neighbour_graph(store, faces, calibration, ClusterConfig.k)
    photo_of_entry = _photo_ids(dataset, photos)
    copies = _copies(dataset, photo_of_entry, faces, graph, store.settings.decode, progress)
    table = _Items.of(dataset, photo_of_entry, photos, faces, copies)
    judged, labelled = table.judge(embeddings, calibration, config)
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
    unjudged: dict[str, int]

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
        unjudged = {"failed": 0, "no_face": 0, "low_quality": 0}
        for number, (entry, photo) in enumerate(zip(dataset.entries, photo_of_entry, strict=True)):
            if not photo or photo not in main:
                unjudged["no_face" if photo else "failed"] += 1
            elif quality[main[photo]] < ClusterConfig.min_quality:
                unjudged["low_quality"] += 1
            else:
                items.setdefault((photo, entry.label), []).append(number)
        labels = sorted({label for _, label in items})
        if len(labels) < 2:
            raise UsageError(
                f"Only {len(labels)} of the data set's labels have a face to judge by; two or more are "
                f"needed. {unjudged['failed']} photos failed, {unjudged['no_face']} show no face, "
                f"{unjudged['low_quality']} none that is clear enough."
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
        self, embeddings: Floats, calibration: Calibration, config: AuditConfig
    ) -> tuple[Judgement, LabelledFaces]:
        """Judge the main faces, then again with those bystanders that the labels turn out to mean."""
        faces = self._labelled(embeddings, calibration)
        judgement = judge(faces, calibration.evidence, config)
        doubtful = strays(faces, judgement, config.min_confidence)
        others, whose = self._bystanders(doubtful)
        if len(others):
            meant = meant_instead(faces, judgement, embeddings[others], whose, calibration.evidence)
            self.rows[whose[meant]] = others[meant]
            if len(meant):
                faces = self._labelled(embeddings, calibration)
                judgement = judge(faces, calibration.evidence, config)
        return judgement, faces

    def _labelled(self, embeddings: Floats, calibration: Calibration) -> LabelledFaces:
        own = embeddings[self.rows]
        part, weight = _parts(own, self.label, calibration)
        quality = self.faces["quality"].to_numpy()[self.rows].astype(np.float64)
        return LabelledFaces(own, quality, self.label, part, weight, self.copy)

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


def _parts(embeddings: Floats, label: Rows, calibration: Calibration) -> tuple[Rows, npt.NDArray[np.float64]]:
    """Verified groups inside each label, and the weight of each face: near-identical ones count once."""
    left, right, distance = _edges_inside(embeddings, label)
    near = distance <= NEAR_IDENTICAL
    burst = _components(left[near], right[near], len(label))
    first = np.unique(burst, return_index=True)[1][burst]
    sums = np.zeros_like(embeddings)
    np.add.at(sums, first, embeddings)
    sums[first] /= np.linalg.norm(sums[first], axis=1, keepdims=True)
    partition = Partition.of(first, Exclusions.none(), np.full(len(label), -1), sums)
    join(partition, (left, right), calibration, lambda _: SURE)
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


def _components(left: Rows, right: Rows, n: int) -> Rows:
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


# -- copies -------------------------------------------------------------------------------------------


def _copies(
    dataset: Dataset,
    photo_of_entry: list[str],
    faces: pa.Table,
    graph: NeighbourGraph,
    limits: DecodeConfig,
    progress: Progress,
) -> list[Copies]:
    """Pictures that the data set holds more than once: the same bytes, or found alike."""
    entries_of: dict[str, list[int]] = {}
    for number, photo in enumerate(photo_of_entry):
        if photo:
            entries_of.setdefault(photo, []).append(number)
    photos = list(entries_of)
    pairs = _alike(_candidates(photos, faces, graph), dataset, entries_of, faces, limits, progress)
    number_of = {photo: number for number, photo in enumerate(photos)}
    left = np.array([number_of[photo] for photo, _, _ in pairs], np.int64)
    right = np.array([number_of[photo] for _, photo, _ in pairs], np.int64)
    group = _components(left, right, len(photos))
    likest = np.ones(len(photos))
    np.minimum.at(likest, group[left], [value for _, _, value in pairs])
    members: dict[int, list[str]] = {}
    for photo, one in zip(photos, group.tolist(), strict=True):
        members.setdefault(one, []).append(photo)
    found = [
        Copies(
            tuple(sorted(number for photo in own for number in entries_of[photo])),
            len(own) == 1,
            float(likest[one]),
        )
        for one, own in members.items()
    ]
    return [one for one in found if len(one.entries) > 1]


def _candidates(photos: Sequence[str], faces: pa.Table, graph: NeighbourGraph) -> list[tuple[int, int]]:
    """Nearest two faces of each pair of photos that may be one picture."""
    inside = np.isin(faces["photo_id"].to_numpy(), np.array(photos, np.str_))
    left, column = np.nonzero(graph.distances <= COPY_DISTANCE)
    right = graph.indices[left, column].astype(np.int64)
    distance = graph.distances[left, column]
    photo = np.unique(faces["photo_id"].to_numpy().astype(np.str_), return_inverse=True)[1]
    keep = inside[left] & inside[right] & (photo[left] != photo[right])
    left, right, distance = left[keep], right[keep], distance[keep]
    low, high = np.minimum(photo[left], photo[right]), np.maximum(photo[left], photo[right])
    order = np.lexsort((left, distance, high, low))
    new = (np.diff(low[order], prepend=-1) != 0) | (np.diff(high[order], prepend=-1) != 0)
    return list(zip(left[order][new].tolist(), right[order][new].tolist(), strict=True))


def _alike(
    candidates: list[tuple[int, int]],
    dataset: Dataset,
    entries_of: dict[str, list[int]],
    faces: pa.Table,
    limits: DecodeConfig,
    progress: Progress,
) -> list[tuple[str, str, float]]:
    """Candidates that are one picture: photo, photo, likeness. A photo that cannot be read is like none."""
    photos = faces["photo_id"].to_pylist()
    landmarks = faces["landmarks"].combine_chunks().flatten().to_numpy().reshape(-1, 5, 2)
    ref_of = {ref.uri: ref for ref in dataset.refs}

    @lru_cache(maxsize=16)
    def picture(photo: str) -> Image.Image | None:
        return _grey(ref_of[dataset.entries[entries_of[photo][0]].uri], limits)

    def compared() -> Iterable[tuple[str, str, float]]:
        with progress(len(candidates)) as tell:
            for left, right in candidates:
                a, b = picture(photos[left]), picture(photos[right])
                if a is not None and b is not None:
                    pair = Picture.of(a, landmarks[left]), Picture.of(b, landmarks[right])
                    yield photos[left], photos[right], likeness(*pair)
                tell(1)

    return [one for one in compared() if one[2] >= SAME_PICTURE] if candidates else []


def _grey(ref: PhotoRef, limits: DecodeConfig) -> Image.Image | None:
    try:
        return Image.fromarray(decode_photo(read_photo(ref, limits), limits).pixels).convert("L")
    except PhotoError:
        return None
