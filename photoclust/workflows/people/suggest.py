"""What to ask about the people of an index, with the commands that answer."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa

from photoclust.errors import IndexMissingError, UsageError
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.identity.suggest import DOUBT, JOIN, MERGE, PAIR, Suggestion, suggestions
from photoclust.report.names import visible
from photoclust.report.sides import Side
from photoclust.workflows.snapshot import Snapshot
from photoclust.workflows.snapshot.facts import grouped_faces
from photoclust.workflows.snapshot.sides import side, surest_faces, uris_of


@dataclass(frozen=True)
class Question:
    """A question about people whose answer puts faces right.

    Attributes
    ----------
    kind
        ``merge`` (are the two people one?), ``join`` (is the face theirs?), ``pair`` (are two faces that are
        nobody's one person?) or ``doubt`` (are the faces somebody else's?).
    people
        Ids of the people in question; none for ``pair``.
    called
        What they are called.
    faces
        Ids of the faces in question; none for ``merge``.
    chance
        Probability, in [0, 1], that the answer is yes.
    affected
        Faces that a yes moves.
    gain
        Faces that the answer is expected to put right, see `photoclust.people.identity.suggest.put_right`.
    evidence
        Log-likelihood ratio of one person against two; None for ``doubt``.
    yes, no
        The commands that answer.
    sides
        The faces in question, if there are any, and each of the people.
    """

    kind: str
    people: tuple[str, ...]
    called: tuple[str, ...]
    faces: tuple[str, ...]
    chance: float
    affected: int
    gain: float
    evidence: float | None
    yes: str
    no: str
    sides: tuple[Side, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def suggest(store: IndexStore, most: int, min_chance: float = 0) -> list[Question]:
    """The questions most worth asking about the people of an index, greatest gain first.

    Parameters
    ----------
    store
        The index.
    most
        How many at most.
    min_chance
        Least probability, in [0, 1], of a yes.

    Raises
    ------
    IndexMissingError
        There are no people yet, or faces have come since they were grouped.
    UsageError
        `most` is less than 1.
    """
    if most < 1:  # a slice would take a negative number for all but so many
        raise UsageError(f"most must be 1 or more, not {most}.")
    faces, current = _faces_in_force(store)
    found = suggestions(grouped_faces(faces, current), faces.calibration, most, min_chance)
    folder = shlex.quote(store.called)
    described = [_described(one, current.people, faces.face_ids, folder) for one in found]
    return _with_sides(described, store, current)


def _with_sides(asked: list[Question], store: IndexStore, current: Clustering) -> list[Question]:
    """Questions with the faces of both sides, and their photos."""
    people = {person for one in asked for person in one.people}
    doubtful = {face for one in asked for face in one.faces}
    faces = surest_faces(current, people, doubtful)
    uris = uris_of(store, doubtful.union(*faces.values()))
    return [replace(one, sides=_sides(one, faces, uris)) for one in asked]


def _sides(one: Question, faces: dict[str, list[str]], uris: dict[str, str]) -> tuple[Side, ...]:
    in_question = "The face in question" if len(one.faces) == 1 else "The faces in question"
    people = zip(one.called, one.people, strict=True)
    sides = [side(called, person, faces.get(person, []), uris) for called, person in people]
    return (*([side(in_question, "", one.faces, uris)] if one.faces else []), *sides)


def _faces_in_force(store: IndexStore) -> tuple[Snapshot, Clustering]:
    faces = Snapshot.load(store)
    current = faces.in_force
    if current is None or not current.assignments["face_id"].equals(faces.table["face_id"]):
        raise IndexMissingError(
            f"{store.folder} has faces that are not grouped.",
            python="Group them with Index.group.",
            cli=f"Group them with `photoclust cluster --index {store.folder}`.",
        )
    return faces, current


def _called(row: dict[str, Any]) -> str:
    """Name of a person, or what the review page calls them, or their id."""
    return visible(row["name"]) or (f"Person {row['number']}" if row["number"] else row["person_id"])


def _described(one: Suggestion, table: pa.Table, face_ids: list[str], folder: str) -> Question:
    numbers = [number for number in (one.group, one.other) if number != NOBODY]
    concerned = table.take(pa.array(numbers, pa.int64())).select(["person_id", "name", "number"]).to_pylist()
    people, rows = [row["person_id"] for row in concerned], [face_ids[row] for row in one.rows]
    faces, group = " ".join(rows), " ".join(people)
    if one.kind == MERGE:
        yes, no = f"merge {group}", f"different {group}"
    elif one.kind in (JOIN, PAIR):
        both = " ".join([*rows, *people])
        yes, no = f"same {both}", f"different {both}"
    else:
        yes, no = f"reject {group} {faces}", f"same {faces} {group}"
    return Question(
        kind=one.kind,
        people=tuple(people),
        called=tuple(_called(row) for row in concerned),
        faces=tuple(rows),
        chance=round(one.chance, 4),
        affected=one.faces,
        gain=round(one.gain, 4),
        evidence=None if one.kind == DOUBT else round(one.evidence, 2),
        yes=f"photoclust people {yes} --index {folder}",
        no=f"photoclust people {no} --index {folder}",
    )
