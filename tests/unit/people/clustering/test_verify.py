"""Verification on faces drawn from the model that the calibration describes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from photoclust.config import ClusterConfig
from photoclust.evaluate.scores import pairwise_scores
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.required import required_evidence
from photoclust.people.clustering.same_photo import conflicting_photos
from photoclust.people.clustering.verify import Groups, candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours
from photoclust.records import LOW_QUALITY, MEMBER, UNSURE

CALIBRATION = calibration_of()
SIZE = 55


def embeddings(persons: list[int], seed: int = 0, share: float = CALIBRATION.plain.identity) -> np.ndarray:
    """One unit vector for each entry, about the identity that it names."""
    rng = np.random.default_rng(seed)
    identity = rng.normal(size=(max(persons, default=0) + 1, SIZE))
    rows = np.sqrt(share) * identity[persons] + np.sqrt(1 - share) * rng.normal(size=(len(persons), SIZE))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def album(rows: np.ndarray, **changes: np.ndarray) -> VerifyInput:
    n = len(rows)
    boxes = np.tile(np.array([0, 0, 100, 100], np.float32), (n, 1))
    return replace(VerifyInput(rows, np.ones(n, np.float32), np.arange(n), boxes), **changes)


def group(faces: VerifyInput, config: ClusterConfig | None = None) -> Groups:
    config = config or ClusterConfig()
    graph = neighbours(faces.embeddings, config.k)
    return cluster_faces(candidates_of(faces, graph, config))[1]


def test_people_come_out() -> None:
    persons = [p for p in range(12) for _ in range(8)]
    groups = group(album(embeddings(persons)))
    assert pairwise_scores(persons, groups.group).f > 0.98
    assert groups.group.dtype == np.int32
    assert set(groups.status[groups.group >= 0]) == {MEMBER}
    assert set(groups.status[groups.group < 0]) <= {UNSURE}
    assert ((groups.confidence > 0) == (groups.group >= 0)).all()


def test_one_person_alone_is_one_group() -> None:
    groups = group(album(embeddings([0] * 30)))
    assert groups.group.tolist() == [0] * 30


def test_strangers_stay_alone() -> None:
    assert (group(album(embeddings(list(range(200))))).group == -1).all()


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_faces_for_a_group(n: int) -> None:
    groups = group(album(embeddings([0] * n)))
    assert groups.group.tolist() == [-1] * n


def test_two_faces_of_one_person_are_a_group() -> None:
    groups = group(album(embeddings([0, 0], share=0.9)))
    assert groups.group.tolist() == [0, 0]


def test_identical_faces_are_one_group() -> None:
    rows = np.repeat(embeddings([0]), 300, axis=0)
    assert group(album(rows)).group.tolist() == [0] * 300


def test_groups_smaller_than_asked_for_are_nobodys() -> None:
    persons = [0] * 6 + [1] * 3
    groups = group(album(embeddings(persons, share=0.9)), ClusterConfig(min_cluster_size=4))
    assert groups.group.tolist() == [0] * 6 + [-1] * 3


def test_two_faces_of_one_photo_are_never_one_person() -> None:
    rows = embeddings([0] * 20, share=0.75)
    apart = np.tile(np.array([[0, 0, 10, 10], [50, 0, 60, 10]], np.float32), (10, 1))
    photos = np.repeat(np.arange(10), 2)
    groups = group(album(rows, photos=photos, boxes=apart)).group
    assert all(a != b for a, b in zip(groups[::2], groups[1::2], strict=True))


def test_one_face_detected_twice_is_one_person() -> None:
    rows = embeddings([0] * 4, share=0.9)
    overlapping = np.array([[0, 0, 10, 10], [1, 0, 11, 10]] * 2, np.float32)
    groups = group(album(rows, photos=np.array([0, 0, 1, 1]), boxes=overlapping))
    assert groups.group.tolist() == [0] * 4


def test_one_picture_twice_in_a_photo_is_one_person() -> None:
    rows = np.repeat(embeddings([0, 0], share=0.9), 2, axis=0)
    apart = np.array([[0, 0, 10, 10], [50, 0, 60, 10]] * 2, np.float32)
    faces = album(rows, photos=np.array([0, 0, 1, 1]), boxes=apart)
    assert group(faces).group.tolist() == [0] * 4
    strict = group(faces, ClusterConfig(photo_copies=False)).group
    assert all(strict[a] != strict[b] or strict[a] < 0 for a, b in ((0, 1), (2, 3)))


def test_only_faces_that_share_a_photo_conflict() -> None:
    rows = embeddings([0, 1, 2, 3, 3])
    boxes = np.array([[0, 0, 9, 9], [20, 0, 29, 9], [0, 0, 9, 9], [0, 0, 9, 9], [0, 1, 9, 10]], np.float32)
    quality = np.array([1, 1, 1, 0.9, 0.5], np.float32)
    faces = album(rows, photos=np.array([7, 7, 8, 9, 9]), boxes=boxes, quality=quality)
    photos = conflicting_photos(faces, neighbours(rows, 4))
    assert photos[0] == photos[1] >= 0
    assert photos[2:].tolist() == [-1, -1, -1]


def test_low_quality_faces_join_but_do_not_found() -> None:
    persons = [0] * 8 + [1] * 8
    quality = np.array([1] * 6 + [0.05] * 10, np.float32)
    groups = group(album(embeddings(persons, share=0.9), quality=quality))
    assert groups.group.tolist() == [0] * 8 + [-1] * 8
    assert set(groups.status[8:]) == {LOW_QUALITY}


def test_low_quality_faces_do_not_bridge() -> None:
    sharp = embeddings([0] * 6 + [1] * 6, share=0.95)
    middle = sharp[:6] + sharp[6:]
    blurred = middle / np.linalg.norm(middle, axis=1, keepdims=True)
    quality = np.array([1] * 12 + [0.05] * 6, np.float32)
    groups = group(album(np.concatenate([sharp, blurred]), quality=quality)).group
    assert groups[:12].tolist() == [0] * 6 + [1] * 6


def alike(similarity: float) -> np.ndarray:
    """Two unit vectors of a given cosine similarity."""
    one, other = embeddings([0, 1]).astype(np.float64)
    other -= (other @ one) * one
    other *= np.sqrt(1 - similarity**2) / np.linalg.norm(other)
    return np.stack([one, similarity * one + other]).astype(np.float32)


@pytest.mark.parametrize(("similarity", "one_person"), [(0.5, False), (0.65, True)])
def test_a_burst_counts_as_one_face(similarity: float, one_person: bool) -> None:
    strangers = embeddings(list(range(300)), seed=1)
    pair, bursts = alike(similarity), np.repeat(alike(similarity), 40, axis=0)
    few = group(album(np.concatenate([pair, strangers]))).group
    many = group(album(np.concatenate([bursts, strangers]))).group
    assert (few[0] == few[1] >= 0) == one_person
    assert (many[0] == many[79] >= 0) == one_person
    assert many[0] == many[39] >= 0


def test_faces_that_cannot_be_recognised_are_not_a_person() -> None:
    """Blurred strangers resemble one another more than photos of a person do."""
    middle = np.eye(SIZE, dtype=np.float32)[0]
    rng = np.random.default_rng(0)
    blurred = 0.8 * middle + 0.6 * rng.normal(size=(40, SIZE)) / np.sqrt(SIZE)
    rows = np.concatenate([blurred, embeddings([0] * 5)])
    faces = album((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))
    graph, config = neighbours(faces.embeddings, 10), ClusterConfig()
    _, unaware = cluster_faces(candidates_of(faces, graph, config, CALIBRATION))
    told = replace(CALIBRATION, unrecognizable=middle)
    _, aware = cluster_faces(candidates_of(faces, graph, config, told))
    assert (unaware.group[:40] >= 0).sum() > 10
    assert (aware.group[:40] == -1).all()
    assert set(aware.status[:40]) == {LOW_QUALITY}
    assert (aware.group[40:] == 0).all()


def test_caution_follows_the_number_of_people() -> None:
    alone = group(album(alike(0.5))).group
    among_many = group(album(np.concatenate([alike(0.5), embeddings(list(range(1000)), seed=1)]))).group
    assert alone[0] == alone[1] == 0
    assert among_many[0] != among_many[1] or among_many[0] == -1


def test_one_large_group_makes_nobody_else_careless() -> None:
    """A pair that is not joined among many people is not joined because one of them is everywhere."""
    strangers = [alike(0.5), embeddings(list(range(500)), seed=1)]
    everywhere = embeddings([0] * 500, seed=2, share=0.8)
    without, beside = (
        group(album(np.concatenate(rows))).group for rows in (strangers, [*strangers, everywhere])
    )
    assert without[0] == without[1] == -1
    assert beside[0] == beside[1] == -1
    assert (beside[-500:] == beside[-1]).mean() > 0.99


def test_however_little_is_asked_evidence_against_joins_nobody() -> None:
    assert required_evidence(1.0, CALIBRATION, 1.0) == 0


def test_the_order_of_the_faces_does_not_matter() -> None:
    persons = [p for p in range(20) for _ in range(6)]
    rows = embeddings(persons, share=0.7)
    order = np.random.default_rng(1).permutation(len(rows))
    straight, shuffled = group(album(rows)).group, group(album(rows[order])).group
    assert pairwise_scores(straight[order], shuffled).f == 1


def test_the_same_input_gives_the_same_output() -> None:
    faces = album(embeddings([p for p in range(20) for _ in range(6)]))
    first, second = group(faces), group(faces)
    np.testing.assert_array_equal(first.group, second.group)
    np.testing.assert_array_equal(first.confidence, second.confidence)


def test_a_person_with_far_more_faces_than_neighbours_is_one_group() -> None:
    rows = embeddings([0] * 400 + [1] * 400)
    groups = group(album(rows), ClusterConfig(k=10)).group
    assert pairwise_scores([0] * 400 + [1] * 400, groups).f > 0.99
