"""Which faces of a photo must be different people, and which photos say nothing of the kind."""

from __future__ import annotations

import numpy as np
import pytest

from photoclust.config import ClusterConfig
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.same_photo import conflicting_photos, made_of_photos
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours

SIZE = 64


def pictures(persons: list[int], share: float, seed: int = 0) -> np.ndarray:
    """Unit vectors: two of one person have a cosine of about `share`, of two people of about 0."""
    rng = np.random.default_rng(seed)
    identity, own = np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0], rng.normal(size=(len(persons), SIZE))
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    rows = np.sqrt(share) * identity[persons] + np.sqrt(1 - share) * own
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def faces_of(rows: np.ndarray, photos: list[int], quality: float = 1.0) -> VerifyInput:
    left = 20 * np.arange(len(rows), dtype=np.float32)
    boxes = np.column_stack([left, 0 * left, left + 10, 0 * left + 10])
    return VerifyInput(rows, np.full(len(rows), quality, np.float32), np.array(photos), boxes)


def made(faces: VerifyInput) -> list[int]:
    return made_of_photos(faces, neighbours(faces.embeddings, 40)).tolist()


def test_a_contact_sheet_is_made_of_photos_and_keeps_nobody_apart() -> None:
    faces = faces_of(pictures([p for p in range(5) for _ in range(4)], 0.8), [7] * 20)
    assert made(faces) == [7]
    assert (conflicting_photos(faces, neighbours(faces.embeddings, 40)) == -1).all()


def test_people_of_a_contact_sheet_are_found() -> None:
    persons = [p for p in range(5) for _ in range(6)]
    faces = faces_of(pictures(persons, 0.75), [7] * 30)
    graph, config = neighbours(faces.embeddings, 40), ClusterConfig()
    assert cluster_faces(candidates_of(faces, graph, config))[1].group.tolist() == persons
    strict = ClusterConfig(photo_copies=False)
    groups = cluster_faces(candidates_of(faces, graph, strict))[1].group
    found = groups[groups >= 0]
    assert len(found) == len(set(found.tolist()))


@pytest.mark.parametrize("share", [0.0, 0.55], ids=["strangers", "lookalikes"])
def test_a_photo_of_many_people_is_one_photo(share: float) -> None:
    assert made(faces_of(pictures([0] * 20, share), [0] * 20)) == []


def test_two_pairs_of_siblings_do_not_make_a_collage() -> None:
    assert made(faces_of(pictures([0, 0, 1, 1, 2, 3], 0.9), [0] * 6)) == []


def test_blurred_faces_that_are_all_alike_do_not_make_a_collage() -> None:
    assert made(faces_of(pictures([0] * 6, 0.9), [0] * 6, quality=0.1)) == []


def test_faces_found_twice_do_not_make_a_collage() -> None:
    rows = np.repeat(pictures([0, 1, 2], 0.9), 2, axis=0)
    faces = faces_of(rows, [0] * 6)
    faces.boxes[1::2] = faces.boxes[::2] + np.array([6, 0, 6, 0], np.float32)
    assert made(faces) == []


def test_faces_of_several_photos_do_not_add_up() -> None:
    assert made(faces_of(pictures([0] * 6, 0.9), [0, 0, 1, 1, 2, 2])) == []


def test_nothing_is_made_of_no_faces() -> None:
    assert made(faces_of(np.zeros((0, SIZE), np.float32), [])) == []
    assert made(faces_of(pictures([0], 0.9), [0])) == []
