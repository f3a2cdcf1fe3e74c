"""What the methods of `photoclust.Index` give."""

from __future__ import annotations

from dataclasses import dataclass, field

from photoclust.evaluate.confidence import ConfidenceCheck
from photoclust.evaluate.evaluation import Evaluation


@dataclass(frozen=True)
class Person:
    """A person of an index.

    Attributes
    ----------
    id
        Lasts from one grouping to the next.
    name
        ``""`` where nobody has named them.
    number
        "Person 7" on the review page; 0 in an index of an earlier version.
    size
        How many faces.
    photos
        In how many photos.
    confidence
        Share of the faces expected to be right, in [0, 1]; None where it is not known.
    cover
        Id of the face that stands for them.
    ignored
        The user does not want to see them.
    faces
        Ids of their faces, the most confident first.
    """

    id: str
    name: str
    number: int
    size: int
    photos: int
    confidence: float | None
    cover: str
    ignored: bool
    faces: tuple[str, ...] = field(repr=False)

    @property
    def called(self) -> str:
        """The name, or what the review page calls them, or the id."""
        return self.name or (f"Person {self.number}" if self.number else self.id)


@dataclass(frozen=True)
class Correction:
    """What a correction came to.

    Attributes
    ----------
    said
        The correction in words, one text for each.
    moved
        Faces that changed their person.
    people
        How many people there are now.
    problems
        Corrections that could not be applied, a sentence each.
    applied
        False where it was only written down; see `Corrections.later`.
    """

    said: tuple[str, ...]
    moved: int
    people: int
    problems: tuple[str, ...]
    applied: bool


@dataclass(frozen=True)
class LabelScores:
    """How well a grouping agrees with labels.

    Attributes
    ----------
    scores
        ``pairwise`` and ``bcubed`` (each with ``f``, ``precision`` and ``recall``), ``nmi``, counts, and the
        ``worst`` people and groups; rows there are places in the lists below.
    confidence
        Whether confidence is honest: what was said of faces and people, and how many were right.
    photos, people, groups
        Photo of each labelled face, its person according to the label, and the id of the person it is in;
        ``""`` for nobody.
    notes
        What was left out and why, a sentence each.
    """

    scores: Evaluation
    confidence: ConfidenceCheck
    photos: tuple[str, ...] = field(repr=False)
    people: tuple[str, ...] = field(repr=False)
    groups: tuple[str, ...] = field(repr=False)
    notes: tuple[str, ...]
