"""How many photos that are made of photos are known as such, and how many that are not are taken for one.

    python benchmarks/collages.py INDEX [CROWDS]

INDEX holds labelled folders. Collages are put together from faces of people who have eight photos and more;
against them stand lookalikes, different people who are one another's nearest, and the photos of CROWDS, an
index of photos of many people, whole and in draws of some of their faces.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.same_photo import made_of_photos
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.extending import comparable
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import labelled_faces

DRAWS = 500
COLLAGES = ((1, 2), (1, 3), (1, 4), (1, 6), (2, 3), (3, 2), (4, 2), (4, 6), (5, 3), (10, 5), (20, 2))
LOOKALIKES = (3, 4, 5, 8, 12, 20)


def known_as_made(embeddings: np.ndarray) -> bool:
    """Whether one photo with these faces, all clear and none over another, is taken for a collage."""
    n = len(embeddings)
    left = 20 * np.arange(n, dtype=np.float32)
    boxes = np.column_stack([left, 0 * left, left + 10, 0 * left + 10])
    faces = VerifyInput(embeddings, np.ones(n, np.float32), np.zeros(n, np.int64), boxes)
    return bool(len(made_of_photos(faces, neighbours(embeddings, ClusterConfig.k))))


def share(draw: Callable[..., np.ndarray], *arguments: object) -> str:
    return f"{np.mean([known_as_made(draw(*arguments)) for _ in range(DRAWS)]):6.1%}"


def clear_faces(index: str) -> tuple[VerifyInput, np.ndarray]:
    """The faces of an index and which of them are clear."""
    store = IndexStore.open(index)
    table = store.faces(["box", "quality", "embedding"])
    faces = verify_input(
        table, comparable(face_embeddings(table), table, calibration_of(store.settings.embed.model))
    )
    return faces, faces.quality >= ClusterConfig.min_quality


def of_people(index: str) -> None:
    faces, clear = clear_faces(index)
    labelled, rng = labelled_faces(index, "folders"), np.random.default_rng(0)
    rows = np.asarray(labelled.rows)
    kept = clear[rows]
    embeddings, people = faces.embeddings[rows[kept]], np.asarray(labelled.people)[kept]
    own = [np.flatnonzero(people == person) for person in np.unique(people)]
    many = [of_one for of_one in own if len(of_one) >= 8]

    def collage(persons: int, each: int) -> np.ndarray:
        chosen = rng.choice(len(many), persons, replace=False)
        return embeddings[np.concatenate([rng.choice(many[i], each, replace=False) for i in chosen])]

    firsts = embeddings[[of_one[0] for of_one in own]]

    def lookalikes(number: int) -> np.ndarray:
        return firsts[np.argsort(-(firsts @ firsts[rng.integers(len(firsts))]))[:number]]

    for persons, each in COLLAGES:
        print(f"collages of {persons:2} people, {each} photos each: {share(collage, persons, each)}")
    for number in LOOKALIKES:
        print(f"{number:2} lookalikes: {share(lookalikes, number)}")


def of_crowds(index: str) -> None:
    faces, clear = clear_faces(index)
    rng = np.random.default_rng(0)
    made = made_of_photos(faces, neighbours(faces.embeddings, ClusterConfig.k))
    print(f"crowds: {len(made)} of {len(np.unique(faces.photos))} photos")

    def drawn(own: np.ndarray, number: int) -> np.ndarray:
        return faces.embeddings[rng.choice(own, number, replace=False)]

    groups = [np.flatnonzero(clear & (faces.photos == photo)) for photo in np.unique(faces.photos)]
    for number in LOOKALIKES:
        shares = [share(drawn, own, number) for own in groups if len(own) > max(number, 20)]
        print(f"draws of {number:2} faces, photo by photo: {' '.join(shares)}")


if __name__ == "__main__":
    of_people(sys.argv[1])
    if len(sys.argv) > 2:
        of_crowds(sys.argv[2])
