"""Which labels are one person, and which faces are under a label that is not theirs.

The faces of a label come in parts: groups that were verified to be one person each. The way of a label:

1. One part is its *owner*, the person whom the label means: usually the largest, unless that one is better
   explained as somebody with a label of their own.
2. Two labels are one person if what speaks for their owners being one outweighs how seldom that is.
3. Every other part is the owner after all, or somebody else with a label, or a stranger: Bayes' rule says how
   probable each is. Parts that prove right then add to what is known of their label, and 2 and 3 are repeated.

Caution grows with the data set: a label has one chance in (labels − 1) to be the person of any other, so that
the evidence a finding needs grows with the logarithm of the number of labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from photoclust.audit.templates import (
    Doubles,
    Evidence,
    Floats,
    Rows,
    Templates,
    evidence_blocks,
    evidence_of,
)
from photoclust.config import AuditConfig

FOR, AGAINST = 0.62, 0.25
"""What evidence is worth, as the natural logarithm of a likelihood ratio, above and below 0.

The two-covariance model is too sure of itself. At its evidence 3, 9, 14 and 18 the densities of genuine over
impostor pairs, from the rates measured on single pairs of LFW's development people (``single_pairs`` of the
calibration), are e^2.7, e^5.8, e^8.8 and e^11.4. Below 0 odd photos of the right person (sunglasses, a strange
angle) are what decides: of 1,815 faces in folders of three and more 0.2 % lie below −6 and 0.1 % below −10,
where strangers have a density of 0.003, so that −10 is worth e^−2.6.
"""

NOBODY = -1
_CANDIDATES = 20  # parts of a label that may be its owner


@dataclass(frozen=True)
class LabelledFaces:
    """What is known of n labelled faces.

    Attributes
    ----------
    embeddings
        float32, shape (n, d), unit rows, centred.
    quality
        float64, shape (n,), in [0, 1]: probability that the face is recognised.
    label
        int64, shape (n,): from 0 without gaps.
    part
        int64, shape (n,): verified group inside the label, from 0 without gaps.
    weight
        float64, shape (n,), in (0, 1]: faces that are near-identical count as one together.
    copy
        int64, shape (n,): equal for faces of one picture, negative for those without a copy.
    """

    embeddings: Floats
    quality: Doubles
    label: Rows
    part: Rows
    weight: Doubles
    copy: Rows

    @property
    def label_of_part(self) -> Rows:
        """Label of each part."""
        first = np.unique(self.part, return_index=True)[1]
        return self.label[first]


@dataclass(frozen=True)
class SamePerson:
    """Two labels, the lower first, and how probable it is that they are one person."""

    left: int
    right: int
    evidence: float
    confidence: float


@dataclass(frozen=True)
class Judgement:
    """What the faces say of the labels.

    Attributes
    ----------
    owner
        int64, shape (labels,): the part whose person each label means.
    person
        int64, shape (labels,): equal for labels found to be one person.
    same
        The pairs that say so, most probable first.
    wrong
        float64, shape (parts,): probability that a part is not the person of its label; 0 for owners.
    rival
        int64, shape (parts,): the other label that most speaks for a part; `NOBODY` where there is none.
    known
        float64, shape (parts,): probability that a part is its rival's, if it is under a wrong label.
    own_evidence, rival_evidence
        float64, shape (parts,): log-likelihood ratios for the own label and for the rival; own is +inf for
        owners.
    """

    owner: Rows
    person: Rows
    same: tuple[SamePerson, ...]
    wrong: Doubles
    rival: Rows
    known: Doubles
    own_evidence: Doubles
    rival_evidence: Doubles


def judge(faces: LabelledFaces, evidence: Evidence, config: AuditConfig) -> Judgement:
    """Hold labels against faces.

    Parameters
    ----------
    faces
        The labelled faces, one for each photo.
    evidence
        Weighs two groups, such as ``Calibration.evidence``.
    config
        What is expected beforehand, and what is worth reporting.
    """
    audit = _Audit(faces, evidence, config)
    owner = audit.largest()
    for _ in range(2):
        owner = audit.choose_owner(owner)
    wrong = np.ones(len(audit.parts))
    wrong[owner] = 0
    for _ in range(2):
        trusted = audit.trusted(wrong)
        same = tuple(audit.same_person(trusted))
        person = _components(same, audit.labels)
        templates = audit.templates(trusted)
        rivals = audit.rivals(templates, person)
        own = audit.own_evidence(owner, person)
        wrong = audit.wrong(own, rivals, templates)
        wrong[owner] = 0
    known = audit.known(rivals, person, templates)
    return Judgement(owner, person, same, wrong, rivals.label, known, own, rivals.evidence)


@dataclass(frozen=True)
class _Rivals:
    """For each part: the logarithm of the mean likelihood ratio over all other labels, and the best of them."""

    mean: Doubles
    label: Rows
    evidence: Doubles


class _Audit:
    """The faces, and the arithmetic on them."""

    def __init__(self, faces: LabelledFaces, evidence: Evidence, config: AuditConfig) -> None:
        self.faces, self.evidence, self.config = faces, evidence, config
        self.labels = int(faces.label.max()) + 1
        self.label = faces.label_of_part
        self.parts = Templates.of(faces.embeddings, faces.weight, faces.part, len(self.label))
        self.others = max(1, self.labels - 1)

    def largest(self) -> Rows:
        """Largest part of each label."""
        order = np.lexsort((-self.parts.count, self.label))
        return order[np.flatnonzero(np.diff(self.label[order], prepend=-1))]

    def choose_owner(self, owner: Rows) -> Rows:
        """The part of each label that, as its owner, best explains the others: as the owner too, or as intruders.

        As an owner a part may have a second label, as an intruder it may have its true one or none.
        """
        rivals = self.rivals(self.parts.take(owner), np.arange(self.labels))
        explained = _mixture(self.config.split_labels, rivals.mean)
        intruder = _mixture(1 - self.config.strangers, rivals.mean)
        intruder += self.parts.count * np.log(self.config.wrong_faces)
        part, other = self._inside_labels()
        support = self._right(evidence_of(self.parts.take(part), self.parts.take(other), self.evidence), part)
        np.add.at(explained, other, np.logaddexp(support, intruder[part]))
        explained[np.setdiff1d(np.arange(len(explained)), [*owner, *other])] = -np.inf
        order = np.lexsort((-self.parts.count, -explained, self.label))
        return order[np.flatnonzero(np.diff(self.label[order], prepend=-1))]

    def _inside_labels(self) -> tuple[Rows, Rows]:
        """Each part, with each of the largest other parts of its label."""
        order = np.lexsort((-self.parts.count, self.label))
        starts = np.flatnonzero(np.diff(self.label[order], prepend=-1))
        pairs = [
            (part, other)
            for parts in np.split(order, starts[1:])
            for other in parts[:_CANDIDATES].tolist()
            for part in parts.tolist()
            if part != other
        ]
        part, other = np.array(pairs, np.int64).reshape(-1, 2).T
        return part, other

    def trusted(self, wrong: Doubles) -> Rows:
        """Label of each face that speaks for it, `NOBODY` for those in doubt."""
        return np.where(wrong[self.faces.part] < 0.5, self.faces.label, NOBODY)

    def templates(self, trusted: Rows) -> Templates:
        """Templates of the labels."""
        return Templates.of(self.faces.embeddings, self.faces.weight, trusted, self.labels)

    def rivals(self, labels: Templates, person: Rows) -> _Rivals:
        """What speaks for each part being another person's."""
        found = _Rivals(*(np.full(len(self.parts), x) for x in (-np.inf, NOBODY, -np.inf)))
        for rows, weighed in evidence_blocks(self.parts, labels, self.evidence):
            weighed[person[self.label[rows]][:, None] == person[None]] = -np.inf
            best = weighed.argmax(axis=1)
            found.evidence[rows] = weighed[np.arange(len(best)), best]
            found.label[rows] = np.where(found.evidence[rows] > -np.inf, best, NOBODY)
            found.mean[rows] = np.logaddexp.reduce(_worth(weighed), axis=1) - np.log(self.others)
        return found

    def same_person(self, trusted: Rows) -> Iterator[SamePerson]:
        """Pairs of labels more probably one person than is worth reporting."""
        split = self.config.split_labels
        against = np.log((1 - split) / split) + np.log(self.others)
        least = (against + _log_odds(self.config.min_confidence)) / FOR
        templates = self.templates(trusted)
        found: list[SamePerson] = []
        for rows, weighed in evidence_blocks(templates, templates, self.evidence):
            for left, right in np.argwhere(weighed >= least).tolist():
                if left + rows.start < right:
                    found += self._apart_from_copies(trusted, left + rows.start, right, against, least)
        yield from sorted(found, key=lambda pair: (-pair.confidence, pair.left, pair.right))

    def _apart_from_copies(
        self, trusted: Rows, left: int, right: int, against: float, least: float
    ) -> Iterator[SamePerson]:
        """The pair, if more speaks for it than one picture that lies under both labels."""
        sides = [np.flatnonzero(trusted == label) for label in (left, right)]
        copies = [self.faces.copy[rows] for rows in sides]
        shared = np.intersect1d(*copies)
        shared = shared[shared >= 0]
        sides = [rows[~np.isin(self.faces.copy[rows], shared)] for rows in sides]
        a, b = (self._template(rows) for rows in sides)
        value = float(evidence_of(a, b, self.evidence)[0])
        if value >= least:
            yield SamePerson(left, right, value, float(_probability(FOR * value - against)))

    def _template(self, rows: Rows) -> Templates:
        one = np.zeros(len(rows), np.int64)
        return Templates.of(self.faces.embeddings[rows], self.faces.weight[rows], one, 1)

    def own_evidence(self, owner: Rows, person: Rows) -> Doubles:
        """What speaks for each part being the person of its label, under whichever of that person's labels."""
        own = np.full(len(self.parts), -np.inf)
        guests = np.setdiff1d(np.arange(len(self.parts)), owner)
        part, label = self._with_labels(guests, self.label[guests], person)
        found = evidence_of(self.parts.take(part), self.parts.take(owner[label]), self.evidence)
        np.maximum.at(own, part, found)
        own[owner] = np.inf
        return own

    def wrong(self, own: Doubles, rivals: _Rivals, trusted: Templates) -> Doubles:
        """Probability that each part is not the person of its label."""
        right = self._right(own, np.arange(len(own)))
        right = np.logaddexp(right, self._twin(rivals, trusted) + _worth(rivals.evidence))
        wrong = _mixture(1 - self.config.strangers, rivals.mean)
        rate = self.config.wrong_faces
        return _probability(wrong - right + np.log(rate / (1 - rate)))

    def _right(self, own: Doubles, part: Rows) -> Doubles:
        """Logarithm of the likelihood of parts under their label.

        A face that is hard to recognise may look like nobody's: with the probability (1 − quality)⁴ it says
        nothing, so that it cannot speak against its label more than that. Of 1,350 photos of LFW's development
        people made smaller, blurred and compressed, as ``tests/benchmarks/quality.py`` does, 8 %, 5 %, 0 %, 0 %
        and 0.3 % of those with a quality of 0.4 to 0.5 and so on to 0.8 to 0.9 had evidence below −18.
        """
        blank = np.clip((1 - self.faces.quality) ** 4, 1e-6, 1)
        silent = np.bincount(self.faces.part, self.faces.weight * np.log(blank), len(self.parts))
        return np.logaddexp(_worth(own), np.minimum(silent, 0)[part])

    def _twin(self, rivals: _Rivals, trusted: Templates) -> Doubles:
        """Logarithm of the probability that each part's rival is another label of its own label's person."""
        pair = trusted.take(self.label), trusted.take(rivals.label)
        likelihood = _worth(evidence_of(*pair, self.evidence))
        return np.minimum(0, np.log(self.config.split_labels / self.others) + likelihood)

    def known(self, rivals: _Rivals, person: Rows, trusted: Templates) -> Doubles:
        """Probability that each part is its best rival's, under whichever label, if it is wrong."""
        part, label = self._with_labels(np.arange(len(self.parts)), rivals.label, person)
        likelihood = np.full(len(self.parts), -np.inf)
        found = evidence_of(self.parts.take(part), trusted.take(label), self.evidence)
        np.logaddexp.at(likelihood, part, _worth(found))
        share = np.log((1 - self.config.strangers) / self.others) + likelihood
        return np.exp(np.minimum(0, share - _mixture(1 - self.config.strangers, rivals.mean)))

    @staticmethod
    def _with_labels(parts: Rows, label: Rows, person: Rows) -> tuple[Rows, Rows]:
        """Parts, each with every label of the person whom its `label` means."""
        labels_of: dict[int, list[int]] = {}
        for one, who in enumerate(person.tolist()):
            labels_of.setdefault(who, []).append(one)
        pairs = [
            (part, one)
            for part, given in zip(parts.tolist(), label.tolist(), strict=True)
            if given != NOBODY
            for one in labels_of[int(person[given])]
        ]
        left, right = np.array(pairs, np.int64).reshape(-1, 2).T
        return left, right


def _worth(evidence: Doubles) -> Doubles:
    """Logarithm of the likelihood ratio that evidence stands for."""
    return np.where(evidence > 0, FOR, AGAINST) * evidence


def _mixture(share: float, likelihood: Doubles) -> Doubles:
    """Logarithm of (1 − share) + share × likelihood, the likelihood given as its logarithm."""
    return np.logaddexp(np.log(1 - share), np.log(share) + likelihood)


def _log_odds(probability: float) -> float:
    return float(np.log(max(probability, 1e-9) / (1 - probability)))


def _probability(log_odds: npt.ArrayLike) -> Doubles:
    return 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))


def _components(same: tuple[SamePerson, ...], labels: int) -> Rows:
    """Labels joined by pairs share a number."""
    ends = np.array([(pair.left, pair.right) for pair in same], np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(labels, labels))
    return connected_components(graph, directed=False)[1].astype(np.int64)
