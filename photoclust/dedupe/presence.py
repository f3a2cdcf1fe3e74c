"""In photos of several people a label may mean one who is not in front: whoever is in most of its photos.

Of the people seen under a label X is the one who makes its photos likeliest. A photo of several people shows
X in front with the probability (1 − w)(1 − b), behind others with (1 − w) b, and not at all with w; w and b
are ``AuditConfig.wrong_faces`` and ``bystanders``. Only where X is another than who is mostly in front are
other faces looked at; the rest is settled face by face (`meant_instead`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.config import AuditConfig
from photoclust.dedupe.bystanders import FALSE_RATE
from photoclust.dedupe.templates import Evidence, WeightedTemplates, evidence_of
from photoclust.types import Doubles, Floats, Rows


@dataclass(frozen=True)
class SeenFaces:
    """All good faces in the photos of some labels.

    Attributes
    ----------
    embeddings
        float32, shape (n, d), unit rows, centred.
    photo
        int64, shape (n,): the labelled photo that each is in.
    label
        int64, shape (n,): label of that photo.
    front
        bool, shape (n,): whether it is the main face of the photo; there is one in each.
    person
        int64, shape (n,): from 0 without gaps; no two faces of one photo are one person.
    """

    embeddings: Floats
    photo: Rows
    label: Rows
    front: npt.NDArray[np.bool_]
    person: Rows


def meant_among_others(faces: SeenFaces, evidence: Evidence, config: AuditConfig) -> Rows:
    """Find the faces of those whom a label means although others are in front of them.

    Returns
    -------
    int64, shape (k,): rows of faces that are not in front, one at most for each photo.
    """
    if not len(faces.photo):
        return np.zeros(0, np.int64)
    chosen, ahead = _most_shown(faces, config)
    wanted = np.flatnonzero(np.isin(faces.person, chosen[chosen != ahead]) & ~faces.front)
    return wanted[_like_the_rest(faces, wanted, evidence)]


def _most_shown(faces: SeenFaces, config: AuditConfig) -> tuple[Rows, Rows]:
    """Whom each label means, and who is in front most often, as persons."""
    people = int(faces.person.max()) + 1
    label = np.zeros(people, np.int64)
    label[faces.person] = faces.label
    in_front = np.bincount(faces.person[faces.front], minlength=people)
    behind = np.bincount(faces.person[~faces.front], minlength=people)
    photos = np.bincount(faces.label[faces.front])[label]
    crowded = faces.front & (np.bincount(faces.photo)[faces.photo] > 1)
    score: Doubles = (in_front + behind) * np.log(1 - config.wrong_faces)
    score += (photos - in_front - behind) * np.log(config.wrong_faces)
    score += np.bincount(faces.person[crowded], minlength=people) * np.log(1 - config.bystanders)
    score += behind * np.log(config.bystanders)
    return _first(label, -score, -in_front), _first(label, -in_front, -score)


def _first(label: Rows, *by: Doubles | Rows) -> Rows:
    """First person of each label by some keys."""
    order = np.lexsort((*reversed(by), label))
    return order[np.flatnonzero(np.diff(label[order], prepend=-1))]


def _like_the_rest(faces: SeenFaces, rows: Rows, evidence: Evidence) -> npt.NDArray[np.bool_]:
    """Whether faces are too like the other faces of their person to be one stranger of many."""
    people = int(faces.person.max()) + 1
    whole = WeightedTemplates.of(faces.embeddings, np.ones(len(faces.photo)), faces.person, people)
    own = WeightedTemplates.of(faces.embeddings[rows], np.ones(len(rows)), np.arange(len(rows)), len(rows))
    of_person = whole.take(faces.person[rows])
    rest = WeightedTemplates(of_person.sums - own.sums, of_person.count - 1)
    others = np.bincount(faces.photo)[faces.photo[rows]] - 1
    return evidence_of(own, rest, evidence) > np.log(others / FALSE_RATE)
