"""Faces whose people are known, and how often memberships of some evidence are right among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.config import ClusterConfig
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.clustering.density import density_clusters
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import Groups, candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import NeighbourGraph, neighbours
from photoclust.types import Doubles, Rows

RELIABILITY = (0, 2, 4, 6, 8, 10, 12, 15, 20)
"""Evidence between which shares of right memberships are taken."""
SAMPLES = ((200, 10), (50, 40))
"""Photos in small collections, and how many of these."""


@dataclass(frozen=True)
class LabelledInput:
    """Faces as grouping takes them, embeddings as they come, and the number of the person of each."""

    known: VerifyInput
    truth: Rows

    def some(self, keep: npt.NDArray[np.bool_] | Rows) -> LabelledInput:
        """Some of them, by a mask or by rows."""
        one = self.known
        known = VerifyInput(one.embeddings[keep], one.quality[keep], one.photos[keep], one.boxes[keep])
        return LabelledInput(known, self.truth[keep])

    def among(self, other: LabelledInput) -> LabelledInput:
        """These and others, of other people and photos."""
        a, b = self.known, other.known
        known = VerifyInput(
            np.concatenate([a.embeddings, b.embeddings]),
            np.concatenate([a.quality, b.quality]),
            np.concatenate([a.photos, b.photos + a.photos.max() + 1]),
            np.concatenate([a.boxes, b.boxes]),
        )
        return LabelledInput(known, np.concatenate([self.truth, other.truth + self.truth.max() + 1]))


class Grouper:
    """Groups the same faces with one calibration after another that differ in constants only."""

    def __init__(self, faces: LabelledInput, calibration: Calibration) -> None:
        self.config, self.truth = ClusterConfig(), faces.truth
        self.faces = replace(faces.known, embeddings=calibration.centred(faces.known.embeddings))
        self.graph: NeighbourGraph = neighbours(self.faces.embeddings, self.config.k)
        self.labels = density_clusters(self.graph, self.config)

    def groups(self, calibration: Calibration) -> Groups:
        """Verified groups."""
        candidates = candidates_of(self.faces, self.graph, self.config, calibration)
        return cluster_faces(replace(candidates, known_labels=self.labels))[1]

    def memberships(self, calibration: Calibration) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """Confidence of each member, and whether most of its group are the same person."""
        groups = self.groups(calibration)
        inside = np.flatnonzero(groups.group >= 0)
        table = np.zeros((groups.group.max(initial=-1) + 1, self.truth.max() + 1), np.int32)
        np.add.at(table, (groups.group[inside], self.truth[inside]), 1)
        own = table[groups.group[inside], self.truth[inside]]
        return groups.confidence[inside], 2 * own > table.sum(1)[groups.group[inside]]


def everywhere(
    faces: LabelledInput, more: Sequence[LabelledInput], calibration: Calibration
) -> tuple[Doubles, npt.NDArray[np.bool_]]:
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


def reliability(evidence: Doubles, right: npt.NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Share of right memberships about some evidence, never falling; one wrong in each that was not seen."""
    from sklearn.isotonic import isotonic_regression

    place = np.digitize(evidence, RELIABILITY)
    shares = [(right[place == i].sum() + 0.5) / ((place == i).sum() + 1) for i in np.unique(place)]
    weight = [(place == i).sum() for i in np.unique(place)]
    at = [evidence[place == i].mean() for i in np.unique(place)]
    rising = isotonic_regression(shares, sample_weight=weight)
    return tuple((round(float(x), 1), round(float(y), 4)) for x, y in zip(at, rising, strict=True))
