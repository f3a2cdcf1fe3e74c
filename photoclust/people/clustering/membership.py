"""Single faces against groups: who belongs, who is doubtful, who may still join, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.people.calibration.spread import Side, SpreadModel, dots
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.graph.neighbours import NeighbourGraph
from photoclust.types import Doubles, Floats, MakeArray, Rows

NOBODY = -1
_FACES = 65_536  # whose neighbours are looked at at once: of all they would be twenty times the graph
_BLOCK = 8_192  # faces multiplied with templates at once: 2 × 16 MB
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Templates:
    """Sums of the embeddings of groups, a group going by the number of one of its faces.

    Attributes
    ----------
    embeddings
        float32, shape (n, d): the faces.
    group
        int64, shape (n,): group of each, or `NOBODY`.
    sums
        float32, shape (groups, d): of the faces that count.
    count
        float64, shape (groups,): faces in each group that count.
    person
        int64, shape (n,): group that stands for the person whose (part) each face's group is, or `NOBODY`.
    size
        int64, shape (groups,): faces in each group.
    uncounted
        int64: rows of faces that are in a group and do not count.
    """

    embeddings: Floats
    group: Rows
    sums: Floats
    count: Doubles
    person: Rows
    size: Rows
    uncounted: Rows

    @classmethod
    def of(
        cls,
        embeddings: Floats,
        group: Rows,
        part_of: Rows,
        before: Templates | None = None,
        uncounted: Rows = _NONE,
        make: MakeArray = np.empty,
    ) -> Templates:
        """Templates of the groups that faces are in; numbers them anew from 0.

        Parameters
        ----------
        embeddings
            The faces.
        group
            int64, shape (n,): group of each, or `NOBODY`.
        part_of
            As in `Partition`; the faces it speaks of are all in groups.
        before
            Templates of the same faces, of which the same do not count; from it those are taken whose
            faces are the same.
        uncounted
            int64: rows of faces that do not count where they are.
        make
            Makes the array of the sums.
        """
        members = np.flatnonzero(group != NOBODY)
        dense = np.full(len(group), NOBODY)
        dense[members] = np.unique(group[members], return_inverse=True)[1]
        order = members[np.argsort(dense[members], kind="stable")]
        starts = np.flatnonzero(np.diff(dense[order], prepend=NOBODY))
        size = np.diff(np.append(starts, len(order)))
        sums = make((len(starts), embeddings.shape[1]), np.float32)
        new = np.ones(len(starts), bool)
        if before is not None and len(starts):
            same, old = _unchanged(before, order, starts, size)
            for first in range(0, len(same), _BLOCK):
                sums[same[first : first + _BLOCK]] = before.sums[old[first : first + _BLOCK]]
            new[same] = False
        _sum_up(sums, np.flatnonzero(new), embeddings, order[np.repeat(new, size)], size[new])
        uncounted = uncounted[dense[uncounted] != NOBODY]
        less = uncounted[new[dense[uncounted]]]
        np.subtract.at(sums, dense[less], embeddings[less])
        count = (size - np.bincount(dense[uncounted], minlength=len(size))).astype(np.float64)
        person, parts = np.append(np.arange(len(size)), NOBODY), np.flatnonzero(part_of >= 0)
        person[dense[parts]] = dense[part_of[parts]]
        return cls(embeddings, dense, sums, count, person[dense], size, uncounted)

    def evidence(self, faces: Rows, groups: Rows, model: SpreadModel) -> Doubles:
        """What speaks for each face being one of a group, itself left out of it.

        Parameters
        ----------
        faces, groups
            int64, shape (pairs,).
        model
            Weighs the evidence.

        Returns
        -------
        float64, shape (pairs,): log-likelihood ratio; −inf where nobody else is in the group who counts.
        """
        evidence, counts = np.empty(len(faces)), np.ones(len(self.group), bool)
        counts[self.uncounted] = False
        for start in range(0, len(faces), _BLOCK):
            face, group = faces[start : start + _BLOCK], groups[start : start + _BLOCK]
            own = ((self.group[face] == group) & counts[face]).astype(np.float32)
            x, count = self.embeddings[face], self.count[group] - own
            others, n = self.sums[group] - own[:, None] * x, np.maximum(count, 1)
            part = model.evidence(Side.of(x, np.ones(len(n))), Side.of(others, n), dots(x, others) / n)
            evidence[start : start + _BLOCK] = np.where(count > 0, part, -np.inf)
        return evidence


def _unchanged(before: Templates, order: Rows, starts: Rows, size: Rows) -> tuple[Rows, Rows]:
    """Groups that have the faces they had, and what their numbers were; parameters as in `Templates.of`."""
    was = before.group[order]
    least, most = np.minimum.reduceat(was, starts), np.maximum.reduceat(was, starts)
    same = np.flatnonzero((least == most) & (least != NOBODY))
    same = same[before.size[least[same]] == size[same]]
    return same, least[same]


def _sum_up(sums: Floats, groups: Rows, embeddings: Floats, faces: Rows, count: Rows) -> None:
    """Write the sum of the embeddings of some groups; `faces` are theirs, of which each has so many."""
    starts = np.cumsum(count) - count
    for first in range(0, len(starts), _BLOCK):
        own = faces[starts[first] : starts[first + _BLOCK] if first + _BLOCK < len(starts) else None]
        inside = starts[first : first + _BLOCK] - starts[first]
        sums[groups[first : first + _BLOCK]] = np.add.reduceat(embeddings[own], inside, axis=0)


def own_evidence(templates: Templates, model: SpreadModel) -> Doubles:
    """What speaks for each face being in its group, float64, shape (n,); −inf where it is in none."""
    evidence = np.full(len(templates.group), -np.inf)
    members = np.flatnonzero(templates.group != NOBODY)
    evidence[members] = templates.evidence(members, templates.group[members], model)
    return evidence


@dataclass(frozen=True)
class Apart:
    """What keeps faces and groups apart.

    Attributes
    ----------
    exclusions
        What never meets.
    owner
        int64, shape (n,): the lowest row of the faces that go where each goes, its own for most.
    """

    exclusions: Exclusions
    owner: Rows


@dataclass(frozen=True)
class Rivals:
    """The group, other than its own, that most speaks for each of n faces.

    Attributes
    ----------
    group
        int64, shape (n,): `NOBODY` where no neighbour is in another group.
    evidence
        float64, shape (n,): −inf there.
    """

    group: Rows
    evidence: Doubles


def rivals(
    templates: Templates,
    graph: NeighbourGraph,
    model: SpreadModel,
    apart: Apart | None = None,
    asked: npt.NDArray[np.bool_] | None = None,
) -> Rivals:
    """Find each face's best group among those of its neighbours, other parts of its own person left out.

    Parameters
    ----------
    templates
        The groups.
    graph
        Neighbours of the n faces.
    model
        Weighs the evidence.
    apart
        If given, groups of persons that exclude the face are left out.
    asked
        bool, shape (n,): faces to find them for; by default all.
    """
    n, rows = len(graph), np.arange(len(graph)) if asked is None else np.flatnonzero(asked)
    clash = None if apart is None else apart.exclusions.between(apart.owner, templates.person, n)
    whose = person_of_group(templates)
    best = Rivals(np.full(n, NOBODY), np.full(n, -np.inf))
    for start in range(0, len(rows), _FACES):
        face, group = _near_groups(templates, graph, rows[start : start + _FACES])
        if apart is not None and clash is not None:
            free = ~clash(apart.owner[face], whose[group])
            face, group = face[free], group[free]
        evidence = templates.evidence(face, group, model)
        order = np.lexsort((group, -evidence, face))
        found, first = np.unique(face[order], return_index=True)
        best.group[found], best.evidence[found] = group[order][first], evidence[order][first]
    return best


def _near_groups(templates: Templates, graph: NeighbourGraph, rows: Rows) -> tuple[Rows, Rows]:
    """Some faces, and the groups of other persons that their neighbours are in, each pair once."""
    near, groups = graph.indices[rows], max(1, len(templates.count))
    face, column = np.nonzero(templates.person[near] != templates.person[rows, None])
    face, group = rows[face], templates.group[near[face, column]]
    key = np.sort((face * groups + group)[group != NOBODY])
    key = key[np.flatnonzero(np.diff(key, prepend=-1))]
    return key // groups, key % groups


def person_of_group(templates: Templates) -> Rows:
    """Group that stands for the person whose (part) each group is."""
    person = np.full(len(templates.count), NOBODY)
    person[templates.group[templates.group != NOBODY]] = templates.person[templates.group != NOBODY]
    return person


def attach(
    templates: Templates,
    graph: NeighbourGraph,
    apart: Apart,
    model: SpreadModel,
    required: Doubles,
    asked: npt.NDArray[np.bool_],
) -> Rows:
    """Let faces that are nobody's join the group that most speaks for them, if it speaks loudly enough.

    Of two faces that exclude one another and would join one person the better match does. Faces that go
    together follow the one with the best match.

    Parameters
    ----------
    templates
        The groups.
    graph
        Neighbours of the faces.
    apart
        What keeps faces apart, and which go together.
    model
        Weighs the evidence.
    required
        float64, shape (groups,): evidence that each group asks for.
    asked
        bool, shape (n,): faces that may join.

    Returns
    -------
    int64, shape (n,): group of each face, or `NOBODY`.
    """
    asked = asked & (templates.group == NOBODY)
    best, owner = rivals(templates, graph, model, apart, asked), apart.owner
    enough = best.evidence > np.append(required, np.inf)[best.group]
    joining = np.flatnonzero(asked & enough)
    joining = joining[np.lexsort((-best.evidence[joining], owner[joining]))]
    joining = joining[np.flatnonzero(np.diff(owner[joining], prepend=NOBODY))]
    target, strength = np.arange(len(graph)), np.full(len(graph), -np.inf)
    goes = owner[joining]
    target[goes], strength[goes] = (
        len(graph) + person_of_group(templates)[best.group[joining]],
        best.evidence[joining],
    )
    late = apart.exclusions.late(owner, target, strength)
    chosen = np.full(len(graph), NOBODY)
    chosen[goes] = best.group[joining]
    chosen[late] = NOBODY
    return np.where(templates.group == NOBODY, chosen[owner], templates.group)
