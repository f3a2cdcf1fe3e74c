"""Faces of a photo that has changed are known by their place and their embedding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from photoclust.people.identity.succession import Array, PhotoFaces, successors

BOXES = np.array([[10, 10, 40, 50], [60, 15, 85, 48], [120, 60, 160, 110]], np.float64)
SIZE, TURNED = (200, 120), (120, 200)


def embeddings(count: int, cosine: float = 1.0, seed: int = 0) -> Array:
    """Vectors of different people, or photos of the same that are so much alike."""
    people, other = (np.linalg.qr(np.random.default_rng(n).normal(size=(64, count)))[0].T for n in (seed, 99))
    other -= (other * people).sum(1, keepdims=True) * people
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    return cosine * people + np.sqrt(1 - cosine**2) * other


def photo(boxes: Array, vectors: Array, size: tuple[int, int] = SIZE, name: str = "old") -> PhotoFaces:
    return PhotoFaces([f"{name}{number}" for number in range(len(boxes))], boxes, vectors, size)


def quarter(boxes: Array) -> Array:
    return np.stack([SIZE[1] - boxes[:, 3], boxes[:, 0], SIZE[1] - boxes[:, 1], boxes[:, 2]], axis=1)


def mirrored(boxes: Array) -> Array:
    return np.stack([SIZE[0] - boxes[:, 2], boxes[:, 1], SIZE[0] - boxes[:, 0], boxes[:, 3]], axis=1)


@pytest.mark.parametrize(
    ("change", "size", "cosine"),
    [
        (lambda boxes: boxes, SIZE, 0.65),  # compressed anew, blurred
        (lambda boxes: boxes / 2, (100, 60), 0.65),
        (quarter, TURNED, 0.65),
        (mirrored, SIZE, 0.65),
        (lambda boxes: boxes - [5, 5, 5, 5], (170, 110), 0.85),  # cut out
        (lambda boxes: (boxes - [5, 5, 5, 5]) * 2, (340, 220), 0.85),
    ],
)
def test_faces_stay_who_they_are(
    change: Callable[[Array], Array], size: tuple[int, int], cosine: float
) -> None:
    before = photo(BOXES, embeddings(3))
    order = [2, 0, 1]
    after = photo(change(BOXES)[order], embeddings(3, cosine)[order], size, "new")
    assert sorted(successors(before, after)) == [("old0", "new1"), ("old1", "new2"), ("old2", "new0")]


def test_somebody_else_in_the_same_place_is_somebody_else() -> None:
    assert successors(photo(BOXES, embeddings(3)), photo(BOXES, embeddings(3, 0.5), name="new")) == []


def test_two_pictures_of_one_person_keep_their_places() -> None:
    one = np.repeat(embeddings(1), 3, axis=0)
    pairs = successors(photo(BOXES, one), photo(quarter(BOXES)[::-1], one, TURNED, "new"))
    assert sorted(pairs) == [("old0", "new2"), ("old1", "new1"), ("old2", "new0")]


def test_a_face_that_is_cut_off_has_no_successor() -> None:
    before = photo(BOXES, embeddings(3))
    after = photo(BOXES[:2], embeddings(3)[:2], (100, 120), "new")
    assert sorted(successors(before, after)) == [("old0", "new0"), ("old1", "new1")]
    assert successors(before, photo(BOXES[:0], embeddings(3)[:0], name="new")) == []
