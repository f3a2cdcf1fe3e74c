"""Labelled faces to learn from, and how they are divided: by person, so that nobody is on two sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.errors import UsageError
from photoclust.types import Floats, Rows

TRAINING, VALIDATION, TEST = 0, 1, 2
SIDES = ("training", "validation", "test")


@dataclass(frozen=True)
class LabelledFaces:
    """Faces whose person is known.

    Attributes
    ----------
    face_ids, photos
        Id and photo of each.
    person
        int64, shape (n,): whose face each is, a place among `names`.
    names
        What the people are called.
    embeddings
        float32, shape (n, d): unit rows.
    """

    face_ids: list[str]
    photos: list[str]
    person: Rows
    names: list[str]
    embeddings: Floats

    def __len__(self) -> int:
        return len(self.face_ids)

    def take(self, rows: Rows) -> LabelledFaces:
        """Some of the faces; people keep their places."""
        chosen: list[int] = rows.tolist()
        return LabelledFaces(
            [self.face_ids[row] for row in chosen],
            [self.photos[row] for row in chosen],
            self.person[rows],
            self.names,
            self.embeddings[rows],
        )

    def renumbered(self) -> LabelledFaces:
        """The same with people of whom no face is left taken out of `names`."""
        known, person = np.unique(self.person, return_inverse=True)
        names = [self.names[one] for one in known.tolist()]
        return LabelledFaces(self.face_ids, self.photos, person.astype(np.int64), names, self.embeddings)


def split_people(photos: Rows, shares: tuple[float, float], seed: int) -> Rows:
    """Divide people into training, validation and test, each with people of few and of many photos alike.

    People are put in the order of how many photos they have, those of equally many by chance, and each goes
    to the side that is furthest behind its share so far; where it begins is chance as well.

    Parameters
    ----------
    photos
        int64, shape (people,): photos of each.
    shares
        Of validation and of test, in (0, 1).
    seed
        The same seed gives the same sides.

    Returns
    -------
    int64, shape (people,): `TRAINING`, `VALIDATION` or `TEST`.

    Raises
    ------
    UsageError
        A side would have fewer than two people with two photos, without whom nothing can be learned or
        measured.
    """
    repeated = int((photos > 1).sum())
    if len(photos) < 2:
        raise UsageError("All labels name one person; learning needs pairs of two people as well.")
    if not repeated:
        raise UsageError("Nobody is in two photos; learning needs pairs of photos of one person.")
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(photos)), -photos))
    share = np.array([1 - sum(shares), *shares])
    behind = rng.random(3)
    side = np.empty(len(photos), np.int64)
    for person in order:
        behind += share
        side[person] = behind.argmax()
        behind[side[person]] -= 1
    there = np.bincount(side[photos > 1], minlength=3)
    if there.min() < 2:
        raise UsageError(
            f"Only {repeated} people are in two photos or more, too few to be divided: training, validation "
            f"and test need two of them each, and got {there[0]}, {there[1]} and {there[2]}. Label more "
            "people."
        )
    return side


@dataclass(frozen=True)
class Doubt:
    """A face that is more like another person than like the others of its label.

    Attributes
    ----------
    row
        The face.
    rival
        The other person.
    own_similarity, rival_similarity
        Cosine of the face and the template of its label's other faces, and of the rival's.
    """

    row: int
    rival: int
    own_similarity: float
    rival_similarity: float


_DOUBT = 0.2
"""By how much another person must be more similar; of LFW's development people one photo in 1,000 is."""


def doubtful_labels(faces: LabelledFaces) -> list[Doubt]:
    """Faces whose label disagrees with them, the clearest first; of people with two faces and more.

    A photo is held against the template of the others of its label, and against the templates of everybody
    else with two faces or more.
    """
    mean = faces.embeddings.mean(axis=0)
    rows = _unit(faces.embeddings - mean)
    people = len(faces.names)
    sums = np.zeros((people, rows.shape[1]), np.float32)
    np.add.at(sums, faces.person, rows)
    count = np.bincount(faces.person, minlength=people)
    known = np.flatnonzero(count > 1)
    there = np.flatnonzero(count[faces.person] > 1)
    if len(known) < 2:
        return []
    own = np.einsum("ij,ij->i", rows[there], _unit(sums[faces.person[there]] - rows[there]))
    likeness = rows[there] @ _unit(sums[known]).T
    likeness[np.arange(len(there)), np.searchsorted(known, faces.person[there])] = -1
    best = likeness.argmax(axis=1)
    rival = likeness[np.arange(len(there)), best]
    found = np.flatnonzero(rival - own > _DOUBT)
    found = found[np.argsort(-(rival - own)[found], kind="stable")]
    return [Doubt(int(there[i]), int(known[best[i]]), float(own[i]), float(rival[i])) for i in found]


def _unit(rows: Floats) -> Floats:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
