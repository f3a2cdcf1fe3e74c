"""Why two faces or people of an index are, or are not, one person: everything that bears on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.clustering.agglomerate import evidence_between
from photoclust.people.clustering.density import density_tree
from photoclust.people.clustering.joining import people_like, required_evidence
from photoclust.people.clustering.membership import NOBODY, Templates
from photoclust.people.graph.neighbours import cosine_distances
from photoclust.people.identity.explain import meeting_distance, minimax_way
from photoclust.people.identity.facts import chance_same, partition_of
from photoclust.report.names import visible
from photoclust.workflows.people.people_index import PeopleIndex
from photoclust.workflows.snapshot import Snapshot
from photoclust.workflows.snapshot.sides import side, surest_faces, uris_of


def explain(store: IndexStore, one: str, other: str) -> dict[str, Any]:
    """Say why two faces or people are, or are not, one person.

    Parameters
    ----------
    store
        The index.
    one, other
        A face's id, or a person's id or name, for whom the cover stands; see `PeopleIndex.either`.

    Returns
    -------
    dict
        ``faces`` and ``people`` (ids; empty for nobody), ``same_person``, ``cosine_distance``, ``evidence``
        of the two faces alone with its ``false_match_rate``, ``same_photo``, ``kept_apart`` (by a photo or a
        decision), ``way`` (faces and cosine distances along the strongest edges) and its ``weakest_step``,
        ``meeting_distance`` in the density tree, ``group_evidence`` between their people against
        ``required_evidence``, the ``chance`` that the two people are one (None where they are, or something
        keeps them apart), the ``decisions`` that speak of both, and the ``sides`` of the two faces and of the
        ``weakest`` step (see `photoclust.workflows.snapshot.sides.side`).
    """
    people_index = PeopleIndex(store)
    ends = [_face(people_index, text) for text in (one, other)]
    faces = Snapshot.load(store, people_index.config)
    ids, graph, scorer = faces.face_ids, faces.graph, faces.scorer
    a, b = (ids.index(face) for face in ends)
    people = [people_index.person_of.get(face, "") for face in ends]
    number = {person: row for row, person in enumerate(people_index.people)}
    group = np.array([number.get(people_index.person_of.get(face, ""), NOBODY) for face in ids], np.int64)
    between = _groups(faces.score_normalised, group, (a, b))
    kept_apart = faces.exclusions.clash(between.group, between.group[[a]], between.group, between.group[[b]])
    evidence = _pair(faces.score_normalised, (a, b), scorer)
    way = minimax_way(graph, a, b)
    photos = faces.table["photo_id"].to_pylist()
    apart = bool(kept_apart[0]) and people[0] != people[1]
    one_person = people[0] != "" and people[0] == people[1]
    evidence_between_people = _group_evidence(between, a, b, scorer)
    weakest = [] if way is None else [ids[row] for row in way.rows[way.weakest : way.weakest + 2]]
    return {
        "faces": ends,
        "people": people,
        "same_person": one_person,
        "cosine_distance": float(cosine_distances(faces.embeddings[a], faces.embeddings[b])),
        "evidence": evidence,
        "false_match_rate": scorer.false_match_rate(evidence),
        "same_photo": photos[a] == photos[b],
        "kept_apart": apart,
        "way": None if way is None else {"faces": [ids[row] for row in way.rows], "steps": way.distances},
        "weakest_step": None if way is None else way.weakest,
        "meeting_distance": meeting_distance(density_tree(graph, people_index.config), a, b),
        "group_evidence": evidence_between_people,
        "required_evidence": _required_evidence(between, a, b, scorer, people_index.config.false_join_rate),
        "chance": None if apart or one_person else _chance(between, a, b, evidence_between_people),
        "decisions": _decisions(people_index, ends, people),
        **_pictured(people_index, store, ends, weakest),
    }


def _face(people_index: PeopleIndex, text: str) -> str:
    """The face that is meant, or that stands for the person who is."""
    ref = people_index.either(text)
    return ref.face or people_index.people[ref.person]["cover_face_id"]


def _groups(
    embeddings: npt.NDArray[np.float32], group: npt.NDArray[np.int64], ends: tuple[int, int]
) -> Templates:
    """Templates of all people; an end that is nobody is a group of its own."""
    group = group.copy()
    for row in ends:
        if group[row] == NOBODY:
            group[row] = group.max() + 1
    return Templates.of(embeddings, group, np.full(len(group), NOBODY))


def _pair(embeddings: npt.NDArray[np.float32], ends: tuple[int, int], calibration: Calibration) -> float:
    """Evidence of two faces alone."""
    pair = Templates.of(embeddings[list(ends)], np.arange(2), np.full(2, NOBODY))
    return _between(pair, 0, 1, calibration)


def _between(templates: Templates, left: int, right: int, calibration: Calibration) -> float:
    rows = np.array([left]), np.array([right])
    return float(evidence_between(partition_of(templates), *rows, calibration)[0])


def _group_evidence(templates: Templates, a: int, b: int, calibration: Calibration) -> float:
    """Evidence between the people of two faces; of one person, for the first face with the others."""
    left, right = (int(templates.group[row]) for row in (a, b))
    if left != right:
        return _between(templates, left, right, calibration)
    return float(templates.evidence(np.array([a]), np.array([left]), calibration)[0])


def _chance(templates: Templates, a: int, b: int, evidence: float) -> float:
    """Chance that the people of two faces are one, as `suggest` has it."""
    larger = templates.count[templates.group[[a, b]]].max()
    people = np.array([people_like(len(templates.group), larger)], np.float64)
    return float(chance_same(np.array([evidence]), people)[0])


def _pictured(
    people_index: PeopleIndex, store: IndexStore, ends: list[str], weakest: list[str]
) -> dict[str, Any]:
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
    return {
        "sides": [side(*each, uris) for each in zip(called, people, faces, strict=True)],
        "weakest": [side(f"Face {face[:8]}", "", [face], uris) for face in weakest],
    }


def _required_evidence(
    templates: Templates, a: int, b: int, calibration: Calibration, false_join_rate: float
) -> float:
    """Evidence that would join the people of two faces."""
    larger = templates.count[templates.group[[a, b]]].max()
    people = people_like(len(templates.group), larger)
    return float(required_evidence(people, calibration, false_join_rate))


def _decisions(people_index: PeopleIndex, ends: list[str], people: list[str]) -> list[dict[str, Any]]:
    """Decisions that speak of the two faces or, if they are somebody, of both people."""
    own = [
        people_index.faces_of(person) if person else {face} for face, person in zip(ends, people, strict=True)
    ]
    return [
        {"line": said.line, "kind": said.kind, "value": said.value}
        for said in people_index.decisions.lines
        if all(faces.intersection((*said.faces, *said.others)) for faces in own)
    ]
