"""What is taken over from the grouping in force where later decisions change nothing that groups follow from.

So it is with a cover, with another name for somebody who has one, or with somebody ignored whose faces the
user had put together before. Groups and what is known of them are the same then, and only what people are
called is not.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import numpy as np

from photoclust.index.store import Clustering
from photoclust.people.clustering.density import numbered
from photoclust.people.clustering.division import Labels
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.clustering.verify import Groups
from photoclust.workflows.snapshot import Snapshot
from photoclust.workflows.snapshot.kept import key_of_parts

_OF_PEOPLE = (
    "confidence",
    "cohesion",
    "weakest_face_id",
    "weakest_confidence",
    "nearest_person_id",
    "nearest_evidence",
    "nearest_chance_same",
)
_OF_FACES = ("likeliest_person_id", "likeliest_chance")


def key_of_groups(faces: Snapshot) -> str:
    """Sum up what groups follow from: rows, settings, calibration, and what must be together and apart."""
    constraints = faces.resolution.constraints
    apart = constraints.exclusions
    digest = blake2b(key_of_parts(faces.store, faces.config, faces.calibration).encode(), digest_size=16)
    for array in (
        constraints.start,
        constraints.part_of,
        constraints.members,
        constraints.certain,
        apart.holders,
        apart.held,
        apart.barrers,
        apart.barred,
        *([] if constraints.known is None else [constraints.known]),
    ):
        digest.update(repr(array.shape).encode() + array.tobytes())
    return digest.hexdigest()


def groups_of(clustering: Clustering) -> tuple[Labels, Groups]:
    """Density clusters and groups of a clustering, as they were found."""
    rows = clustering.assignments
    people = rows["person_id"].combine_chunks().dictionary_encode()
    person, number = people.dictionary.to_pylist(), people.indices.to_numpy().astype(np.int64)
    number = np.where(number == (person.index("") if "" in person else NOBODY), NOBODY, number)
    status, confidence = np.array(rows["status"].to_pylist()), rows["confidence"].to_numpy()
    return rows["label"].to_numpy(), Groups(numbered(number).astype(np.int32), confidence, status)


def with_known(clustering: Clustering, before: Clustering) -> Clustering | None:
    """Add what is known of the people of `before`; None where these are others."""
    if not clustering.assignments["person_id"].equals(before.assignments["person_id"]):
        return None
    people, assignments = clustering.people, clustering.assignments
    for name in _OF_PEOPLE:
        people = people.set_column(people.column_names.index(name), name, before.people[name])
    for name in _OF_FACES:
        assignments = assignments.set_column(
            assignments.column_names.index(name), name, before.assignments[name]
        )
    return replace(clustering, people=people, assignments=assignments)
