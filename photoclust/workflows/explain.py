"""Why two faces or people of an index are, or are not, one person: everything that bears on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.spread import SpreadModel
from photoclust.people.clustering.agglomerate import evidence_between
from photoclust.people.clustering.density import density_tree
from photoclust.people.clustering.membership import NOBODY, Templates
from photoclust.people.clustering.required import evidence_for_groups, people_like, required_evidence
from photoclust.people.graph.neighbours import cosine_distances
from photoclust.people.identity.explain import meeting_distance, minimax_way
from photoclust.people.identity.near import Grouped, Near, partition_of
from photoclust.report.names import visible
from photoclust.report.sides import Side
from photoclust.types import Rows
from photoclust.workflows.people.people_index import PeopleIndex
from photoclust.workflows.snapshot import Snapshot
from photoclust.workflows.snapshot.sides import side, surest_faces, uris_of


@dataclass(frozen=True)
class FaceWay:
    """The strongest way from one face to another in the neighbour graph.

    Attributes
    ----------
    faces
        Ids of the faces on it, both ends among them.
    steps
        Cosine distance of each step.
    weakest
        The longest step, counted from 0.
    """

    faces: tuple[str, ...]
    steps: tuple[float, ...]
    weakest: int


@dataclass(frozen=True)
class Said:
    """A decision of the user: its ``line`` in ``decisions.csv``, its ``kind`` and its ``value``."""

    line: int
    kind: str
    value: str


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
    way
        How one is reached from the other; None where there is no way.
    meeting_distance
        Euclidean distance at which a density cluster first holds both; None where none does.
    group_evidence
        Log-likelihood ratio between their people; of one person, for the first face with the others.
    required_evidence
        What would join them, as near as others are to them.
    too_poor
        Whether no evidence joins them: faces of low quality join people with better ones, and nobody else.
    chance
        Probability that the two people are one; None where they are, or something keeps them apart.
    decisions
        Those that speak of both.
    sides
        The two faces, each with others of its person.
    weakest
        The two faces of the weakest step.
    """

    faces: tuple[str, str]
    people: tuple[str, str]
    same_person: bool
    cosine_distance: float
    evidence: float
    false_match_rate: float
    same_photo: bool
    kept_apart: bool
    way: FaceWay | None
    meeting_distance: float | None
    group_evidence: float
    required_evidence: float
    too_poor: bool
    chance: float | None
    decisions: tuple[Said, ...]
    sides: tuple[Side, ...] = field(repr=False)
    weakest: tuple[Side, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, the way and its weakest step side by side."""
        values: dict[str, Any] = {}
        for name, value in asdict(self).items():
            values[name] = value
            if name == "way":
                values["weakest_step"] = value.pop("weakest") if value else None
        return values


def explain(store: IndexStore, one: str, other: str) -> Explanation:
    """Say why two faces or people are, or are not, one person.

    Parameters
    ----------
    store
        The index.
    one, other
        A face's id, or a person's id or name, for whom the cover stands; see `PeopleIndex.either`.

    Raises
    ------
    UsageError
        There is nobody, or more than one, of that id or name.
    """
    people_index = PeopleIndex(store)
    ends = _face(people_index, one), _face(people_index, other)
    people = people_index.person_of.get(ends[0], ""), people_index.person_of.get(ends[1], "")
    faces = Snapshot.load(store, people_index.config)
    ids, calibration, model = faces.face_ids, faces.calibration, faces.calibration.weighed
    a, b = (ids.index(face) for face in ends)
    near, groups = _near(faces, people_index, [a, b])
    clash = faces.exclusions.clash(near.group, groups[:1], near.group, groups[1:])
    apart = bool(clash[0]) and people[0] != people[1]
    one_person = people[0] != "" and people[0] == people[1]
    evidence = _pair(faces.score_normalised, (a, b), model)
    way = minimax_way(faces.graph, a, b)
    weakest = [] if way is None else [ids[row] for row in way.rows[way.weakest : way.weakest + 2]]
    sides, weakest_sides = _pictured(people_index, store, ends, weakest)
    return Explanation(
        faces=ends,
        people=people,
        same_person=one_person,
        cosine_distance=float(cosine_distances(faces.embeddings[a], faces.embeddings[b])),
        evidence=evidence,
        false_match_rate=calibration.false_match_rate(evidence),
        same_photo=faces.table["photo_id"][a] == faces.table["photo_id"][b],
        kept_apart=apart,
        way=None
        if way is None
        else FaceWay(tuple(ids[row] for row in way.rows), tuple(way.distances), way.weakest),
        meeting_distance=meeting_distance(density_tree(faces.graph, people_index.config), a, b),
        group_evidence=_group_evidence(near, a, groups),
        required_evidence=_required_evidence(near, groups, calibration, people_index.config.false_join_rate),
        too_poor=_too_poor(near, groups, ~faces.poor),
        chance=None if apart or one_person else float(near.weigh(groups[:1], groups[1:]).chance[0]),
        decisions=_decisions(people_index, ends, people),
        sides=sides,
        weakest=weakest_sides,
    )


def _numbers(people_index: PeopleIndex, face_ids: list[str]) -> npt.NDArray[np.int64]:
    """Row among the people of the person of each face, or `NOBODY`."""
    number = {person: row for row, person in enumerate(people_index.people)}
    people = (people_index.person_of.get(face, "") for face in face_ids)
    return np.array([number.get(person, NOBODY) for person in people], np.int64)


def _face(people_index: PeopleIndex, text: str) -> str:
    """The face that is meant, or that stands for the person who is."""
    ref = people_index.either(text)
    return ref.face or people_index.people[ref.person]["cover_face_id"]


def _near(faces: Snapshot, people_index: PeopleIndex, ends: list[int]) -> tuple[Near, Rows]:
    """Who is near whom, and the group of each end; poor faces of nobody are left out unless asked about."""
    group, clear = _numbers(people_index, faces.face_ids), ~faces.poor
    clear[ends] = True
    sure = np.ones(len(group), np.float32)
    grouped = Grouped(
        faces.score_normalised, faces.graph, group, sure, clear, faces.exclusions, faces.uncounted
    )
    near = Near.of(grouped, faces.calibration)
    return near, near.group[ends]


def _pair(embeddings: npt.NDArray[np.float32], ends: tuple[int, int], model: SpreadModel) -> float:
    """Evidence of two faces alone."""
    pair = partition_of(Templates.of(embeddings[list(ends)], np.arange(2), np.full(2, NOBODY)))
    return float(evidence_between(pair, np.array([0]), np.array([1]), model)[0])


def _pictured(
    people_index: PeopleIndex, store: IndexStore, ends: tuple[str, str], weakest: list[str]
) -> tuple[tuple[Side, ...], tuple[Side, ...]]:
    """Both faces, each with others of its person, and those of the weakest step, with their photos."""
    people = [people_index.person_of.get(face, "") for face in ends]
    surest = surest_faces(people_index.in_force, set(people) - {""}, ends)
    faces = [
        list(dict.fromkeys([face, *surest.get(one, [])])) for face, one in zip(ends, people, strict=True)
    ]
    uris = uris_of(store, {*faces[0], *faces[1], *weakest})
    called = [
        f"{visible(people_index.called(one))}, face {face[:8]}" if one else f"Face {face[:8]}"
        for face, one in zip(ends, people, strict=True)
    ]
    return (
        tuple(side(*each, uris) for each in zip(called, people, faces, strict=True)),
        tuple(side(f"Face {face[:8]}", "", [face], uris) for face in weakest),
    )


def _group_evidence(near: Near, face: int, groups: Rows) -> float:
    """Evidence between the people of two faces; of one person, for the first face with the others."""
    if groups[0] != groups[1]:
        return float(near.weigh(groups[:1], groups[1:]).evidence[0])
    return near.evidence_of_member(face)


def _required_evidence(near: Near, groups: Rows, calibration: Calibration, false_join_rate: float) -> float:
    """Evidence that would join the people of two faces, as near as others are to them."""
    everyone, (smaller, larger) = len(near.group), groups[np.argsort(near.count[groups], kind="stable")]
    n = near.count[larger]
    if n == 1:
        return float(required_evidence(people_like(everyone, n), calibration, false_join_rate))
    return max(0.0, evidence_for_groups(everyone, false_join_rate) + near.asked(smaller, larger))


def _too_poor(near: Near, groups: Rows, clear: npt.NDArray[np.bool_]) -> bool:
    """Whether no evidence joins two groups: faces of low quality join people with better ones alone."""
    poor = [not clear[near.group == group].any() for group in groups]
    if groups[0] == groups[1] or not any(poor):
        return False
    return all(poor) or bool(groups[poor.index(False)] >= near.people)


def _decisions(people_index: PeopleIndex, ends: tuple[str, str], people: tuple[str, str]) -> tuple[Said, ...]:
    """Decisions that speak of the two faces or, if they are somebody, of both people."""
    own = [
        people_index.faces_of(person) if person else {face} for face, person in zip(ends, people, strict=True)
    ]
    return tuple(
        Said(said.line, said.kind, said.value)
        for said in people_index.decisions.lines
        if all(faces.intersection((*said.faces, *said.others)) for faces in own)
    )
