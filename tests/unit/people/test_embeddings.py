"""Vectors that somebody else made, grouped as the faces of an index are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoclust.config import ClusterConfig
from photoclust.errors import UsageError, VectorError
from photoclust.index.store import IndexStore
from photoclust.people.clustering.density import numbered
from photoclust.people.embeddings import EmbeddingGroups, group_embeddings
from photoclust.records import face_embeddings


def portraits(people: int = 8, each: int = 5, d: int = 128, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(people, d)), each, axis=0)
    return centres + noise * rng.normal(size=centres.shape)


def same(one: EmbeddingGroups, other: EmbeddingGroups) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


def test_vectors_of_an_index_come_to_its_people(album_index: IndexStore) -> None:
    faces, current = album_index.faces(["box", "quality", "embedding"]), album_index.current_clustering()
    assert current is not None
    groups = group_embeddings(
        face_embeddings(faces),
        faces["photo_id"].to_pylist(),
        faces["quality"].to_numpy(),
        np.array(faces["box"].to_pylist()),
        model="casia-webface",
        config=ClusterConfig(k=10),
    )
    people = current.assignments["person_id"].to_pylist()
    number = {person: number for number, person in enumerate(sorted(set(people) - {""}))}
    labels = numbered(np.array([number.get(person, -1) for person in people]))
    assert np.array_equal(groups.labels, labels)
    assert groups.people == 4
    assert np.array_equal(groups.probabilities, current.assignments["confidence"].to_numpy())
    assert groups.status.tolist() == current.assignments["status"].to_pylist()


def test_an_archive_of_arrays_is_refused_in_a_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", faces=portraits(), names=np.arange(3))
    with (
        np.load(tmp_path / "x.npz") as archive,
        pytest.raises(UsageError, match=r"X is an archive .* holds: 'faces', 'names'"),
    ):
        group_embeddings(archive, threshold=0.5)


@pytest.mark.parametrize("d", [16, 128, 700])
def test_takes_vectors_of_any_size(d: int) -> None:
    groups = group_embeddings(portraits(d=d, noise=0.2), threshold=0.4)
    assert groups.labels.tolist() == np.repeat(np.arange(8), 5).tolist()
    assert (groups.probabilities > 0.9).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_length_and_type_of_vectors_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = portraits(seed=seed)
    longer = vectors * rng.uniform(0.1, 10, (len(vectors), 1))
    labels = group_embeddings(vectors, threshold=0.5).labels
    for other in (longer, vectors.astype(np.float32), vectors.tolist()):
        assert np.array_equal(group_embeddings(other, threshold=0.5).labels, labels)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_order_of_vectors_does_not_matter(seed: int) -> None:
    vectors, order = portraits(seed=seed), np.random.default_rng(seed).permutation(40)
    labels = group_embeddings(vectors, threshold=0.5).labels
    assert np.array_equal(group_embeddings(vectors[order], threshold=0.5).labels, numbered(labels[order]))


def test_what_all_vectors_have_in_common_says_nothing() -> None:
    """As of dlib's model, whose vectors of strangers have a cosine of about 0.8."""
    vectors = portraits(people=20, noise=0.3) + 2 * np.sqrt(128) * np.eye(128)[0]
    assert group_embeddings(vectors, threshold=0.1).labels.tolist() == np.repeat(np.arange(20), 5).tolist()


def test_faces_of_one_photo_are_two_people() -> None:
    photos = np.repeat(np.arange(20), 2)
    labels = group_embeddings(portraits(), photos, threshold=0.5).labels
    assert (labels[::2] != labels[1::2]).all()
    texts = group_embeddings(portraits(), [f"p{photo}.jpg" for photo in photos], threshold=0.5)
    assert np.array_equal(texts.labels, labels)


def test_poor_faces_found_nobody() -> None:
    quality = np.ones(40)
    quality[:5] = 0.1
    groups = group_embeddings(portraits(), quality=quality, threshold=0.5)
    assert (groups.labels[:5] == -1).all()
    assert (groups.status[:5] == "low_quality").all()
    assert (groups.probabilities[:5] == 0).all()


def test_one_vector_is_nobody_and_none_are_nothing() -> None:
    one = group_embeddings(np.ones((1, 64)), threshold=0.5)
    assert (one.labels.tolist(), one.probabilities.tolist(), one.people) == ([-1], [0.0], 0)
    none = group_embeddings(np.zeros((0, 512)), model="casia-webface")
    assert (len(none), none.people) == (0, 0)


def test_one_person_alone_is_one_person() -> None:
    assert (group_embeddings(portraits(people=1, each=12), threshold=0.5).labels == 0).all()


def test_the_same_vector_again_and_again() -> None:
    assert (group_embeddings(np.ones((50, 64)), threshold=0.5).labels == 0).all()


GOOD = portraits()


@pytest.mark.parametrize(
    ("vectors", "given", "words"),
    [
        (GOOD, {}, "Give either model"),
        (GOOD, {"model": "casia-webface", "threshold": 0.5}, "Give either model"),
        (GOOD, {"model": "facenet9"}, "casia-webface"),
        (GOOD, {"model": "casia-webface"}, "512 numbers; these have 128"),
        (GOOD, {"threshold": 0.0}, "(0, 1)"),
        (GOOD, {"threshold": float("nan")}, "(0, 1)"),
        (GOOD[0], {"threshold": 0.5}, "2 dimensions; its shape is (128,)"),
        (GOOD[:, :0], {"threshold": 0.5}, "one column or more"),
        ([[1.0, 2.0], [3.0]], {"threshold": 0.5}, "differ in length"),
        ([["a", "b"]], {"threshold": 0.5}, "real numbers"),
        (GOOD.astype(complex), {"threshold": 0.5}, "real numbers"),
        (GOOD, {"threshold": 0.5, "photos": [1, 2]}, "photos has 2 entries for 40 vectors"),
        (GOOD, {"threshold": 0.5, "photos": [None, 2] * 20}, "without gaps"),
        (GOOD, {"threshold": 0.5, "photos": np.zeros((40, 2))}, "1 dimension"),
        (GOOD, {"threshold": 0.5, "quality": np.full(40, np.nan)}, "quality must lie in [0, 1]"),
        (GOOD, {"threshold": 0.5, "quality": np.full(40, 3)}, "quality must lie in [0, 1]"),
        (GOOD, {"threshold": 0.5, "boxes": np.zeros((40, 3))}, "x0, y0, x1, y1"),
    ],
)
def test_what_cannot_be_grouped_is_refused_in_a_sentence(
    vectors: Any, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError) as raised:
        group_embeddings(vectors, **given)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "row 3 is zero"), (np.nan, "row 3 holds NaN"), (np.inf, "row 3 holds NaN")]
)
def test_a_vector_without_direction_is_named(value: float, words: str) -> None:
    vectors = portraits()
    vectors[3] = value
    with pytest.raises(VectorError) as raised:
        group_embeddings(vectors, threshold=0.5)
    assert words in str(raised.value)
    assert raised.value.row == 3
