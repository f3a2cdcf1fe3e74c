"""Groups joined while the evidence lasts: strongest first, in rounds, along the edges of a sparse graph.

The contract:

- Two groups are compared only where an edge runs between them, so that nothing is quadratic.
- In a round, two groups join that are each other's best partner, and with them whatever prefers one of the
  two and is no larger: a face that two people resemble does not unite them. Only evidence at least half as
  strong as the strongest is looked at, so that weak follows strong.
- Groups that exclude one another never join: that have a photo in common, or that a decision keeps apart.
- Groups that a decision makes parts of one person stay apart here, each with its own template, for an infant
  and an adult look like neither when averaged. To what excludes they are one.
- The outcome follows from the input alone; ties are broken by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.spread import Side, SpreadModel, dots, squared_lengths
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.types import Doubles, Floats, Rows

_BLOCK = (
    8_192  # pairs of 512-d sums multiplied at once: 2 × 16 MB, twice as fast as more, which no cache holds
)


@dataclass
class Partition:
    """Groups of n items; a group goes by the number of one of its items.

    Attributes
    ----------
    group
        int64, shape (n,): group of each item.
    exclusions
        What keeps groups apart.
    part_of
        int64, shape (n,): where a person consists of several parts, the lowest item of all their parts, for
        the items that decisions speak of; −1 for all others.
    count
        float64, shape (n,): faces in each group; stale where no group goes by that number.
    sums
        float32, shape (n, d): sum of each group's embeddings; stale likewise.
    squares
        float64, shape (n,): squared length of each sum, hubness left out (`squared_lengths`); stale likewise.
    """

    group: Rows
    exclusions: Exclusions
    part_of: Rows
    count: Doubles
    sums: Floats
    squares: Doubles

    @classmethod
    def of(cls, group: Rows, exclusions: Exclusions, part_of: Rows, sums: Floats) -> Partition:
        """Groups that count as a single face each."""
        return cls(group, exclusions, part_of, np.ones(len(group)), sums, squared_lengths(sums))

    def person(self) -> Rows:
        """The group that stands for the whole person each group is (part of), int64, shape (n,)."""
        person, parts = np.arange(len(self.group)), np.flatnonzero(self.part_of >= 0)
        person[self.group[parts]] = self.part_of[parts]
        return person


@dataclass
class Pairs:
    """Groups that may be compared, and what speaks for joining them.

    Attributes
    ----------
    left, right
        int64, shape (pairs,): groups, left below right, no pair twice.
    evidence
        float64, shape (pairs,): log-likelihood ratio of one person against two.
    """

    left: Rows
    right: Rows
    evidence: Doubles

    def take(self, keep: Rows | npt.NDArray[np.bool_]) -> Pairs:
        """Those pairs alone."""
        return Pairs(self.left[keep], self.right[keep], self.evidence[keep])

    def without(self, places: Rows) -> Pairs:
        """The others."""
        keep = np.ones(len(self.left), bool)
        keep[places] = False
        return self.take(keep)


Weigh = Callable[[Partition, Rows, Rows], Doubles]
"""Tells what speaks for joining some groups and others, float64, shape (pairs,); see `evidence_between`."""


class Joining:
    """Groups of a partition, joined in rounds while the evidence lasts.

    Whoever drives it says how strong the strongest evidence is anywhere, so that weak evidence waits until
    the strong is used up: parts of a collection that are told the same go where the whole would go.

    Parameters
    ----------
    partition
        Changed in place.
    pairs
        Groups of it that may be compared.
    weigh
        Weighs the evidence.
    required
        Evidence, 0 or more, that joining a group of so many faces needs.

    Attributes
    ----------
    pairs
        Those that are left.
    top
        Strongest evidence that is enough to join two of the groups, −inf where there is none.
    """

    def __init__(
        self,
        partition: Partition,
        pairs: Pairs,
        weigh: Weigh,
        required: Callable[[Doubles], Doubles],
    ) -> None:
        self.partition = partition
        self._weigh, self._required = weigh, required
        self._look_at(pairs)

    def step(self, top: float) -> None:
        """Go through one round, in which `top` is the strongest evidence of all parts."""
        partition, pairs = self.partition, self.pairs
        place = np.flatnonzero(self._enough & (pairs.evidence > top / 2))
        strong = pairs.take(place)
        clash = _exclude(partition, strong.left, strong.right)
        if clash.any():  # a copy of all pairs costs as much as a round
            strong, pairs = strong.take(~clash), pairs.without(place[clash])
        target = _targets(partition, strong)
        changed = absorb(partition, target)
        self._look_at(regrouped(partition, pairs, target, changed, self._weigh))

    def _look_at(self, pairs: Pairs) -> None:
        count = self.partition.count
        larger = np.maximum(count[pairs.left], count[pairs.right])
        self.pairs = pairs
        self._enough = pairs.evidence > _of_each_size(self._required, larger)
        self.top = float(pairs.evidence[self._enough].max(initial=-np.inf))


def join(joining: Joining) -> None:
    """Go through all rounds of what is the whole collection."""
    while joining.top > -np.inf:
        joining.step(joining.top)


def _of_each_size(required: Callable[[Doubles], Doubles], larger: Doubles) -> Doubles:
    """What is required for each of so many groups; it is worked out once for each number of faces."""
    sizes = np.arange(1, larger.max(initial=0) + 1)
    return required(sizes)[larger.astype(np.int64) - 1]


def faces_in(partition: Partition) -> float:
    """Number of faces in all groups; near-identical ones count once."""
    return float(partition.count[partition.group == np.arange(len(partition.group))].sum())


def weighed_by(model: SpreadModel) -> Weigh:
    """Weighs pairs of groups by a model alone."""
    return partial(evidence_between, model=model)


def evidence_between(partition: Partition, left: Rows, right: Rows, model: SpreadModel) -> Doubles:
    """Log-likelihood ratio of one person against two for pairs of groups, float64, shape (pairs,)."""
    evidence = np.empty(len(left))
    for block, one, other, product in compared(partition, left, right):
        evidence[block] = model.evidence(one, other, product)
    return evidence


def compared(partition: Partition, left: Rows, right: Rows) -> Iterator[tuple[slice, Side, Side, Doubles]]:
    """Pairs of groups by blocks: which, what either side is like, and the product of their means."""
    for start in range(0, len(left), _BLOCK):
        block = slice(start, start + _BLOCK)
        a, b = left[block], right[block]
        sums_a, sums_b = partition.sums[a], partition.sums[b]
        one = Side.of(sums_a, partition.count[a], partition.squares[a])
        other = Side.of(sums_b, partition.count[b], partition.squares[b])
        yield block, one, other, dots(sums_a, sums_b) / (one.count * other.count)


def pairs_of(partition: Partition, left: Rows, right: Rows, weigh: Weigh) -> Pairs:
    """The pairs of groups that edges between items make."""
    left, right = _distinct(partition.group[left], partition.group[right], len(partition.group))
    return Pairs(left, right, weigh(partition, left, right))


def _distinct(left: Rows, right: Rows, n: int) -> tuple[Rows, Rows]:
    """Each pair of different groups once, the smaller number left."""
    differ = left != right
    left, right = left[differ], right[differ]
    key = np.minimum(left, right) * n + np.maximum(left, right)
    key.sort()
    key = key[np.flatnonzero(np.diff(key, prepend=-1))]
    return key // n, key % n


def _exclude(partition: Partition, left: Rows, right: Rows) -> npt.NDArray[np.bool_]:
    """Whether the groups of a pair may not join."""
    person = partition.person()
    owner, left, right = person[partition.group], person[left], person[right]
    return partition.exclusions.clash(owner, left, owner, right) | (left == right)


def _targets(partition: Partition, strong: Pairs) -> Rows:
    """The group that each group joins, itself where it stays; int64, shape (n,)."""
    target = np.arange(len(partition.group))
    strength = np.full(len(target), np.inf)
    if not len(strong.left):
        return target
    both = (strong.left, strong.right), (strong.right, strong.left)
    top, best = np.full(len(target), -np.inf), np.full(len(target), len(target))
    for source, _ in both:
        np.maximum.at(top, source, strong.evidence)
    for source, other in both:
        equal = strong.evidence == top[source]
        np.minimum.at(best, source[equal], other[equal])
    groups = np.flatnonzero(best < len(target))
    strength[groups] = top[groups]
    best = np.where(best < len(target), best, target)
    mutual = groups[best[best[groups]] == groups]
    part = np.zeros(len(target), bool)
    part[partition.group[partition.part_of >= 0]] = True
    size = np.where(part, np.inf, partition.count)  # others come to a part, a part to nobody
    larger, tied = size[best[mutual]] > size[mutual], size[best[mutual]] == size[mutual]
    hub = target.copy()
    hub[mutual] = np.where(larger | (tied & (best[mutual] < mutual)), best[mutual], mutual)
    no_larger = size[groups] <= size[best[groups]]
    follows = groups[np.isin(best[groups], mutual) & ~part[groups] & no_larger]
    target[follows] = hub[best[follows]]
    strength[target == np.arange(len(target))] = np.inf
    late = partition.exclusions.late(partition.group, partition.person()[target], strength)
    target[late] = late
    return target


def regrouped(
    partition: Partition,
    pairs: Pairs,
    target: Rows,
    changed: npt.NDArray[np.bool_],
    weigh: Weigh,
) -> Pairs:
    """Pairs of groups after each has gone to its target, with new evidence where a target has changed."""
    left, right = target[pairs.left], target[pairs.right]
    new = changed[left] | changed[right]
    kept = pairs.take(~new)
    left, right = _distinct(left[new], right[new], len(target))
    evidence = weigh(partition, left, right)
    return Pairs(np.r_[kept.left, left], np.r_[kept.right, right], np.r_[kept.evidence, evidence])


def absorb(partition: Partition, target: Rows) -> npt.NDArray[np.bool_]:
    """Add each group to its target; tells which groups have changed."""
    changed = np.zeros(len(target), bool)
    moved = np.flatnonzero(target != np.arange(len(target)))
    moved = moved[np.argsort(target[moved], kind="stable")]
    if len(moved):
        hubs, starts = np.unique(target[moved], return_index=True)
        partition.sums[hubs] += np.add.reduceat(partition.sums[moved], starts, axis=0)
        partition.squares[hubs] = squared_lengths(partition.sums[hubs])
        partition.count[hubs] += np.add.reduceat(partition.count[moved], starts)
        partition.group = target[partition.group]
        changed[hubs] = True
    return changed
