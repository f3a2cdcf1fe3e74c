"""Sets of rows and of tokens, by numpy alone, against plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.graph.near_duplicates import components


@pytest.mark.parametrize("seed", range(20))
def test_components_are_those_of_a_search(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60))
    left, right = rng.integers(0, n, (2, int(rng.integers(0, n))))
    lowest = list(range(n))
    for _ in range(n):
        for one, other in zip(left.tolist(), right.tolist(), strict=True):
            lowest[one] = lowest[other] = min(lowest[one], lowest[other])
    assert components(left, right, n).tolist() == lowest


def test_a_chain_is_one_component() -> None:
    chain = np.random.default_rng(0).permutation(5000)
    assert not components(chain[:-1], chain[1:], 5000).any()


@pytest.mark.parametrize("seed", range(20))
def test_owners_clash_where_one_holds_what_the_other_bars(seed: int) -> None:
    rng = np.random.default_rng(seed)
    items, tokens, owners = 40, 8, 10
    held, barred = rng.integers(0, [items, tokens], (30, 2)).T, rng.integers(0, [items, tokens], (25, 2)).T
    exclusions = Exclusions(*held, *barred)
    left_owner, right_owner = rng.integers(-1, owners, (2, items))
    left, right = rng.integers(0, owners, (2, 50))
    holds = {(int(left_owner[item]), int(token)) for item, token in zip(*held, strict=True)}
    bars = {(int(right_owner[item]), int(token)) for item, token in zip(*barred, strict=True)}
    expected = [
        any((a, t) in holds and (b, t) in bars for t in range(tokens))
        for a, b in zip(left, right, strict=True)
    ]
    assert exclusions.clash(left_owner, left, right_owner, right).tolist() == expected
