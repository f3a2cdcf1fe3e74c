"""Joins with an eye on who else is near: whoever resembles many people needs more evidence to be one of them.

Evidence that was measured on everybody is too lenient where people lie dense in the space of embeddings.
Which regions those are the collection itself tells, once what is certain is joined: how much nearer a group's
nearest others are than the nearest of a cohort of strangers, the group it may join left out, is held against
the join: on average (its *crowding*), and of the runner-up alone. The former tells dense regions, the latter
that there is somebody else to be. That is adaptive score normalisation with the collection as its cohort
(Matějka et al., Analysis of score normalization in multilingual speaker recognition, Interspeech 2017). Of
two single faces the nearest others are often more photos of the same people: they count nothing.

Only the crowding of the smaller group says anything, by a logistic regression of "same person" on evidence
and crowding of either: a person known by thirty photos is known well, whoever else is near.

For a join speaks that faces of the smaller group are nearer to a few of the larger than to most
(`photoclust.people.clustering.nearest_faces`): they come of the same series of photos. A stranger who
resembles somebody is about as near to all photos of them. By logistic regressions on either half of the
people of ``benchmarks/shapes.py``, with different other regressors, it is worth 33 to 48 of evidence for each
unit of similarity.

Constants are chosen on half of the people of ``benchmarks/shapes.py``, collections of every shape counting
the same; the other half was looked at when choosing among the last variants.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.hubness import NEAREST
from photoclust.people.calibration.spread import Side, SpreadModel
from photoclust.people.clustering.agglomerate import Pairs, Partition, compared
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.clustering.nearest_faces import nearest_faces
from photoclust.types import Doubles, Floats, Rows

START = 1e-3
"""Times ``false_join_rate``: what may join wrongly before anything is known of who is near."""

_AT_ONCE = 1 << 18  # groups or pairs
_CROWDING, _RUNNER_UP = 15.0, 15.0  # evidence asked for, for each unit that others are nearer
_NEARER, _MOST_NEARER = 42.0, 12.0  # what speaks for it, for each unit that the nearest faces are nearer


@dataclass(frozen=True)
class Context:
    """Who is near each of n groups, others and strangers of a cohort; float64, shape (n,).

    Attributes
    ----------
    total
        Sum of the similarities to the `NEAREST` + 1 nearest.
    last
        The least of them.
    first, second
        The greatest two.
    strangers
        Mean similarity to the `NEAREST` nearest of the cohort alone.
    """

    total: Doubles
    last: Doubles
    first: Doubles
    second: Doubles
    strangers: Doubles

    @classmethod
    def of(cls, partition: Partition, pairs: Pairs, calibration: Calibration) -> Context:
        """Context of groups; the pairs are those that may be near."""
        groups = np.unique(partition.group)
        place = np.zeros(len(partition.group), np.int64)
        place[groups] = np.arange(len(groups))
        strangers = np.empty((len(groups), NEAREST), np.float32)
        for part in _parts(len(groups)):
            strangers[part] = calibration.nearest_strangers(_templates(partition, groups[part]))
        others = _nearest_others(partition, pairs, place, strangers.min(axis=1).astype(np.float64))
        columns = np.empty((5, len(groups)))
        for part in _parts(len(groups)):
            known = strangers[part].astype(np.float64)
            nearest = np.sort(np.concatenate([others[part], known], axis=1), axis=1)[:, -NEAREST - 1 :]
            columns[:, part] = nearest.sum(1), nearest[:, 0], nearest[:, -1], nearest[:, -2], known.mean(1)
        return cls(*(column[place] for column in columns))

    def crowding(self, groups: Rows, similarity: Doubles) -> Doubles:
        """How much nearer others are than strangers, one so similar left out; 0 or more."""
        nearest = self.total[groups] - np.maximum(similarity, self.last[groups])
        return np.maximum(0, nearest / NEAREST - self.strangers[groups])

    def runner_up(self, groups: Rows, similarity: Doubles) -> Doubles:
        """Similarity to the nearest other or stranger, one so similar left out."""
        return self.first[groups] + self.second[groups] - np.maximum(similarity, self.second[groups])

    def against(self, groups: Rows, similarity: Doubles) -> Doubles:
        """Evidence asked for because others are nearer than strangers, one so similar left out; 0 or more."""
        runner_up = self.runner_up(groups, similarity) - self.strangers[groups]
        return _CROWDING * self.crowding(groups, similarity) + _RUNNER_UP * np.maximum(0, runner_up)

    def against_smaller(self, left: Rows, right: Rows, one: Side, other: Side, product: Doubles) -> Doubles:
        """The same of the smaller group of each pair, or the greater of two that are as large."""
        similarity = cosine(one, other, product)
        return of_smaller(self.against(left, similarity), self.against(right, similarity), one, other)


def of_smaller(left: Doubles, right: Doubles, one: Side, other: Side) -> Doubles:
    """What holds of the smaller group of each pair, or the greater of two that are as large."""
    both, is_smaller = np.maximum(left, right), one.count < other.count
    return np.where(one.count == other.count, both, np.where(is_smaller, left, right))


def _templates(partition: Partition, groups: Rows) -> Floats:
    """Unit vectors in the midst of the faces of some groups."""
    lengths = np.sqrt(np.maximum(partition.squares[groups], 1e-12))
    return partition.sums[groups, :-1] / lengths[:, None].astype(np.float32)


def _nearest_others(partition: Partition, pairs: Pairs, place: Rows, least: Doubles) -> Doubles:
    """Similarities of each group to the nearest others, −1 where none is nearer than `least`."""
    nearest = np.full((len(least), NEAREST + 1), -1.0)
    for part in _parts(len(pairs.left)):
        source, similarity = _near(partition, pairs.left[part], pairs.right[part], place, least)
        order = np.lexsort((-similarity, source))
        source, similarity = source[order], similarity[order]
        rank = np.arange(len(source)) - np.searchsorted(source, source)
        first = rank <= NEAREST
        own, row = np.unique(source[first], return_inverse=True)
        found = np.full((len(own), NEAREST + 1), -1.0)
        found[row, rank[first]] = similarity[first]
        both = np.sort(np.concatenate([nearest[own], found], axis=1), axis=1)
        nearest[own] = both[:, :NEAREST:-1]
    return nearest


def _parts(n: int) -> list[slice]:
    """Groups or pairs that are looked at together: of all of a large collection that would be gigabytes."""
    return [slice(start, start + _AT_ONCE) for start in range(0, n, _AT_ONCE)]


def _near(partition: Partition, left: Rows, right: Rows, place: Rows, least: Doubles) -> tuple[Rows, Doubles]:
    """Places of groups of pairs that have the other nearer than `least`, and its similarity."""
    source, similarity = [np.zeros(0, np.int64)], [np.zeros(0)]
    for block, one, other, product in compared(partition, left, right):
        found = cosine(one, other, product)
        for own in (place[left[block]], place[right[block]]):
            near = found > least[own]
            source.append(own[near])
            similarity.append(found[near])
    return np.concatenate(source), np.concatenate(similarity)


def cosine(one: Side, other: Side, product: Doubles) -> Doubles:
    """Similarity of the means of groups whose product is known."""
    return product / np.sqrt(np.maximum(one.power * other.power, 1e-12))


def nearer(
    embeddings: Floats, group: Rows, left: Rows, right: Rows, one: Side, other: Side, product: Doubles
) -> Doubles:
    """What speaks for two groups being one person because some of their faces are nearer than most.

    Each face of the smaller group is held against the three of the larger that are nearest to it; of two
    groups that are as large the greater counts.

    Parameters
    ----------
    embeddings, group
        As for `nearest_faces`.
    left, right, one, other, product
        The pairs of groups, and what is known of them.
    """
    ascending, equal = one.count <= other.count, np.flatnonzero(one.count == other.count)
    smaller, larger = np.where(ascending, left, right), np.where(ascending, right, left)
    nearest = nearest_faces(embeddings, group, smaller, larger)
    most = product / np.sqrt(np.maximum(np.where(ascending, one.power, other.power), 1e-12))
    back = nearest_faces(embeddings, group, larger[equal], smaller[equal])
    nearest[equal] = np.maximum(nearest[equal], back)
    return np.minimum(_NEARER * (nearest - most), _MOST_NEARER)


@dataclass(frozen=True)
class InContext:
    """Weighs groups with an eye on who else is near.

    Attributes
    ----------
    context
        Who is near.
    model
        Weighs the evidence before.
    pair
        Evidence that two single faces need to join.
    group
        Evidence that anything and a group needs where nobody is near.
    embeddings
        float32, shape (n, c + 1): the faces.
    counted
        bool, shape (n,): those that are looked at one by one, one of each burst.
    """

    context: Context
    model: SpreadModel
    pair: float
    group: float
    embeddings: Floats
    counted: npt.NDArray[np.bool_]

    def again(self, partition: Partition, pairs: Pairs) -> Pairs:
        """The same pairs, weighed in context.

        Where there was no evidence, no pair is looked at before a group of it has grown.
        """
        likely = np.flatnonzero(pairs.evidence > 0)
        evidence = np.full(len(pairs.left), -np.inf)
        evidence[likely] = self(partition, pairs.left[likely], pairs.right[likely])
        return replace(pairs, evidence=evidence)

    def __call__(self, partition: Partition, left: Rows, right: Rows) -> Doubles:
        """Evidence of pairs, less what is held against them, where it is enough to join them; else −inf."""
        group, found = np.where(self.counted, partition.group, NOBODY), np.empty(len(left))
        for block, one, other, product in compared(partition, left, right):
            a, b = left[block], right[block]
            evidence = self.model.evidence(one, other, product)
            single = np.maximum(one.count, other.count) == 1
            context = evidence - self.context.against_smaller(a, b, one, other, product)
            needed = np.where(single, self.pair, self.group)
            likely = np.flatnonzero(~single & (evidence > 0) & (context + _MOST_NEARER > needed))
            sides = one.take(likely), other.take(likely)
            context[likely] += nearer(self.embeddings, group, a[likely], b[likely], *sides, product[likely])
            enough = (evidence > 0) & (np.where(single, evidence, context) > needed)
            found[block] = np.where(enough, np.where(single, evidence, context), -np.inf)
        return found
