"""People are divided without anybody on two sides; labels that disagree with faces are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learnable_index import learnable_vectors

from photoclust.errors import UsageError
from photoclust.learn.batches import batches
from photoclust.learn.faces import LabelledFaces, doubtful_labels, split_people

COUNTS = st.lists(st.integers(1, 30), min_size=40, max_size=120).map(np.array)


@given(COUNTS, st.integers(0, 1000))
def test_sides_have_their_shares_of_people_with_few_and_with_many_photos(
    photos: np.ndarray, seed: int
) -> None:
    try:
        side = split_people(photos, (0.2, 0.3), seed)
    except UsageError:
        assert (photos > 1).sum() < 20
        return
    assert np.array_equal(side, split_people(photos, (0.2, 0.3), seed))
    for number, share in enumerate((0.5, 0.2, 0.3)):
        assert abs((side == number).sum() - share * len(photos)) <= 2
        order = np.argsort(-photos, kind="stable")
        for part in (order[: len(order) // 2], order[len(order) // 2 :]):  # those with many, those with few
            ties = (photos == photos[order[len(order) // 2]]).sum()
            assert abs((side[part] == number).sum() - share * len(part)) <= 3 + ties


def test_seeds_give_other_sides() -> None:
    photos = np.full(50, 3)
    assert not np.array_equal(split_people(photos, (0.2, 0.3), 0), split_people(photos, (0.2, 0.3), 1))


@pytest.mark.parametrize(
    ("photos", "words"), [([5], "one person"), ([1] * 20, "two photos"), ([2, 2, 2, 1], "Label more people")]
)
def test_too_few_labels_are_refused_in_a_sentence(photos: list[int], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        split_people(np.array(photos), (0.2, 0.3), 0)


@given(st.integers(2, 8), st.integers(2, 5), st.integers(0, 50))
def test_batches_hold_p_people_with_k_photos(people: int, photos: int, seed: int) -> None:
    person = np.repeat(np.arange(9), np.arange(2, 11))
    found = batches(person, people, photos, (seed, 1, 0))
    assert np.array_equal(found, batches(person, people, photos, (seed, 1, 0)))
    for batch in found:
        there, count = np.unique(person[batch], return_counts=True)
        assert (len(there), set(count.tolist())) == (people, {photos})


def test_the_random_numbers_of_a_program_stay_as_they_are() -> None:
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    batches(np.repeat(np.arange(5), 3), 4, 2, (0, 1, 0))
    assert np.array_equal(before, np.random.get_state()[1])


def test_labels_that_disagree_with_faces_are_found() -> None:
    vectors = learnable_vectors(10, 5, nuisance=0.2)
    person = np.repeat(np.arange(10), 5)
    names = [f"person {number}" for number in range(10)]
    ids = [str(number) for number in range(50)]
    assert not doubtful_labels(LabelledFaces(ids, ids, person, names, vectors))
    person[[7, 31]] = 4, 9
    found = doubtful_labels(LabelledFaces(ids, ids, person, names, vectors))
    assert {(doubt.row, doubt.rival) for doubt in found} == {(7, 1), (31, 6)}
