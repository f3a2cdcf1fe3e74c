"""A photo may be right although its main face is not: then its label means another face of it."""

from __future__ import annotations

import numpy as np

from photoclust.dedupe.audited import AuditedFaces
from photoclust.dedupe.judgement import Judgement
from photoclust.dedupe.templates import Evidence, WeightedTemplates, evidence_of
from photoclust.types import Doubles, Floats, Rows

FALSE_RATE = 0.01  # chance accepted that a bystander is taken for the person of the label


def meant_instead(
    faces: AuditedFaces, judgement: Judgement, embeddings: Floats, strays: Rows, evidence: Evidence
) -> Rows:
    """Find the bystanders that the label of their photo means.

    Of c strangers one exceeds the evidence x with probability c e^−x at most (Markov's inequality).

    Parameters
    ----------
    faces, judgement
        The main faces and what is thought of them.
    embeddings
        float32, shape (m, d): other faces of photos whose main face is not the person of the label.
    strays
        int64, shape (m,): row of that main face.
    evidence
        Weighs two groups.

    Returns
    -------
    int64, shape (k,): positions among the m, one at most for each photo.
    """
    ones = np.arange(len(embeddings))
    owner_of = np.where(judgement.owner[faces.label] == faces.part, faces.label, -1)
    labels = WeightedTemplates.of(faces.embeddings, faces.weight, owner_of, len(judgement.owner))
    alone = WeightedTemplates.of(embeddings, np.ones(len(ones)), ones, len(ones))
    value: Doubles = evidence_of(alone, labels.take(faces.label[strays]), evidence)
    order = np.lexsort((-value, strays))
    best = order[np.flatnonzero(np.diff(strays[order], prepend=-1))]
    compared = np.bincount(strays, minlength=len(faces.label))[strays[best]]
    return best[value[best] > np.log(compared / FALSE_RATE)]
