"""From what is thought of labels to findings: each says what is wrong, with what, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.dedupe.audited import NOBODY, AuditedFaces
from photoclust.dedupe.judgement import Judgement
from photoclust.dedupe.label_pairs import SamePerson
from photoclust.types import Rows


@dataclass(frozen=True)
class OnePerson:
    """Labels that are one person, the one with most faces first, and the pairs that say so."""

    labels: tuple[int, ...]
    pairs: tuple[SamePerson, ...]

    @property
    def confidence(self) -> float:
        """Probability of the least certain pair."""
        return min(pair.confidence for pair in self.pairs)


@dataclass(frozen=True)
class MislabelledFace:
    """Faces under a label that is not theirs.

    Attributes
    ----------
    label
        Where they are.
    faces
        Rows of the faces: one person.
    owners
        Rows of the faces of the person whom the label is taken to mean.
    home
        The label they belong under; `NOBODY` where none is known.
    confidence
        Probability that they are not the person of their label.
    evidence
        Log-likelihood ratio for being that person, and for being the one of `home`.
    home_confidence
        Probability that they are `home`'s, if not their label's.
    undecided
        Neither the number of faces nor another label tells which of the two persons the label means.
    unclear
        Most faces of the label are under a wrong label: nobody can tell whom it means.
    """

    label: int
    faces: Rows
    owners: Rows
    home: int
    confidence: float
    evidence: tuple[float, float]
    home_confidence: float
    undecided: bool
    unclear: bool

    @property
    def mixes(self) -> bool:
        """The label holds a second person, rather than a face gone astray."""
        return self.home == NOBODY and (self.undecided or len(self.faces) > 1)


def one_person(faces: AuditedFaces, judgement: Judgement) -> list[OnePerson]:
    """Labels found to be one person, most certain first."""
    size = np.bincount(faces.label)
    groups: dict[int, list[SamePerson]] = {}
    for pair in judgement.same:
        groups.setdefault(int(judgement.person[pair.left]), []).append(pair)
    found: list[OnePerson] = []
    for pairs in groups.values():
        labels = {label for pair in pairs for label in (pair.left, pair.right)}
        ordered = sorted(labels, key=lambda label: (-size[label], label))
        found.append(OnePerson(tuple(ordered), tuple(pairs)))
    return sorted(found, key=lambda one: (-one.confidence, one.labels))


def mislabelled_faces(
    faces: AuditedFaces, judgement: Judgement, min_confidence: float
) -> list[MislabelledFace]:
    """Faces that are probably not the person of their label, most certain first."""
    label_of_part, size = faces.label_of_part, np.bincount(faces.part)
    wrong = strays(faces, judgement, min_confidence)
    unclear = 2 * np.bincount(faces.label[wrong], minlength=faces.labels) > np.bincount(faces.label)
    found: list[MislabelledFace] = []
    for part in np.flatnonzero(judgement.wrong >= min_confidence).tolist():
        label = int(label_of_part[part])
        owner = int(judgement.owner[label])
        known = judgement.known[part] >= 0.5 and judgement.wrong[part] * judgement.known[part] >= 0.5
        evidence = float(judgement.own_evidence[part]), float(judgement.rival_evidence[part])
        found.append(
            MislabelledFace(
                label,
                np.flatnonzero(faces.part == part),
                np.flatnonzero(faces.part == owner),
                int(judgement.rival[part]) if known else NOBODY,
                float(judgement.wrong[part]),
                evidence,
                float(judgement.known[part]),
                undecided=not known and bool(size[part] >= size[owner]),
                unclear=bool(unclear[label]),
            )
        )
    return sorted(found, key=lambda one: (-one.confidence, one.label))


def strays(faces: AuditedFaces, judgement: Judgement, min_confidence: float) -> Rows:
    """Rows of all faces that are probably not the person of their label."""
    return np.flatnonzero(judgement.wrong[faces.part] >= min_confidence)
