"""Which labels are one person, and which faces are under a label that is not theirs.

The faces of a label come in parts: groups that were verified to be one person each. The way of a label:

1. One part is its *owner*, the person whom the label means: the one that best explains all the others, as
   the same person, as somebody with a label of their own, or as strangers (`owners`).
2. Two labels are one person if what speaks for it outweighs how seldom that is (`same_person`).
3. Every other part is the owner after all, or somebody else with a label, or a stranger: Bayes' rule says
   how probable each is. Parts that prove right add to what is known of their label; 2 and 3 are repeated.

Caution grows with the data set: a part has one chance in (labels − 1) to be the person of any other label, so
that the evidence a finding needs grows with the logarithm of the number of labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.config import AuditConfig
from photoclust.dedupe.audited import NOBODY, AuditedFaces
from photoclust.dedupe.label_pairs import SamePerson, persons, same_person, with_labels
from photoclust.dedupe.odds import mixture, probability, worth
from photoclust.dedupe.owners import Parts, owners
from photoclust.dedupe.templates import Evidence, WeightedTemplates, evidence_blocks, evidence_of
from photoclust.types import Doubles, Rows


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


def judge(faces: AuditedFaces, evidence: Evidence, config: AuditConfig) -> Judgement:
    """Hold labels against faces.

    Parameters
    ----------
    faces
        The labelled faces, one for each photo.
    evidence
        Weighs two groups, such as ``SpreadModel.evidence_of_means``.
    config
        What is expected beforehand, and what is worth reporting.
    """
    audit = _Audit(faces, evidence, config)
    owner = audit.largest()
    for _ in range(2):
        owner = audit.choose_owner(owner)
    only_owners = np.where(np.isin(faces.part, owner), faces.label, NOBODY)
    first = audit.judgement(owner, only_owners)
    return audit.judgement(owner, np.where(first.wrong[faces.part] < 0.5, faces.label, NOBODY))


@dataclass(frozen=True)
class _Rivals:
    """For each part: logarithm of the mean likelihood ratio over all other labels, and the best of them."""

    mean: Doubles
    label: Rows
    evidence: Doubles


class _Audit:
    """The faces, and the arithmetic on them."""

    def __init__(self, faces: AuditedFaces, evidence: Evidence, config: AuditConfig) -> None:
        self.faces, self.evidence, self.config = faces, evidence, config
        self.known_share = 1 - config.strangers
        self.label = faces.label_of_part
        self.parts = faces.part_templates()
        self.others = max(1, faces.labels - 1)
        self.silent = self._silent()

    def judgement(self, owner: Rows, trusted: Rows) -> Judgement:
        """Judge every part, given the owners and the label of each face that speaks for it."""
        same = same_person(self.faces, trusted, self.evidence, self.config)
        person = persons(same, self.faces.labels)
        templates = self.faces.label_templates(trusted)
        rivals = self._rivals(templates, person)
        own = self._own_evidence(owner, person)
        wrong = self._wrong(own, rivals, templates)
        known = self._known(rivals, person, templates)
        return Judgement(owner, person, same, wrong, rivals.label, known, own, rivals.evidence)

    # -- owners ---------------------------------------------------------------------------------------

    def largest(self) -> Rows:
        """Largest part of each label."""
        order = np.lexsort((-self.parts.count, self.label))
        return order[np.flatnonzero(np.diff(self.label[order], prepend=-1))]

    def choose_owner(self, owner: Rows) -> Rows:
        """The part of each label whose person it means; `owner` stands for the other labels.

        As an owner a part may have a second label, as mislabelled faces it may have its true one or none.
        """
        rivals = self._rivals(self.parts.take(owner), np.arange(self.faces.labels))
        alone = mixture(self.config.split_labels, rivals.mean)
        stranger = mixture(self.known_share, rivals.mean)
        parts = Parts(self.parts, self.label, alone, stranger, self.silent)
        return owners(parts, self.evidence, self.config)

    # -- parts ----------------------------------------------------------------------------------------

    def _rivals(self, labels: WeightedTemplates, person: Rows) -> _Rivals:
        """What speaks for each part being another person's."""
        found = _Rivals(*(np.full(len(self.parts), x) for x in (-np.inf, NOBODY, -np.inf)))
        for rows, weighed in evidence_blocks(self.parts, labels, self.evidence):
            weighed[person[self.label[rows]][:, None] == person[None]] = -np.inf
            best = weighed.argmax(axis=1)
            found.evidence[rows] = weighed[np.arange(len(best)), best]
            found.label[rows] = np.where(found.evidence[rows] > -np.inf, best, NOBODY)
            found.mean[rows] = np.logaddexp.reduce(worth(weighed), axis=1) - np.log(self.others)
        return found

    def _own_evidence(self, owner: Rows, person: Rows) -> Doubles:
        """What speaks for each part being the person of its label, under any of that person's labels."""
        own = np.full(len(self.parts), -np.inf)
        guests = np.setdiff1d(np.arange(len(self.parts)), owner)
        part, label = with_labels(guests, self.label[guests], person)
        found = evidence_of(self.parts.take(part), self.parts.take(owner[label]), self.evidence)
        np.maximum.at(own, part, found)
        own[owner] = np.inf
        return own

    def _wrong(self, own: Doubles, rivals: _Rivals, trusted: WeightedTemplates) -> Doubles:
        """Probability that each part is not the person of its label."""
        right = np.logaddexp(worth(own), self.silent)
        right = np.logaddexp(right, self._twin(rivals, trusted) + worth(rivals.evidence))
        rate = self.config.wrong_faces
        odds = mixture(self.known_share, rivals.mean) - right + np.log(rate / (1 - rate))
        return np.where(own == np.inf, 0, probability(odds))

    def _silent(self) -> Doubles:
        """Logarithm of the probability that each part says nothing.

        A face that is hard to recognise may look like nobody's: with the probability (1 − quality)⁴ it
        says nothing, so that it cannot speak against its label more than that. Of 1,350 photos of LFW's
        people made smaller, blurred and compressed, as ``benchmarks/quality.py`` does, 8, 5, 0, 0 and
        0.3 % of those of a quality of 0.4 to 0.5, and so on to 0.8 to 0.9, had evidence below −18.
        """
        blank = np.clip((1 - self.faces.quality) ** 4, 1e-6, 1)
        silent = np.bincount(self.faces.part, self.faces.weight * np.log(blank), len(self.parts))
        return np.minimum(silent, 0)

    def _twin(self, rivals: _Rivals, trusted: WeightedTemplates) -> Doubles:
        """Logarithm of the probability that each part's rival is another label of its own label's person."""
        pair = trusted.take(self.label), trusted.take(rivals.label)
        likelihood = worth(evidence_of(*pair, self.evidence))
        return np.minimum(0, np.log(self.config.split_labels / self.others) + likelihood)

    def _known(self, rivals: _Rivals, person: Rows, trusted: WeightedTemplates) -> Doubles:
        """Probability that each part is its best rival's, under whichever label, if it is wrong."""
        part, label = with_labels(np.arange(len(self.parts)), rivals.label, person)
        likelihood = np.full(len(self.parts), -np.inf)
        found = evidence_of(self.parts.take(part), trusted.take(label), self.evidence)
        np.logaddexp.at(likelihood, part, worth(found))
        share = np.log(self.known_share / self.others) + likelihood
        return np.exp(np.minimum(0, share - mixture(self.known_share, rivals.mean)))
