"""One thing that is said on a page, and the decisions that it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from photoclust.errors import UsageError
from photoclust.people.decisions.line import Decision
from photoclust.workflows.people import correct
from photoclust.workflows.people.people_index import PeopleIndex, Ref
from photoclust.workflows.people.which_faces import DrawnOn, draw, not_a_face

Kind = Literal[
    "name", "merge", "split", "reject", "same", "different", "ignore", "cover", "not_a_face", "draw"
]


@dataclass(frozen=True)
class Said:
    """What is said about people; as the commands of ``photoclust people``.

    Attributes
    ----------
    kind
        ``name`` (several people are joined first), ``merge`` (the first keeps their name), ``split`` (faces
        out of a person, as somebody new), ``reject`` (faces are not this person), ``same`` (faces are this
        person, or each other), ``different``, ``ignore``, ``cover``, ``not_a_face`` or ``draw`` (a face that
        was not found, of one of `people` or with a `name`).
    people, faces
        Ids of whom and what it is about.
    name
        Of ``name``; ``""`` takes a name away.
    another
        Of ``name``: it is somebody else of the same name.
    undo
        Of ``ignore`` and ``not_a_face``: no longer.
    photo, box
        Of ``draw``: the ``photo_id``, and x0, y0, x1, y1 in pixels of the upright photo.
    """

    kind: Kind
    people: tuple[str, ...] = ()
    faces: tuple[str, ...] = ()
    name: str = ""
    another: bool = False
    undo: bool = False
    revision: str = field(default="", metadata={"doc": "what the page showed"})
    join_named: bool = False
    photo: str = ""
    box: tuple[float, float, float, float] | None = None

    def decisions(self, index: PeopleIndex, where: DrawnOn | None = None) -> list[Decision]:
        """What is to be written down; `where` is the photo in which a face is drawn.

        Raises
        ------
        UsageError
            It cannot be said so.
        """
        people = [index.person(one) for one in self.people]
        faces = [index.face(one) for one in self.faces]
        self._require(people, faces)
        match self.kind:
            case "name":
                joined = correct.merge(index, people) if len(set(people)) > 1 else []
                return [*_unnamed(joined), *correct.name(index, people[0], self.name, self.another)]
            case "merge":
                return correct.merge(index, people)
            case "split":
                return correct.split(index, people[0], faces)
            case "reject":
                return correct.reject(index, people[0], faces)
            case "same":
                return correct.same(index, _refs(people, faces))
            case "different":
                return correct.different(index, *_two(_refs(people, faces)))
            case "ignore":
                return correct.ignore(index, people, self.undo)
            case "cover":
                return correct.cover(index, people[0], faces[0])
            case _:
                return self._which_faces(index, people, faces, where)

    def _which_faces(
        self, index: PeopleIndex, people: list[str], faces: list[str], where: DrawnOn | None
    ) -> list[Decision]:
        if self.kind == "not_a_face":
            return not_a_face(index, faces, self.undo)
        if where is None or self.box is None:
            raise UsageError("Say in which photo the face is, and where in it.")
        return draw(index, where, self.box, people[0] if people else self.name)

    def _require(self, people: list[str], faces: list[str]) -> None:
        if self.kind in ("name", "merge", "split", "reject", "ignore", "cover") and not people:
            raise UsageError("Say which person is meant.")
        if self.kind in ("split", "reject", "cover", "not_a_face") and not faces:
            raise UsageError("Say which faces are meant.")


def _refs(people: list[str], faces: list[str]) -> list[Ref]:
    return [Ref(one, "") for one in people] + [Ref("", one) for one in faces]


def _two(refs: list[Ref]) -> tuple[Ref, Ref]:
    if len(refs) != 2:
        raise UsageError("Name two people, two faces, or a face and a person who are different.")
    return refs[0], refs[1]


def _unnamed(lines: list[Decision]) -> list[Decision]:
    """Decisions without the name that a merge keeps, where another name is given at once."""
    return [line for line in lines if line.kind != "name"]
