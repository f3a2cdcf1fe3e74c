"""Mined triplets are those of the definitions, looked for one by one."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from photoclust.learn.config import TrainConfig
from photoclust.learn.losses import Objective

Triplets = set[tuple[int, int, int]]


@st.composite
def batches(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors in two dimensions, person and photo of each; some photos come twice, as in a batch."""
    person = np.array(draw(st.lists(st.integers(0, 3), min_size=2, max_size=12)))
    angles = st.floats(0, 6.28, allow_nan=False)
    angle = np.array(draw(st.lists(angles, min_size=len(person), max_size=len(person))))
    photo = np.arange(len(person))
    for place, other in draw(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=3)):
        if max(place, other) < len(person) and person[place] == person[other]:
            photo[place], angle[place] = photo[other], angle[other]
    return np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32), person, photo


def chosen(mining: str, margin: float, batch: tuple[np.ndarray, ...], squared: bool) -> Triplets:
    objective = Objective(TrainConfig(mining=mining, margin=margin, squared=squared), 4, 2)
    vectors, person, photo = (torch.from_numpy(one) for one in batch)
    return set(zip(*(one.tolist() for one in objective.chosen(vectors, person, photo)), strict=True))


def distances(vectors: np.ndarray, squared: bool) -> np.ndarray:
    """As PyTorch computes them, so that ties fall alike."""
    apart = torch.cdist(torch.nn.functional.normalize(torch.from_numpy(vectors)), torch.from_numpy(vectors))
    apart = torch.cdist(*(torch.nn.functional.normalize(torch.from_numpy(vectors)),) * 2)
    return (apart**2 if squared else apart).numpy()


def every(person: np.ndarray, photo: np.ndarray) -> Triplets:
    n = range(len(person))
    return {
        (a, p, q)
        for a, p, q in itertools.product(n, n, n)
        if a != p and photo[a] != photo[p] and person[a] == person[p] and person[a] != person[q]
    }


@given(batches(), st.sampled_from([0.1, 0.3, 1.0]), st.booleans())
def test_semi_hard_triplets_are_those_between_the_margin_and_nothing(
    batch: tuple[np.ndarray, ...], margin: float, squared: bool
) -> None:
    apart = distances(batch[0], squared)
    expected = {
        (a, p, n)
        for a, p, n in every(*batch[1:])
        if 0 < np.float32(apart[a, n] - apart[a, p]) <= np.float32(margin)
    }
    assert chosen("semihard", margin, batch, squared) == expected


@given(batches(), st.booleans())
def test_batch_hard_triplets_are_the_farthest_own_and_the_nearest_other(
    batch: tuple[np.ndarray, ...], squared: bool
) -> None:
    apart, (_, person, photo) = distances(batch[0], squared), batch
    found = chosen("batch-hard", 0.2, batch, squared)
    for a, p, n in found:
        own = [apart[a, x] for x in range(len(person)) if x != a and person[x] == person[a]]
        other = [apart[a, x] for x in range(len(person)) if person[x] != person[a]]
        assert apart[a, p] == max(own)
        assert apart[a, n] == min(other)
        assert (a, p, n) in every(person, photo)
    anchors = {a for a, _, _ in found}
    for a, p, _ in every(person, photo):
        hardest = max(apart[a, x] for x in range(len(person)) if x != a and person[x] == person[a])
        if a not in anchors:  # its farthest own photo is the same photo again: all its own are as far
            assert apart[a, p] <= hardest == max(apart[a, x] for x in np.flatnonzero(photo == photo[a]))


@given(batches())
def test_random_triplets_are_triplets(batch: tuple[np.ndarray, ...]) -> None:
    assert chosen("random", 0.2, batch, False) <= every(*batch[1:])
