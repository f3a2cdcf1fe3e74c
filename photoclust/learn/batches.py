"""Batches of P people with K photos each."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
from pytorch_metric_learning.samplers import MPerClassSampler
from pytorch_metric_learning.utils import common_functions

from photoclust.types import Rows


def batches(person: Rows, people: int, photos: int, seed: tuple[int, ...]) -> list[Rows]:
    """Rows of the batches of an epoch: about as many photos as there are, each person as often as any other.

    Of a person with fewer than K photos some come twice; such a pair of a photo and itself counts nowhere
    (`photoclust.learn.losses`).

    Parameters
    ----------
    person
        int64, shape (n,): whose photo each is; everybody has two or more.
    people, photos
        P and K; where there are fewer than P people, all of them are in each batch.
    seed
        The same numbers give the same batches.
    """
    size = min(people, len(np.unique(person))) * photos
    length = max(1, round(len(person) / size)) * size
    with _chance(seed):
        sampler = MPerClassSampler(person, photos, size, length)
        rows = np.array(list(sampler), np.int64)
    return list(rows.reshape(-1, size))


@contextmanager
def _chance(seed: tuple[int, ...]) -> Generator[None]:
    """Let the sampler draw from a generator of our own."""
    before = common_functions.NUMPY_RANDOM
    common_functions.NUMPY_RANDOM = np.random.default_rng(seed)
    try:
        yield
    finally:
        common_functions.NUMPY_RANDOM = before
