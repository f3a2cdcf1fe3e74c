"""Groups, and faces that are nobody's, that are near one another, and the chance that they are one person.

They are near where a face of one is among the neighbours of a face of the other. The neighbours of a large
group may all be its own faces, so that the nearest templates of groups are near as well.

The chance is that of evidence in the context of who else is near, as groups were joined by
(`photoclust.people.clustering.context`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.spread import SpreadModel, squared_lengths
from photoclust.people.clustering.agglomerate import Pairs, Partition, compared
from photoclust.people.clustering.context import Context, cosine, nearer, of_smaller
from photoclust.people.clustering.exclusions import Clash, Exclusions
from photoclust.people.clustering.membership import NOBODY, Templates
from photoclust.people.graph.neighbours import NeighbourGraph, neighbours
from photoclust.types import Doubles, Floats, MakeArray, Rows

CANDIDATES = 10
"""Nearest templates of groups that are near each; the greatest evidence is among the first few."""

_FACES, _PAIRS = 65_536, 1 << 20  # that are looked at at once: of all it would be gigabytes

LEAST = -2.0
"""Evidence below which hardly any two groups are one person, and no more is looked at."""

# Chance that two groups are one person, by `Weighed.signs`, and of two single faces: logistic regressions on
# the people of ``benchmarks/shapes.py``, every kind of collection counting the same; those of either half
# hold on the other (``benchmarks/chances.py``).
_GROUP, _OFFSET = np.array([0.52, -43.0, 13.0, 0.63]), -3.5
_TWO_FACES, _OFFSET_OF_TWO = np.array([0.3, 0.0, 20.0, 0.0]), -4.0


@dataclass(frozen=True)
class Grouped:
    """A grouping of n faces, and what is known of them.

    Attributes
    ----------
    score_normalised
        float32, shape (n, c + 1): embeddings as evidence sees them (`Calibration.score_normalised`).
    graph
        Their nearest neighbours.
    group
        int64, shape (n,): group of each, numbered from 0 without gaps; `NOBODY` where it is in none.
    confidence
        float32, shape (n,), in [0, 1]: of each face's membership.
    clear
        bool, shape (n,): faces good enough to be asked about.
    exclusions
        What keeps faces, and with them groups, apart.
    uncounted
        int64: rows of faces that do not count in a group that has others, see `Candidates.uncounted`.
    make
        Makes large arrays.
    """

    score_normalised: Floats
    graph: NeighbourGraph
    group: Rows
    confidence: npt.NDArray[np.float32]
    clear: npt.NDArray[np.bool_]
    exclusions: Exclusions
    uncounted: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    make: MakeArray = np.empty


@dataclass(frozen=True)
class Weighed:
    """Pairs of groups, what speaks for their being one person, and how likely that is.

    Attributes
    ----------
    left, right
        int64, shape (pairs,).
    evidence
        float64, shape (pairs,): log-likelihood ratio of one person against two.
    crowding
        float64, shape (pairs,), 0 or more: how much nearer others are to the smaller group than strangers.
    lead
        float64, shape (pairs,): how much nearer it is to the larger than to the nearest other. Of two groups
        that are as large it is the greater; so is `crowding`.
    nearer
        float64, shape (pairs,): what speaks for the pair because some of their faces are nearer than most; 0
        where evidence is less than `LEAST`, and of two faces.
    two_faces
        bool, shape (pairs,): pairs of single faces.
    """

    left: Rows
    right: Rows
    evidence: Doubles
    crowding: Doubles
    lead: Doubles
    nearer: Doubles
    two_faces: npt.NDArray[np.bool_]

    @property
    def signs(self) -> Doubles:
        """float64, shape (pairs, 4): everything that the chance follows from."""
        return np.stack([self.evidence, self.crowding, self.lead, self.nearer], axis=1)

    @property
    def chance(self) -> Doubles:
        """float64, shape (pairs,), in [0, 1]: probability that both are one person."""
        weights = np.where(self.two_faces[:, None], _TWO_FACES, _GROUP)
        odds = (self.signs * weights).sum(axis=1) + np.where(self.two_faces, _OFFSET_OF_TWO, _OFFSET)
        return 1 / (1 + np.exp(-np.clip(odds, -60, 60)))


@dataclass(frozen=True)
class Near:
    """Who is near whom in a grouping.

    Attributes
    ----------
    people
        Number of groups; higher numbers are clear faces that are nobody's, each a group of its own here.
    alone
        int64: rows of those faces.
    left, right
        int64, shape (pairs,): groups that are near one another and that nothing keeps apart, left below
        right.
    """

    people: int
    alone: Rows
    left: Rows
    right: Rows
    _templates: Templates
    _partition: Partition
    _context: Context
    _model: SpreadModel

    @property
    def group(self) -> Rows:
        """int64, shape (n,): group of each face, `NOBODY` of those that are nobody's and not clear."""
        return self._templates.group

    @property
    def count(self) -> Doubles:
        """float64, shape (groups,): faces in each that count."""
        return self._templates.count

    @property
    def size(self) -> Rows:
        """int64, shape (groups,): faces in each."""
        return self._templates.size

    @classmethod
    def of(cls, grouped: Grouped, calibration: Calibration) -> Near:
        """Find who is near whom."""
        people = int(grouped.group.max(initial=NOBODY)) + 1
        alone = np.flatnonzero((grouped.group == NOBODY) & grouped.clear)
        group = grouped.group.copy()
        group[alone] = people + np.arange(len(alone))
        uncounted = _beside_others(group, grouped.uncounted)
        none = np.full(len(group), NOBODY)
        templates = Templates.of(
            grouped.score_normalised, group, none, uncounted=uncounted, make=grouped.make
        )
        partition = partition_of(templates)
        left, right = _pairs(templates, grouped.graph, people, grouped.make)
        context = Context.of(partition, Pairs(left, right, np.zeros(len(left))), calibration)
        left, right = _free(left, right, grouped.exclusions.between(group, group, len(templates.count)))
        return cls(people, alone, left, right, templates, partition, context, calibration.weighed)

    def weighed(self, chosen: npt.NDArray[np.bool_]) -> Weighed:
        """Those of the pairs that are chosen."""
        return self.weigh(self.left[chosen], self.right[chosen])

    def weighed_in_parts(self, chosen: Callable[[Rows, Rows], npt.NDArray[np.bool_]]) -> Iterator[Weighed]:
        """The same, some pairs at a time; `chosen` is asked about the groups of each."""
        for part in _parts(len(self.left)):
            left, right = self.left[part], self.right[part]
            keep = chosen(left, right)
            yield self.weigh(left[keep], right[keep])

    def weigh(self, left: Rows, right: Rows) -> Weighed:
        """Any pairs of groups."""
        evidence, crowding, lead, near = np.zeros((4, len(left)))
        embeddings, group, context = self._templates.embeddings, self._templates.group, self._context
        for block, one, other, product in compared(self._partition, left, right):
            a, b, similarity = left[block], right[block], cosine(one, other, product)
            evidence[block] = self._model.evidence(one, other, product)
            both = context.crowding(a, similarity), context.crowding(b, similarity)
            crowding[block] = of_smaller(*both, one, other)
            both = (
                similarity - context.runner_up(a, similarity),
                similarity - context.runner_up(b, similarity),
            )
            lead[block] = of_smaller(*both, one, other)
            likely = np.flatnonzero((evidence[block] > LEAST) & (np.maximum(one.count, other.count) > 1))
            sides = one.take(likely), other.take(likely)
            near[block][likely] = nearer(embeddings, group, a[likely], b[likely], *sides, product[likely])
        two_faces = np.maximum(self.count[left], self.count[right]) == 1
        return Weighed(left, right, evidence, crowding, lead, near, two_faces)

    def evidence_of_member(self, face: int) -> float:
        """What speaks for a face being in its group, itself left out of it."""
        return float(self._templates.evidence(np.array([face]), self.group[[face]], self._model)[0])

    def asked(self, smaller: int, larger: int) -> float:
        """Evidence asked for because others are near a group, less what the nearest faces say."""
        pair = np.array([smaller]), np.array([larger])
        _, one, other, product = next(compared(self._partition, *pair))
        embeddings, group = self._templates.embeddings, self._templates.group
        against = self._context.against(pair[0], cosine(one, other, product))
        return float((against - nearer(embeddings, group, *pair, one, other, product))[0])


def _beside_others(group: Rows, uncounted: Rows) -> Rows:
    """Those of some faces whose group has others."""
    counts = group != NOBODY
    counts[uncounted] = False
    others = np.bincount(group[counts], minlength=int(group.max(initial=NOBODY)) + 2)
    return uncounted[others[group[uncounted]] > 0]


def partition_of(templates: Templates) -> Partition:
    """The groups of some templates as items of their own, for evidence between them."""
    groups, sums = len(templates.count), templates.sums
    squares = np.maximum(squared_lengths(sums), 1e-12)
    none = np.full(groups, NOBODY)
    return Partition(np.arange(groups), Exclusions.none(), none, templates.count, sums, squares)


def _pairs(templates: Templates, graph: NeighbourGraph, people: int, make: MakeArray) -> tuple[Rows, Rows]:
    """Groups of neighbouring faces, and those with the nearest templates: each pair once, in order."""
    groups = max(1, len(templates.count))
    means = templates.sums[:people, :-1]
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    nearest = neighbours(means / np.maximum(lengths, 1e-6), CANDIDATES).indices
    found = [_keys(np.repeat(np.arange(people), nearest.shape[1]), nearest.ravel().astype(np.int64), groups)]
    for start in range(0, len(graph), _FACES):
        part = slice(start, start + _FACES)
        group, other = templates.group[part], templates.group[graph.indices[part]]
        face, column = np.nonzero((other != group[:, None]) & (other != NOBODY) & (group[:, None] != NOBODY))
        found.append(_keys(group[face], other[face, column], groups))
    keys = make((sum(map(len, found)),), np.int64)
    np.concatenate(found, out=keys)
    keys.sort()
    new = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    left, right = (make((int(np.count_nonzero(new)),), np.int64) for _ in range(2))
    end = 0
    for part in _parts(len(keys)):
        some = keys[part][new[part]]
        left[end : end + len(some)], right[end : end + len(some)] = some // groups, some % groups
        end += len(some)
    return left, right


def _keys(one: Rows, other: Rows, groups: int) -> Rows:
    """A number for each pair of different groups, in order, each once."""
    return np.unique(np.minimum(one, other) * groups + np.maximum(one, other))


def _free(left: Rows, right: Rows, clash: Clash) -> tuple[Rows, Rows]:
    """The pairs that nothing keeps apart, in the arrays that the pairs are in."""
    end = 0
    for part in _parts(len(left)):
        free = ~clash(left[part], right[part])
        place = slice(end, end + int(np.count_nonzero(free)))
        left[place], right[place] = left[part][free], right[part][free]
        end = place.stop
    return left[:end], right[:end]


def _parts(pairs: int) -> list[slice]:
    return [slice(start, start + _PAIRS) for start in range(0, pairs, _PAIRS)]


class Best:
    """The other group for which most speaks, of each of some groups; of equal ones the lowest.

    Attributes
    ----------
    other
        int64, shape (groups,): `NOBODY` where there is none.
    value
        float64, shape (groups,): what speaks for it; −inf where there is none.
    chance
        float64, shape (groups,), in [0, 1]: probability that both are one person; 0 where there is none.
    """

    def __init__(self, groups: int) -> None:
        self.other = np.full(groups, NOBODY, np.int64)
        self.value, self.chance = np.full(groups, -np.inf), np.zeros(groups)

    def look_at(self, source: Rows, other: Rows, value: Doubles, chance: Doubles) -> None:
        """Look at more pairs."""
        order = np.lexsort((other, -value, source))
        found, first = np.unique(source[order], return_index=True)
        best = order[first]
        was, now = self.value[found], value[best]
        better = (
            (self.other[found] == NOBODY) | (now > was) | ((now == was) & (other[best] < self.other[found]))
        )
        found, best = found[better], best[better]
        self.other[found], self.value[found], self.chance[found] = other[best], value[best], chance[best]
