"""What no input may break: a photo's faces stay apart, groups are large enough, labels are well formed."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import albums

from photoclust.config import ClusterConfig
from photoclust.people.clustering.constraints import Constraints
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.same_photo import conflicting_photos
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours


@given(albums(), st.integers(2, 4), st.integers(2, 40))
def test_invariants(faces: VerifyInput, least: int, k: int) -> None:
    config = ClusterConfig(k=k, min_cluster_size=least)
    graph = neighbours(faces.embeddings, k)
    groups = cluster_faces(candidates_of(faces, graph, config))[1]

    inside = groups.group >= 0
    assert (groups.confidence[inside] > 0).all()
    assert (groups.confidence <= 1).all()
    assert (groups.confidence[~inside] == 0).all()
    sizes = np.bincount(groups.group[inside])
    assert (sizes >= least).all()

    photos = conflicting_photos(faces, graph)
    bound = inside & (photos >= 0)
    pairs = list(zip(groups.group[bound].tolist(), photos[bound].tolist(), strict=True))
    assert len(pairs) == len(set(pairs))

    founders = faces.quality >= config.min_quality
    assert all((founders & (groups.group == group)).any() for group in range(len(sizes)))


@given(albums(), st.integers(2, 4), st.randoms(use_true_random=False))
def test_whom_faces_were_known_to_be_breaks_nothing(faces: VerifyInput, least: int, random: Random) -> None:
    config = ClusterConfig(k=8, min_cluster_size=least)
    graph, n = neighbours(faces.embeddings, 8), len(faces.embeddings)
    known = np.array([random.randint(-1, 3) for _ in range(n)], np.int64)
    constraints = replace(Constraints.none(n), known=known)
    groups = cluster_faces(candidates_of(faces, graph, config, None, constraints))[1]

    inside, photos = groups.group >= 0, conflicting_photos(faces, graph)
    assert (np.bincount(groups.group[inside]) >= least).all()
    bound = inside & (photos >= 0)
    pairs = list(zip(groups.group[bound].tolist(), photos[bound].tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
