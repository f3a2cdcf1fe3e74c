"""Labelled faces of indexes grouped anew, and how often memberships of some evidence are right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.isotonic import isotonic_regression

from photoclust.config import ClusterConfig
from photoclust.evaluate.scores import bcubed_scores, pairwise_scores
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.clustering.density import density_clusters
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import Groups, candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import NeighbourGraph, neighbours, unit_rows
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import labelled_faces

RELIABILITY = (0, 2, 4, 6, 8, 10, 12, 15, 20)  # evidence between which shares of right memberships are taken
SAMPLES = ((200, 10), (50, 40))  # photos in small collections, and how many of these


@dataclass(frozen=True)
class Faces:
    """Labelled faces as they lie in indexes, and who they are."""

    known: VerifyInput
    truth: np.ndarray

    @classmethod
    def of(cls, index: str) -> Faces:
        labelled = labelled_faces(index, "folders")
        table = IndexStore.open(index).faces(["box", "quality", "embedding"]).take(labelled.rows)
        known = verify_input(table, unit_rows(face_embeddings(table)))
        return cls(known, np.unique(labelled.people, return_inverse=True)[1])

    def some(self, keep: np.ndarray) -> Faces:
        fields = (self.known.embeddings, self.known.quality, self.known.photos, self.known.boxes)
        return Faces(VerifyInput(*(field[keep] for field in fields)), self.truth[keep])

    def among(self, other: Faces) -> Faces:
        a, b = self.known, other.known
        known = VerifyInput(
            np.r_[a.embeddings, b.embeddings],
            np.r_[a.quality, b.quality],
            np.r_[a.photos, b.photos + a.photos.max() + 1],
            np.r_[a.boxes, b.boxes],
        )
        return Faces(known, np.r_[self.truth, other.truth + self.truth.max() + 1])


class Grouper:
    """Groups the same faces with one calibration after another that differ in constants only."""

    def __init__(self, faces: Faces, calibration: Calibration) -> None:
        self.config, self.truth = ClusterConfig(), faces.truth
        self.faces = replace(faces.known, embeddings=calibration.centred(faces.known.embeddings))
        self.graph: NeighbourGraph = neighbours(self.faces.embeddings, self.config.k)
        self.labels = density_clusters(self.graph, self.config)

    def groups(self, calibration: Calibration) -> Groups:
        candidates = candidates_of(self.faces, self.graph, self.config, calibration)
        return cluster_faces(replace(candidates, known_labels=self.labels))[1]

    def scores(self, calibration: Calibration) -> tuple[float, float]:
        group = self.groups(calibration).group
        return pairwise_scores(self.truth, group).f, bcubed_scores(self.truth, group).f

    def memberships(self, calibration: Calibration) -> tuple[np.ndarray, np.ndarray]:
        """Confidence of each member, and whether most of its group are the same person."""
        groups = self.groups(calibration)
        inside = np.flatnonzero(groups.group >= 0)
        table = np.zeros((groups.group.max() + 1, self.truth.max() + 1), np.int32)
        np.add.at(table, (groups.group[inside], self.truth[inside]), 1)
        own = table[groups.group[inside], self.truth[inside]]
        return groups.confidence[inside], 2 * own > table.sum(1)[groups.group[inside]]


def everywhere(faces: Faces, more: list[Faces], calibration: Calibration) -> tuple[np.ndarray, np.ndarray]:
    """Memberships in whole collections and in small ones, for the smaller the fewer have a twin there."""
    rng, parts = np.random.default_rng(0), [faces, *more, *(faces.among(other) for other in more)]
    for whole in (faces, *more):
        for photos, times in SAMPLES:
            chosen = (
                rng.choice(len(whole.truth), min(photos, len(whole.truth)), replace=False)
                for _ in range(times)
            )
            parts += [whole.some(rows) for rows in chosen]
    found = [Grouper(part, calibration).memberships(calibration) for part in parts]
    confidence, right = (np.concatenate(column) for column in zip(*found, strict=True))
    return confidence, right


def reliability(evidence: np.ndarray, right: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Share of right memberships about some evidence, never falling; one wrong in each that was not seen."""
    place = np.digitize(evidence, RELIABILITY)
    shares = [(right[place == i].sum() + 0.5) / ((place == i).sum() + 1) for i in np.unique(place)]
    weight = [(place == i).sum() for i in np.unique(place)]
    at = [evidence[place == i].mean() for i in np.unique(place)]
    rising = isotonic_regression(shares, sample_weight=weight)
    return tuple((round(float(x), 1), round(float(y), 4)) for x, y in zip(at, rising, strict=True))
