"""Whom each label means: the person who explains all of its faces best, their number counted.

Each face under a label shows the person X whom it means with the probability 1 − w, and somebody else with
the probability w, ``AuditConfig.wrong_faces``. The parts of a label, groups of faces of one person each, are
tried as X in turn. For each, the others are looked at one by one, the largest first: a part of n faces is X
too, worth (1 − w)ⁿ times its likelihood ratio beside *all* that is X so far, or it is somebody else, worth wⁿ
times the likelihood of that. The likelier of the two is taken in or left out, and the sum of both counts.

So no small part can be X while a large one is not, unless the large one is somebody who has another label,
and the evidence needed for that grows with every face as wⁿ does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.config import AuditConfig
from photoclust.dedupe.odds import worth
from photoclust.dedupe.templates import Evidence, WeightedTemplates, evidence_of
from photoclust.types import Doubles, Rows

_CANDIDATES = 20  # parts of a label that may be its owner
_AT_ONCE = 4096  # candidates weighed together: their sums take some megabytes

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Parts:
    """The parts of all labels, and what is known of each by itself.

    Attributes
    ----------
    templates
        Of n parts.
    label
        int64, shape (n,): the label that each is under.
    alone
        float64, shape (n,): logarithm of the likelihood of each part as the owner of its label.
    stranger
        float64, shape (n,): logarithm of the likelihood of each as somebody else.
    silent
        float64, shape (n,): logarithm of the probability that the faces of each say nothing.
    """

    templates: WeightedTemplates
    label: Rows
    alone: Doubles
    stranger: Doubles
    silent: Doubles


@dataclass
class _Trial:
    """Parts tried as owners of their labels.

    Attributes
    ----------
    candidate
        int64, shape (c,): the parts.
    sums, count
        Template of all that has been taken in by each.
    score
        float64, shape (c,): logarithm of the likelihood of the label.
    largest
        int64, shape (c,): the largest part taken in.
    """

    candidate: Rows
    sums: npt.NDArray[np.float32]
    count: Doubles
    score: Doubles
    largest: Rows


def owners(parts: Parts, evidence: Evidence, config: AuditConfig) -> Rows:
    """Find the part whose person each label means: the largest of those that are that person.

    Parameters
    ----------
    parts
        The parts of all labels; every label from 0 up has one at least.
    evidence
        Weighs two groups.
    config
        What is expected beforehand.

    Returns
    -------
    int64, shape (labels,): parts.
    """
    order = np.lexsort((-parts.templates.count, parts.label))
    starts = np.flatnonzero(np.diff(parts.label[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    owner = order[starts]
    for labels in _blocks(np.flatnonzero(sizes > 1), np.minimum(sizes, _CANDIDATES)):
        rank = _ranks(np.minimum(sizes[labels], _CANDIDATES))
        whose = np.repeat(labels, np.minimum(sizes[labels], _CANDIDATES))
        trial = _trial(parts, order[starts[whose] + rank], config)
        for step in range(int(sizes[labels].max())):
            active = np.flatnonzero(sizes[whose] > step)
            _look(trial, parts, active, order[starts[whose[active]] + step], evidence, config)
        best = np.lexsort((rank, -trial.score, whose))
        best = best[np.flatnonzero(np.diff(whose[best], prepend=-1))]
        owner[labels] = trial.largest[best]
    return owner


def _blocks(labels: Rows, candidates: Rows) -> Iterator[Rows]:
    """Labels in groups that have some thousands of candidates each."""
    ends = np.cumsum(candidates[labels])
    cuts = np.flatnonzero(np.diff(ends // _AT_ONCE)) + 1
    yield from (block for block in np.split(labels, cuts) if len(block))


def _ranks(sizes: Rows) -> Rows:
    """0, 1, 2 ... for each of some groups in turn."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _trial(parts: Parts, candidate: Rows, config: AuditConfig) -> _Trial:
    own = parts.templates.take(candidate)
    score = parts.alone[candidate] + own.count * np.log(1 - config.wrong_faces)
    return _Trial(candidate, own.sums.copy(), own.count.copy(), score, candidate.copy())


def _look(
    trial: _Trial, parts: Parts, active: Rows, part: Rows, evidence: Evidence, config: AuditConfig
) -> None:
    """Look at one more part of each label, under some candidates: take it in, or leave it out."""
    others = part != trial.candidate[active]
    active, part = active[others], part[others]
    own, known = parts.templates.take(part), WeightedTemplates(trial.sums[active], trial.count[active])
    support = np.logaddexp(worth(evidence_of(own, known, evidence)), parts.silent[part])
    right = own.count * np.log(1 - config.wrong_faces) + support
    wrong = own.count * np.log(config.wrong_faces) + parts.stranger[part]
    trial.score[active] += np.logaddexp(right, wrong)
    taken = right >= wrong
    rows, part = active[taken], part[taken]
    trial.sums[rows] += parts.templates.sums[part]
    trial.count[rows] += parts.templates.count[part]
    larger = parts.templates.count[part] > parts.templates.count[trial.largest[rows]]
    trial.largest[rows[larger]] = part[larger]
