"""A side of a question about people, as pages and commands show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ShownFace:
    """A face, and the photo it is shown from; ``""`` where that is not known."""

    face_id: str
    uri: str


@dataclass(frozen=True)
class Side:
    """A person, or some faces in question.

    Attributes
    ----------
    called
        What it is called.
    person
        Id of the person; ``""`` for faces in question.
    faces
        Faces that stand for it, the first before all others.
    """

    called: str
    person: str
    faces: tuple[ShownFace, ...]
