"""What is found in a labelled data set, for people to look at and for programs to act on.

::

    OUTPUT/
      index.html     faces side by side, with what speaks for each finding
      actions.csv    a row for each photo that a finding touches (`actions`)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from photoclust.records import local_path

SAME_PERSON, WRONG_LABEL, MIXED_LABEL = "same_person", "wrong_label", "mixed_label"
PHOTO_IN_SPLITS, SAME_PHOTO, PERSON_IN_SPLITS = "photo_in_splits", "same_photo", "person_in_splits"
NO_FACE = "no_face"

KINDS = {
    SAME_PERSON: ("One person, several labels", "These labels hold the same person."),
    WRONG_LABEL: ("Wrong label", "These faces are not the person of their label."),
    MIXED_LABEL: ("Mixed labels", "These labels hold two people."),
    PHOTO_IN_SPLITS: ("One photo, several splits", "The same picture is in more than one split."),
    SAME_PHOTO: ("The same photo again", "The same picture is there more than once."),
    PERSON_IN_SPLITS: ("One person, several splits", "These people are in more than one split."),
    NO_FACE: ("No face to judge by", "Of these photos it cannot be told whether their label is right."),
}
"""Heading and explanation of each kind of finding, in the order of the report."""

MERGE, MOVE, SPLIT, SET_ASIDE, DROP, REVIEW = "merge", "move", "split", "set_aside", "drop", "review"
"""What may be proposed: `merge` and `move` put a photo under another label, `split` under a new one,
`set_aside` and `drop` leave it out, `review` leaves it to a person."""

FIRM = frozenset({MERGE, MOVE, SPLIT, SET_ASIDE, DROP})
"""Actions that are done without a further word."""


@dataclass(frozen=True)
class Action:
    """What is proposed for one photo under one label; `proposed` is the label, ``""`` for none."""

    uri: str
    label: str
    split: str
    action: str
    proposed: str


@dataclass(frozen=True)
class Side:
    """Some faces that a finding sets against others.

    Attributes
    ----------
    title, note
        What they have in common, and what is said of them.
    uris
        Their photos.
    faces
        Row of each face in the table of thumbnails; −1 where there is none to show.
    """

    title: str
    note: str
    uris: tuple[str, ...]
    faces: tuple[int, ...]


@dataclass(frozen=True)
class Finding:
    """Something found in a data set.

    Attributes
    ----------
    kind
        One of `KINDS`.
    title, reason
        What is found, and what speaks for it, in words.
    confidence
        Probability that it is so, in [0, 1].
    labels
        The labels it is about.
    sides
        What to look at.
    actions
        What is proposed, for each photo touched.
    """

    kind: str
    title: str
    reason: str
    confidence: float
    labels: tuple[str, ...]
    sides: tuple[Side, ...]
    actions: tuple[Action, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "kind": self.kind,
            "title": self.title,
            "reason": self.reason,
            "confidence": round(self.confidence, 4),
            "labels": list(self.labels),
            "actions": [
                {
                    "photo": shown_path(one.uri),
                    "label": one.label,
                    "split": one.split,
                    "action": one.action,
                    "proposed_label": one.proposed,
                }
                for one in self.actions
            ],
        }


def shown_path(uri: str) -> str:
    """Path or URI as text that can be written; a name that is not UTF-8 stays a URI."""
    path = local_path(uri)
    return path if path.isprintable() or uri == path else uri
