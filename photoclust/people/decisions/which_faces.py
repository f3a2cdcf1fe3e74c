"""Which faces there are, as far as people said so: faces drawn by hand, and findings that are no faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from photoclust.people.decisions.line import DRAW, NOT_A_FACE, UNDONE, Box, drawn_place

if TYPE_CHECKING:
    from photoclust.people.decisions.file import Decisions


@dataclass(frozen=True)
class DrawnFace:
    """A face that somebody drew.

    Attributes
    ----------
    face_id
        What decisions call it.
    photo_id
        Picture that it is in.
    box
        x0, y0, x1, y1 in pixels of the upright photo.
    line
        Where the file says so.
    """

    face_id: str
    photo_id: str
    box: Box
    line: int = field(default=0, compare=False)

    def not_applied(self, reason: str) -> str:
        """A sentence that says why it is not among the faces."""
        return f"Line {self.line} of the decisions ({DRAW}): {reason}; it was not applied."


@dataclass(frozen=True)
class WhichFaces:
    """What decisions say about which faces there are.

    Attributes
    ----------
    not_faces
        Ids of findings that are no faces.
    drawn
        Faces drawn by hand, by their ids.
    """

    not_faces: frozenset[str] = frozenset()
    drawn: Mapping[str, DrawnFace] = field(default_factory=dict[str, DrawnFace])


def which_faces(decisions: Decisions) -> WhichFaces:
    """Sum up what decisions say; of two about one face the later one holds."""
    no_face: dict[str, bool] = {}
    drawn: dict[str, DrawnFace] = {}
    for line in decisions.lines:
        if line.kind == NOT_A_FACE:
            no_face |= dict.fromkeys(line.faces, line.value != UNDONE)
        elif line.kind == DRAW:
            photo, box = drawn_place(line.value)
            drawn[line.faces[0]] = DrawnFace(line.faces[0], photo, box, line.line)
    return WhichFaces(frozenset(face for face, said in no_face.items() if said), drawn)
