"""Groups joined in rounds, strongest evidence first."""

from __future__ import annotations

import numpy as np

from photoclust.people.clustering.agglomerate import Joining, Pairs, Partition, absorb
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.types import Doubles, Rows


def no_more(_: Partition, left: Rows, __: Rows) -> Doubles:
    return np.full(len(left), -np.inf)


def joined(sizes: list[int], left: list[int], right: list[int], evidence: list[float]) -> list[int]:
    """Group of the first face of each group after one round of joins; groups go by their order."""
    first = np.cumsum([0, *sizes[:-1]])
    sums = np.zeros((sum(sizes), 3), np.float32)
    partition = Partition.of(np.arange(len(sums)), Exclusions.none(), np.full(len(sums), -1), sums)
    absorb(partition, np.repeat(first, sizes))
    pairs = Pairs(first[left], first[right], np.array(evidence))
    joining = Joining(partition, pairs, no_more, np.zeros_like)
    joining.step(joining.top)
    return [int(np.flatnonzero(first == group)[0]) for group in partition.group[first]]


def test_a_face_that_two_people_resemble_does_not_unite_them() -> None:
    assert joined([5, 1, 4], [0, 1], [1, 2], [10.0, 9.0]) == [0, 0, 2]


def test_a_face_follows_its_best_partner() -> None:
    assert joined([5, 1, 1], [0, 1], [1, 2], [10.0, 9.0]) == [0, 0, 0]
