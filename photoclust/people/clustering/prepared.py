"""What decisions do not change about some faces: it is worked out once, and kept between corrections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.config import ClusterConfig
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.clustering.agglomerate import Pairs
from photoclust.people.clustering.density import density_clusters
from photoclust.people.clustering.same_photo import conflicting_photos
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import NeighbourGraph
from photoclust.types import Floats, Rows


@dataclass(frozen=True)
class PreparedFaces:
    """What grouping needs to know of n faces besides decisions.

    Attributes
    ----------
    score_normalised
        float32, shape (n, c + 1): embeddings as evidence sees them (`Calibration.score_normalised`).
    photos
        int64, shape (n,): from `conflicting_photos`.
    poor
        bool, shape (n,): faces too poor to found a person.
    graph
        Their nearest neighbours.
    labels
        int32, shape (n,): density clusters; None where the graph is to be cut into components, which depend
        on decisions.
    pairs
        From `single_pairs`; None likewise.
    """

    score_normalised: Floats
    photos: Rows
    poor: npt.NDArray[np.bool_]
    graph: NeighbourGraph
    labels: npt.NDArray[np.int32] | None = None
    pairs: Pairs | None = None

    def __len__(self) -> int:
        return len(self.score_normalised)

    @classmethod
    def of(
        cls, faces: VerifyInput, graph: NeighbourGraph, config: ClusterConfig, calibration: Calibration
    ) -> PreparedFaces:
        """Work out everything but density clusters; parameters as for `verify`."""
        photos = conflicting_photos(faces, graph, config.photo_copies)
        score_normalised, _ = calibration.score_normalised(faces.embeddings, photos)
        poor = too_poor(faces.quality, faces.embeddings, config, calibration)
        return cls(score_normalised, photos, poor, graph)


def too_poor(
    quality: Floats, embeddings: Floats, config: ClusterConfig, calibration: Calibration
) -> npt.NDArray[np.bool_]:
    """Tell which faces are too poor to found a person: blurred, dark, or like nobody in particular."""
    return (quality < config.min_quality) | ~calibration.recognizable(embeddings)


def density_labels(graph: NeighbourGraph, config: ClusterConfig) -> npt.NDArray[np.int32] | None:
    """Density clusters of a graph that is not cut into components, None of one that is."""
    return density_clusters(graph, config) if len(graph) <= config.max_component else None
