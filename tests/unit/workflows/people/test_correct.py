"""Corrections outlive groupings: other settings, more photos, whatever else has been said since."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa

from photoclust.config import ClusterConfig, IndexSettings
from photoclust.index.store import IndexStore
from photoclust.people.decisions.file import read_decisions
from photoclust.people.decisions.line import Decision
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.people import correct
from photoclust.workflows.people.people_index import PeopleIndex, Ref

PEOPLE = 30
PORTRAITS_A_ROUND = 40
SETTINGS = (
    ClusterConfig(),
    ClusterConfig(false_join_rate=0.5),
    ClusterConfig(false_join_rate=0.001),
    ClusterConfig(min_cluster_size=4),
    ClusterConfig(min_quality=0.7),
    ClusterConfig(k=5),
    ClusterConfig(min_samples=5),
    ClusterConfig(k=15, false_join_rate=0.2),
    ClusterConfig(min_quality=0.0),
    ClusterConfig(),
)


class Sitters:
    """Portraits of people: every second looks much like another, every fifth has two looks."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.centres = rng.normal(size=(2 * PEOPLE, EMBEDDING_SIZE))
        self.centres[1::2] = 0.7 * self.centres[::2] + 0.7 * self.centres[1::2]
        self.shown: dict[str, int] = {}

    def sit(self, store: IndexStore) -> None:
        """Add portraits to the index."""
        photos, faces = [], []
        for _ in range(PORTRAITS_A_ROUND):
            person, name = int(self.rng.integers(PEOPLE)), self.rng.bytes(16).hex()
            self.shown[name] = person
            photos.append(
                {"photo_id": name, "uri": f"/{name}.jpg", "size": len(self.shown), "version": "1"}
                | {"status": "ok", "attempts": 1, "width": 9, "height": 9}
            )
            faces.append(self._face(name, person))
        store.append(pa.Table.from_pylist(photos, PHOTO_SCHEMA), pa.Table.from_pylist(faces, FACE_SCHEMA))

    def _face(self, name: str, person: int) -> dict[str, object]:
        look = person + PEOPLE * int(person % 5 == 0 and self.rng.integers(2))
        vector = self.centres[look] + self.rng.uniform(0.4, 1.3) * self.rng.normal(size=EMBEDDING_SIZE)
        plain = dict.fromkeys(("detection_score", "sharpness", "yaw"), 1.0)
        return plain | {
            "face_id": name,
            "photo_id": name,
            "box": [0.0, 0.0, 9.0, 9.0],
            "landmarks": [0.0] * 10,
            "thumbnail": b"",
            "quality": self.rng.uniform(),
            "embedding": (vector / np.linalg.norm(vector)).astype(np.float16),
        }

    def correction(self, people_index: PeopleIndex) -> list[Decision]:
        """Something true, said of random faces and of people as they are grouped now."""
        faces, people = sorted(self.shown), sorted(people_index.people)
        one, other = (faces[self.rng.integers(len(faces))] for _ in range(2))
        left, right = (people[self.rng.integers(len(people))] for _ in range(2))
        said = self.rng.integers(6)
        if said == 0:
            halves = [pair for pair in combinations(people, 2) if self._is_one(people_index, pair)]
            chosen = halves[self.rng.integers(len(halves))] if halves else None
            return correct.merge(people_index, list(chosen)) if chosen else []
        if said == 1 and one != other:
            return correct.same(people_index, [Ref("", one), Ref("", other)])
        if said == 2 and left != right:
            return correct.different(people_index, Ref(left, ""), Ref(right, ""))
        if said == 3:
            return correct.reject(people_index, left, [one])
        if said == 4:
            person = people_index.person_of.get(one, "")
            odd = (
                [f for f in people_index.faces_of(person) if self.shown[f] == self.shown[one]]
                if person
                else []
            )
            return (
                correct.split(people_index, person, odd)
                if 0 < len(odd) < len(people_index.faces_of(person))
                else []
            )
        return correct.name(people_index, left, f"sitter {self._sitter(people_index, left)}")

    def _is_one(self, people_index: PeopleIndex, people: tuple[str, str]) -> bool:
        return len({self._sitter(people_index, person) for person in people}) == 1

    def _sitter(self, people_index: PeopleIndex, person: str) -> int:
        return self.shown[min(people_index.faces_of(person))]

    def is_true(self, said: Decision) -> bool:
        """Whether a decision says nothing false; a person grouped wrongly may stand for two."""
        left, right = ({self.shown[face] for face in side} for side in (said.faces, said.others))
        together = said.kind in ("same", "merge", "name")
        return len(left | right) == 1 if together else len(left) == len(right) == 1 and left != right


def violated(said: Decision, person: dict[str, str], name: dict[str, str]) -> bool:
    """Whether a grouping says otherwise."""
    left, right = ([person[face] for face in side] for side in (said.faces, said.others))
    if said.kind in ("same", "merge", "name"):
        wrong = len({*left, *right}) > 1 or "" in left
        return wrong or (said.kind == "name" and name[left[0]] != said.value)
    return not set(left).isdisjoint({*right} - {""}) or (said.kind == "split" and len(set(left)) > 1)


def test_two_hundred_corrections_hold_after_ten_groupings(tmp_path: Path) -> None:
    sitters = Sitters(np.random.default_rng(0))
    store = IndexStore.create(tmp_path / "index", IndexSettings(), "sha")
    said: list[str] = []
    for config in SETTINGS:
        sitters.sit(store)
        report = group_faces(store, config)
        assert not report.problems
        said += _hold(store)
        people_index = PeopleIndex(store)
        new: list[Decision] = []
        while len(new) < 20:
            new += [line for line in sitters.correction(people_index) if sitters.is_true(line)]
        correct.write(store, people_index, new)
    for config in SETTINGS:
        sitters.sit(store)
        assert not group_faces(store, config).problems
        said += _hold(store)
    assert len(read_decisions(store.decisions_text()).lines) >= 200
    assert {"same", "merge", "name", "different", "reject", "split"} <= set(said)


def _hold(store: IndexStore) -> list[str]:
    """Look at every decision; gives their kinds."""
    clustering = store.current_clustering()
    assert clustering is not None
    columns = (clustering.assignments[name].to_pylist() for name in ("face_id", "person_id"))
    person = dict(zip(*columns, strict=True))
    name = {row["person_id"]: row["name"] for row in clustering.people.to_pylist()}
    lines = read_decisions(store.decisions_text()).lines
    assert [line for line in lines if violated(line, person, name)] == []
    return [line.kind for line in lines]
