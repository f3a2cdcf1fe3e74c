"""What the methods of `photoclust.Index` give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
    faces: tuple[str, ...]

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
    """

    said: tuple[str, ...]
    moved: int
    people: int
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A question about people whose answer puts faces right.

    Attributes
    ----------
    kind
        ``merge`` (are the two people one?), ``join`` (is the face theirs?) or ``doubt`` (are the faces
        somebody else's?).
    people
        Ids of the people in question.
    called
        What they are called.
    faces
        Ids of the faces in question; none for ``merge``.
    chance
        Probability, in [0, 1], that the answer is yes.
    affected
        Faces that a yes moves.
    gain
        Faces that the answer is expected to put right: chance × affected.
    evidence
        Log-likelihood ratio of one person against two; None for ``doubt``.
    """

    kind: str
    people: tuple[str, ...]
    called: tuple[str, ...]
    faces: tuple[str, ...]
    chance: float
    affected: int
    gain: float
    evidence: float | None


@dataclass(frozen=True)
class Explanation:
    """Why two faces, or two people, are or are not one person.

    Attributes
    ----------
    faces
        Ids of the two faces; for a person their cover stands.
    people
        Ids of their people; ``""`` for nobody.
    same_person
        Whether they are one person as it stands.
    cosine_distance
        Between the two faces, in [0, 2].
    evidence
        Log-likelihood ratio of the two faces alone, one person against two.
    false_match_rate
        Share of the pairs of strangers with so much evidence, in [0, 1].
    same_photo
        Whether both are in one photo.
    kept_apart
        Whether a photo or a decision keeps them apart.
    group_evidence
        Log-likelihood ratio between their people.
    required_evidence
        What would join them.
    chance
        Probability that the two people are one; None where they are, or something keeps them apart.
    way
        Ids of the faces along the strongest way from one to the other in the neighbour graph; none where
        there is no way.
    steps
        Cosine distances of its steps.
    meeting_distance
        Euclidean distance at which a density cluster first holds both; None where none does.
    """

    faces: tuple[str, ...]
    people: tuple[str, ...]
    same_person: bool
    cosine_distance: float
    evidence: float
    false_match_rate: float
    same_photo: bool
    kept_apart: bool
    group_evidence: float
    required_evidence: float
    chance: float | None
    way: tuple[str, ...]
    steps: tuple[float, ...]
    meeting_distance: float | None


@dataclass(frozen=True)
class Receipt:
    """What was erased.

    Attributes
    ----------
    faces, photos
        How many.
    files_rewritten, files_removed
        Files of the index.
    kept_out
        Whether the photos stay out if they are indexed again.
    file
        The receipt that stays, relative to the index: the time, the counts and keyed hashes.
    not_erased
        What an erasure cannot reach, a sentence each.
    """

    faces: int
    photos: int
    files_rewritten: int
    files_removed: int
    kept_out: bool
    file: Path
    not_erased: tuple[str, ...]


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
    photos: tuple[str, ...]
    people: tuple[str, ...]
    groups: tuple[str, ...]
    notes: tuple[str, ...]
